"""EMO-DB, the Berlin Database of Emotional Speech: ten speakers, ten German sentences.

A name is speaker(2) sentence(3) emotion(1) version, as in 03a01Fa.
"""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import ClassVar

from emodist.corpora import LEAVE_ONE_SPEAKER_OUT, Corpus, Description, Download, Meanings, Protocol
from emodist.errors import CorpusError

# The letters are those of the German words: Wut, Langeweile, Ekel, Angst, Freude, Trauer.
EMOTIONS = {
    "W": "anger", "L": "boredom", "E": "disgust", "A": "fear",
    "F": "happiness", "T": "sadness", "N": "neutral",
}  # fmt: skip
MEN = ("03", "10", "11", "12", "15")
WOMEN = ("08", "09", "13", "14", "16")
NAME = re.compile(r"(\d\d)([ab]\d\d)([A-Z])([a-z]?)")
CITATION = """\
@inproceedings{burkhardt2005emodb,
  author = {Burkhardt, Felix and Paeschke, Astrid and Rolfes, Miriam and Sendlmeier, Walter F. and Weiss, Benjamin},
  title = {A Database of {German} Emotional Speech},
  booktitle = {Interspeech},
  pages = {1517--1520},
  year = {2005},
  doi = {10.21437/Interspeech.2005-446}
}
"""  # noqa: E501


@dataclasses.dataclass(frozen=True)
class EmoDb(Corpus):
    """Speaker is the number of the speaker, label the emotion; sentence and version follow."""

    title: ClassVar[str] = "Berlin Database of Emotional Speech (EMO-DB)"
    source: ClassVar[str] = "http://emodb.bilderbar.info"
    licence: ClassVar[str] = "free to use with citation; no formal licence is known to us"
    citation: ClassVar[str] = CITATION
    access: ClassVar[str] = "emodist fetch emo_db --out DIR"
    labels: ClassVar[tuple[str, ...]] = tuple(EMOTIONS.values())
    common: ClassVar[Meanings] = {
        "neutral": "neutral",
        "happiness": ("happy", "Freude is nearer to joy; it is acted loud and lively"),
        "sadness": "sad",
        "anger": ("angry", "Wut is hot anger; cold anger is not in the corpus"),
        "fear": ("fearful", "Angst is fear and anxiety"),
        "disgust": "disgust", "boredom": "bored",
    }  # fmt: skip
    acted: ClassVar[bool] = True
    speakers: ClassVar[tuple[str, ...]] = tuple(sorted(MEN + WOMEN))
    n_recordings: ClassVar[int | None] = 535
    label_counts: ClassVar[Mapping[str, int]] = {
        "anger": 127, "boredom": 81, "disgust": 46, "fear": 69,
        "happiness": 71, "sadness": 62, "neutral": 79,
    }  # fmt: skip
    protocols: ClassVar[tuple[Protocol, ...]] = (LEAVE_ONE_SPEAKER_OUT,)
    defects: ClassVar[tuple[str, ...]] = (
        "Emotions are unevenly spread over the speakers; with one speaker left out, a class may "
        "have few test recordings, or none.",
        "Only recordings that listeners recognized were published, so scores flatter.",
    )
    downloads: ClassVar[tuple[Download, ...]] = (
        Download("all", "download.zip", "http://emodb.bilderbar.info/download/download.zip"),
    )

    def describe(self, path: str) -> Description:
        """Read the codes of a file name.

        Raises
        ------
        CorpusError
            If the name does not fit or has an unknown code.

        Examples
        --------
        >>> description = EmoDb().describe("wav/03a01Fa.wav")
        >>> description.label, description.speaker, description.attributes["sentence"]
        ('happiness', '03', 'a01')
        """
        name = PurePosixPath(path).name
        match = NAME.fullmatch(PurePosixPath(path).stem)
        if match is None:
            raise CorpusError(f"emo_db: {name} is not an EMO-DB name; expected one as 03a01Fa.wav")
        speaker, sentence, emotion, version = match.groups()
        if speaker not in self.speakers:
            raise CorpusError(
                f"emo_db: {name} has speaker {speaker}; known: {' '.join(self.speakers)}"
            )
        if emotion not in EMOTIONS:
            raise CorpusError(f"emo_db: {name} has emotion {emotion}; known: {' '.join(EMOTIONS)}")
        attributes = {
            "sentence": sentence,
            "version": version,
            "sex": "male" if speaker in MEN else "female",
        }
        return Description(speaker, EMOTIONS[emotion], attributes)
