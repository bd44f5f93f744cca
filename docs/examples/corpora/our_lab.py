"""The recordings of a lab: P07_angry_3.wav is participant 7, angry, third take."""

import dataclasses
from pathlib import PurePosixPath
from typing import ClassVar

from emodist.corpora import LEAVE_ONE_SPEAKER_OUT, Corpus, Description, Meanings, Protocol
from emodist.errors import CorpusError

EMOTIONS = ("angry", "happy", "neutral", "tired")


@dataclasses.dataclass(frozen=True)
class OurLab(Corpus):
    """Participant, emotion and take come from the file name."""

    title: ClassVar[str] = "Recordings of our lab"
    source: ClassVar[str] = "the shelf on the left"
    licence: ClassVar[str] = "ours; every participant signed for research"
    # BibTeX of what is to be cited (`emodist cite`); leave it out where there is nothing.
    citation: ClassVar[str] = """\
@misc{our_lab2026,
  author = {Name, Your},
  title = {Recordings of Our Lab},
  year = {2026}
}
"""
    access: ClassVar[str] = "Ask us."
    labels: ClassVar[tuple[str, ...]] = EMOTIONS
    # What the labels mean in the words of all corpora; where something is lost, say what.
    common: ClassVar[Meanings] = {
        "angry": "angry",
        "happy": "happy",
        "neutral": "neutral",
        "tired": ("other", "no other corpus has tired voices"),
    }
    acted: ClassVar[bool] = False
    protocols: ClassVar[tuple[Protocol, ...]] = (LEAVE_ONE_SPEAKER_OUT,)

    def describe(self, path: str) -> Description:
        """Read the three parts of a file name.

        Raises
        ------
        CorpusError
            If the name does not fit.
        """
        name = PurePosixPath(path).name
        parts = PurePosixPath(path).stem.split("_")
        if len(parts) != 3 or not parts[0].startswith("P"):
            raise CorpusError(f"our_lab: {name} is not named as P07_angry_3.wav is")
        participant, emotion, take = parts
        if emotion not in EMOTIONS:
            raise CorpusError(f"our_lab: {name} has {emotion}; known: {', '.join(EMOTIONS)}")
        return Description(speaker=participant, label=emotion, attributes={"take": take})
