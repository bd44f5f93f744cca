"""RAVDESS: 24 actors, two sentences, eight emotions; the file name tells all.

A name is modality-channel-emotion-intensity-statement-repetition-actor, two digits each.
"""

import dataclasses
import itertools
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import ClassVar

from emodist.corpora import Corpus, Description, Download, Meanings, Protocol
from emodist.errors import CorpusError

EMOTIONS = {
    "01": "neutral", "02": "calm", "03": "happy", "04": "sad",
    "05": "angry", "06": "fearful", "07": "disgust", "08": "surprised",
}  # fmt: skip
MODALITIES = {"01": "audio-video", "02": "video", "03": "audio"}
CHANNELS = {"01": "speech", "02": "song"}
INTENSITIES = {"01": "normal", "02": "strong"}
STATEMENTS = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}
REPETITIONS = {"01": "1", "02": "2"}
# Songs know neither disgust nor surprise.
SUNG = tuple(EMOTIONS)[:6]
CITATION = """\
@article{livingstone2018ravdess,
  author = {Livingstone, Steven R. and Russo, Frank A.},
  title = {The {Ryerson} Audio-Visual Database of Emotional Speech and Song ({RAVDESS}): A dynamic, multimodal set of facial and vocal expressions in {North} {American} {English}},
  journal = {PLoS ONE},
  volume = {13},
  number = {5},
  pages = {e0196391},
  year = {2018},
  doi = {10.1371/journal.pone.0196391}
}
"""  # noqa: E501


@dataclasses.dataclass(frozen=True)
class Ravdess(Corpus):
    """Speaker is the actor's number, label the emotion; the rest are attributes.

    Speech, song and video names are understood; `modality` and `channel` tell them apart.
    """

    title: ClassVar[str] = "Ryerson Audio-Visual Database of Emotional Speech and Song"
    source: ClassVar[str] = "https://zenodo.org/records/1188976"
    licence: ClassVar[str] = "CC BY-NC-SA 4.0"
    citation: ClassVar[str] = CITATION
    access: ClassVar[str] = "emodist fetch ravdess --out DIR (speech; --parts speech,song for both)"
    labels: ClassVar[tuple[str, ...]] = tuple(EMOTIONS.values())
    common: ClassVar[Meanings] = {
        "neutral": "neutral",
        "calm": ("calm", "a second baseline beside neutral; no other corpus here has it"),
        "happy": "happy", "sad": "sad", "angry": "angry", "fearful": "fearful",
        "disgust": "disgust", "surprised": "surprised",
    }  # fmt: skip
    acted: ClassVar[bool] = True
    speakers: ClassVar[tuple[str, ...]] = tuple(f"{actor:02d}" for actor in range(1, 25))
    # Speech, sound only; with song (1012) and the videos there are 7356 files.
    n_recordings: ClassVar[int | None] = 1440
    label_counts: ClassVar[Mapping[str, int]] = {
        label: 96 if label == "neutral" else 192 for label in EMOTIONS.values()
    }
    protocols: ClassVar[tuple[Protocol, ...]] = (
        Protocol(
            "ravdess24",
            "all 24 actors, six folds of four; no list of folds is official, so name this one",
            folds=(
                ("01", "11", "20", "21"),
                ("04", "10", "12", "14"),
                ("08", "09", "19", "23"),
                ("03", "05", "07", "24"),
                ("02", "15", "16", "18"),
                ("06", "13", "17", "22"),
            ),
        ),
        Protocol(
            "ravdess16",
            "actors 01 to 16 in four folds of four, so that 17 to 24 stay unseen until the end",
            folds=tuple(
                tuple(f"{actor:02d}" for actor in range(first, first + 4))
                for first in (1, 5, 9, 13)
            ),
        ),
        Protocol("loso", "leave one actor out"),
    )
    defects: ClassVar[tuple[str, ...]] = (
        "03-01-03-01-02-01-07 is byte-identical to 03-01-03-01-02-02-07.",
        "Five files are stereo with equal channels; the rest are mono.",
        "Some mirrors hold every file twice, in Actor_NN and in a folder around them.",
        "The sound of the videos (modality 01) repeats the sound files (modality 03): use one.",
        "Videos of modality 02 have no sound.",
        "Neutral has no strong intensity and half as many recordings as any other emotion.",
        "Actor 18 sings nothing; songs know neither disgust nor surprise.",
    )
    downloads: ClassVar[tuple[Download, ...]] = (
        Download(
            "speech",
            "Audio_Speech_Actors_01-24.zip",
            "https://zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip?download=1",
            208_468_073,
            "bc696df654c87fed845eb13823edef8a",
        ),
        Download(
            "song",
            "Audio_Song_Actors_01-24.zip",
            "https://zenodo.org/records/1188976/files/Audio_Song_Actors_01-24.zip?download=1",
            225_505_317,
            "5411230427d67a21e18aa4d466e6d1b9",
        ),
    )

    def describe(self, path: str) -> Description:
        """Read the seven codes of a file name.

        Raises
        ------
        CorpusError
            If the name has other than seven codes, one of them is unknown, or the corpus has no
            such combination.

        Examples
        --------
        >>> description = Ravdess().describe("Actor_12/03-01-06-01-02-01-12.wav")
        >>> description.label, description.speaker, description.attributes["sex"]
        ('fearful', '12', 'female')
        """
        name = PurePosixPath(path).name
        codes = PurePosixPath(path).stem.split("-")
        if len(codes) != 7:
            raise CorpusError(
                f"ravdess: {name} is not a RAVDESS name; expected seven codes as in "
                "03-01-06-01-02-01-12.wav"
            )
        actor = codes[6]
        if actor not in self.speakers:
            raise CorpusError(f"ravdess: {name} has actor {actor}; known actors are 01 to 24")
        attributes = {
            "modality": _decode(name, "modality", MODALITIES, codes[0]),
            "channel": _decode(name, "channel", CHANNELS, codes[1]),
            "intensity": _decode(name, "intensity", INTENSITIES, codes[3]),
            "statement": _decode(name, "statement", STATEMENTS, codes[4]),
            "repetition": _decode(name, "repetition", REPETITIONS, codes[5]),
            "sex": "male" if int(actor) % 2 else "female",
        }
        label = _decode(name, "emotion", EMOTIONS, codes[2])
        if label == "neutral" and attributes["intensity"] == "strong":
            raise CorpusError(f"ravdess: {name} is strong and neutral; RAVDESS has no such file")
        if attributes["channel"] == "song" and codes[2] not in SUNG:
            raise CorpusError(f"ravdess: {name} is a song with {label}; RAVDESS has no such file")
        return Description(speaker=actor, label=label, attributes=attributes)

    def expected(self, keys: Collection[str]) -> frozenset[str]:
        """Every combination, for each modality, channel and actor of which there is a file."""
        present = {(key[:2], key[3:5], key[-2:]) for key in keys if len(key.split("-")) == 7}
        return frozenset(
            "-".join((modality, channel, emotion, intensity, statement, repetition, actor))
            for modality, channel, actor in present
            for emotion, intensity, statement, repetition in itertools.product(
                EMOTIONS if channel == "01" else SUNG, INTENSITIES, STATEMENTS, REPETITIONS
            )
            if (emotion, intensity) != ("01", "02")
        )

    def contradiction(self, path: str) -> str | None:
        folder, _, actor = PurePosixPath(path).parent.name.partition("_")
        own = PurePosixPath(path).stem[-2:]
        if folder == "Actor" and actor.isdigit() and actor != own:
            return f"lies in Actor_{actor}, but its name says actor {own}"
        return None


def _decode(name: str, what: str, table: dict[str, str], code: str) -> str:
    if code not in table:
        raise CorpusError(
            f"ravdess: {name} has {what} code {code}; known codes are {min(table)} to {max(table)}"
        )
    return table[code]
