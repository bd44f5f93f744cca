"""Waveform and spectra of one clip for each label."""

from emodist.reporting import _clips
from emodist.reporting._material import Material, Say
from emodist.reporting._page import Page


def add(page: Page, material: Material, say: Say) -> None:
    """Waveform and spectra of one clip per label."""
    page.section("examples", "Examples")
    say("decoding example clips")
    chosen = _clips.chosen(material.census)
    if not chosen:
        page.note("No row says where its sound is, so there is nothing to show.")
        return
    clips = _clips.read(chosen)
    if clips.missing:
        shown = [[title, message] for title, message in clips.missing.items()]
        page.note(
            f"{len(clips.missing)} of {len(chosen)} example clips could not be read: the media "
            "are gone, or not where the table says."
        )
        page.table(["example", "what happened"], shown)
    if not clips.waveforms:
        return
    named = bool(material.census.classes)
    speakers = {clips.examples[title].speaker for title in clips.waveforms} - {None}
    by = f" by speaker {min(map(str, speakers))}" if len(speakers) == 1 else ""
    what = f"One clip for each label{by}" if named else "The first segment of some recordings"
    n_hidden = len(material.census.classes) - len(chosen)
    if named and n_hidden > 0:
        what = f"One clip for each of the {len(chosen)} commonest labels{by}"
    captions = {
        "waveforms": f"{what}: waveforms, one scale for all.",
        "log_mel": f"{what}: log-mel spectrograms, with the settings of the table.",
        "mfcc": f"{what}: MFCCs, each coefficient z-scored over these clips.",
        "chroma": f"{what}: chroma, the power of each pitch class over the strongest one's.",
    }
    made = _clips.figures(clips, material.looks, material.featurized.get("settings", {}))
    for name, figure in made.items():
        page.figure(name, figure, captions[name])
    page.table(
        ["example", "file", "from, s", "to, s"],
        [
            [title, e.uri, round(e.start_s, 2), round(e.end_s, 2)]
            for title, e in clips.examples.items()
            if title in clips.waveforms
        ],
        f"One example shows what a label can sound like, not what it usually sounds like. "
        f"At most {_clips.LONGEST_S:.0f} s of a segment are drawn.",
    )
