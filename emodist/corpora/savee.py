"""SAVEE: four British men, seven emotions, 120 sentences each.

A name is emotion letters and a number, as in a01 or sa15; the speaker is the folder (DC/a01.wav)
or stands before it (DC_a01.wav).
"""

import dataclasses
import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import ClassVar

from emodist.corpora import LEAVE_ONE_SPEAKER_OUT, Corpus, Description, Meanings, Protocol
from emodist.errors import ConfigError, CorpusError

# Two-letter codes first: `sa` is not `s`, and there is no `s`.
EMOTIONS = {
    "sa": "sadness", "su": "surprise", "a": "anger", "d": "disgust",
    "f": "fear", "h": "happiness", "n": "neutral",
}  # fmt: skip
SPEAKERS = ("DC", "JE", "JK", "KL")
NAME = re.compile(r"(?:(DC|JE|JK|KL)_?)?(sa|su|[a-z]+)(\d+)")
N_EACH, N_NEUTRAL = 15, 30
CITATION = """\
@incollection{haq2010multimodal,
  author = {Haq, Sanaul and Jackson, Philip J. B.},
  title = {Multimodal Emotion Recognition},
  booktitle = {Machine Audition: Principles, Algorithms and Systems},
  editor = {Wang, Wenwu},
  publisher = {IGI Global},
  pages = {398--423},
  year = {2010},
  doi = {10.4018/978-1-61520-919-4.ch017}
}
"""


@dataclasses.dataclass(frozen=True)
class Savee(Corpus):
    """Speaker is DC, JE, JK or KL; label the emotion.

    Parameters
    ----------
    speaker_from : {"auto", "folder", "prefix"}
        Where the speaker stands: the nearest folder that is a speaker's name, the start of the
        file name, or wherever one is found (the file name first).
    """

    speaker_from: str = "auto"

    title: ClassVar[str] = "Surrey Audio-Visual Expressed Emotion (SAVEE) Database"
    source: ClassVar[str] = "http://kahlan.eps.surrey.ac.uk/savee/"
    licence: ClassVar[str] = "research only, after registration"
    citation: ClassVar[str] = CITATION
    access: ClassVar[str] = "Register at the source; the address of the files comes by mail."
    labels: ClassVar[tuple[str, ...]] = tuple(sorted(EMOTIONS.values()))
    common: ClassVar[Meanings] = {
        "neutral": "neutral", "happiness": "happy", "sadness": "sad", "anger": "angry",
        "fear": "fearful", "disgust": "disgust", "surprise": "surprised",
    }  # fmt: skip
    acted: ClassVar[bool] = True
    speakers: ClassVar[tuple[str, ...]] = SPEAKERS
    n_recordings: ClassVar[int | None] = 480
    label_counts: ClassVar[Mapping[str, int]] = {
        label: 4 * (N_NEUTRAL if label == "neutral" else N_EACH) for label in EMOTIONS.values()
    }
    protocols: ClassVar[tuple[Protocol, ...]] = (LEAVE_ONE_SPEAKER_OUT,)
    defects: ClassVar[tuple[str, ...]] = (
        "Four men of one age group: no result speaks for women.",
        "Names repeat from speaker to speaker (DC/a01, JE/a01) where the speaker is a folder.",
    )

    def __post_init__(self) -> None:
        if self.speaker_from not in ("auto", "folder", "prefix"):
            raise ConfigError(
                f"speaker_from takes auto, folder or prefix; got {self.speaker_from!r}"
            )

    def describe(self, path: str) -> Description:
        """Read a file name, and the folder where the speaker stands there.

        Raises
        ------
        CorpusError
            If the name does not fit or no speaker is found.

        Examples
        --------
        >>> Savee().describe("AudioData/DC/sa01.wav").label
        'sadness'
        >>> Savee().describe("JK_su12.wav").speaker
        'JK'
        """
        name = PurePosixPath(path).name
        match = NAME.fullmatch(PurePosixPath(path).stem)
        if match is None:
            raise CorpusError(
                f"savee: {name} is not a SAVEE name; expected one as DC_a01.wav or DC/sa15.wav"
            )
        prefix, emotion, number = match.groups()
        if emotion not in EMOTIONS:
            raise CorpusError(f"savee: {name} has emotion {emotion}; known: {' '.join(EMOTIONS)}")
        above = reversed(PurePosixPath(path).parts[:-1])
        folder = next((part.upper() for part in above if part.upper() in SPEAKERS), None)
        speaker = {"folder": folder, "prefix": prefix, "auto": prefix or folder}[self.speaker_from]
        if speaker is None:
            where = {"folder": "folder", "prefix": "file name"}.get(
                self.speaker_from, "folder or file name"
            )
            raise CorpusError(
                f"savee: {path} has no speaker in its {where}; known: {' '.join(SPEAKERS)}"
            )
        return Description(speaker, EMOTIONS[emotion], {"sentence": number, "sex": "male"})

    def key(self, path: str) -> str:
        try:
            description = self.describe(path)
        except CorpusError:
            return PurePosixPath(path).stem
        code = next(code for code, label in EMOTIONS.items() if label == description.label)
        return f"{description.speaker}_{code}{int(description.attributes['sentence']):02d}"

    def expected(self, keys: Collection[str]) -> frozenset[str]:
        """All that the speakers who are there have said."""
        speakers = {key[:2] for key in keys} & set(SPEAKERS)
        return frozenset(
            f"{speaker}_{code}{number:02d}"
            for speaker in speakers
            for code in EMOTIONS
            for number in range(1, 1 + (N_NEUTRAL if code == "n" else N_EACH))
        )

    def contradiction(self, path: str) -> str | None:
        match = NAME.fullmatch(PurePosixPath(path).stem)
        folder = PurePosixPath(path).parent.name.upper()
        if match and match[1] and folder in SPEAKERS and folder != match[1]:
            return f"lies in {folder}, but its name says {match[1]}"
        return None
