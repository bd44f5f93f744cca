"""Example clips, decoded again from where the table says that they are, and their pictures."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from emodist import features, plots, storage
from emodist.audio import decode
from emodist.reporting._rows import Census, Example

# More of a long window says nothing more, and makes the short ones hard to see.
LONGEST_S = 8.0
MOST_CLIPS = 12
SHOWN = ("log_mel", "mfcc", "chroma_stft")


@dataclass(frozen=True)
class Clips:
    """Waveforms by title, and the files that could not be read, with the reason."""

    waveforms: dict[str, np.ndarray]
    examples: dict[str, Example]
    missing: dict[str, str]


def chosen(counts: Census) -> dict[str, Example]:
    """One example for each of the commonest labels, as far as possible of one speaker.

    So panels differ by what is felt, and not by who feels it. Without labels: the first row of a
    few recordings, under the file's name.
    """
    if not counts.classes:
        return {
            f"{example.uri.rpartition('/')[2]} {example.start_s:.1f} s": example
            for (label, _), example in sorted(
                counts.examples.items(), key=lambda item: (item[1].uri, item[1].start_s)
            )
            if label is None
        }
    by_speaker: dict[str | None, set[str]] = defaultdict(set)
    for label, who in counts.examples:
        if label is not None:
            by_speaker[who].add(label)
    if not by_speaker:
        return {}
    order = sorted(by_speaker, key=lambda who: (-len(by_speaker[who]), who or ""))
    totals = {label: sum(of[label] for of in counts.labels.values()) for label in counts.classes}
    common = sorted(counts.classes, key=lambda label: (-totals[label], label))[:MOST_CLIPS]
    taken = {}
    for label in sorted(common):
        who = next((who for who in order if label in by_speaker[who]), None)
        if (label, who) in counts.examples:
            taken[label] = counts.examples[label, who]
    return taken


def read(examples: Mapping[str, Example]) -> Clips:
    """Decode examples; a file that is gone or damaged is named, and the others come."""
    waveforms, missing = {}, {}
    for title, example in examples.items():
        try:
            waveforms[title] = _segment(example)
        # A bucket has errors of its own, and the report is worth having without a picture.
        except Exception as error:
            missing[title] = f"{example.uri}: {error or type(error).__name__}"
    return Clips(waveforms, dict(examples), missing)


def figures(
    clips: Clips, looks: Mapping[str, plots.Look], featurized: Mapping[str, Any]
) -> dict[str, Figure]:
    """Waveforms, log-mel, MFCC and chroma with the settings that made the table.

    Parameters
    ----------
    featurized : the settings in the table's `run.json`; empty for a table of other origin
    """
    # Imported here: compiled kernels take a second that a report without clips need not wait.
    import librosa

    from emodist.features._analysis import Analysis

    own = featurized.get("feature_settings", {})
    entries = features.build_features(SHOWN, {k: own[k] for k in SHOWN if k in own})
    n_fft, hop = featurized.get("n_fft", 2048), featurized.get("hop_length", 512)
    titles = list(clips.waveforms)
    analyses = [Analysis(clips.waveforms[title], n_fft, hop) for title in titles]
    mel, mfcc = entries["log_mel"], entries["mfcc"]
    frame_s = hop / decode.SAMPLE_RATE
    mel_hz = librosa.mel_frequencies(mel.n_mels + 2, fmin=mel.fmin_hz, fmax=mel.fmax_hz)[1:-1]
    images: Sequence[np.ndarray] = [
        analysis.log_mel(mel.n_mels, mel.fmin_hz, mel.fmax_hz, mel.top_db).T
        for analysis in analyses
    ]
    return {
        "waveforms": plots.waveforms(
            titles, list(clips.waveforms.values()), decode.SAMPLE_RATE, looks
        ),
        "log_mel": plots.log_mels(titles, images, frame_s, mel_hz),
        "mfcc": plots.mfccs(
            titles, [mfcc.frames(analysis)[: mfcc.n_mfcc] for analysis in analyses], frame_s
        ),
        "chroma": plots.chromas(
            titles, [entries["chroma_stft"].frames(analysis) for analysis in analyses], frame_s
        ),
    }


def _segment(example: Example) -> np.ndarray:
    first = round(example.start_s * decode.SAMPLE_RATE)
    last = round(min(example.end_s, example.start_s + LONGEST_S) * decode.SAMPLE_RATE)
    with storage.opened(example.uri) as source:
        return _between(source, first, last)


def _between(source: Any, first: int, last: int) -> np.ndarray:
    parts = []
    at = 0
    blocks = decode.blocks(source)
    for block in blocks:
        if not at:
            # The sound of a film may begin late, and the times of segments are the film's.
            at = round(blocks.account.offset_s * decode.SAMPLE_RATE)
        parts.append(block[max(0, first - at) : max(0, last - at)])
        at += len(block)
        if at >= last:
            break
    waveform = np.concatenate(parts)
    if not len(waveform):
        raise ValueError(f"ends at {at / decode.SAMPLE_RATE:.1f} s, before the segment")
    return waveform
