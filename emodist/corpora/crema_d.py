"""CREMA-D: 91 actors, twelve sentences, six emotions as intended or as heard by the crowd.

A name is actor_sentence_emotion_level, as in 1001_DFA_ANG_XX.
"""

import dataclasses
from collections.abc import Collection
from functools import cached_property
from pathlib import PurePosixPath
from typing import ClassVar, Self

from emodist.corpora import Corpus, Description, Meanings, Protocol, _labels
from emodist.errors import ConfigError, CorpusError

EMOTIONS = {
    "ANG": "anger", "DIS": "disgust", "FEA": "fear",
    "HAP": "happy", "NEU": "neutral", "SAD": "sad",
}  # fmt: skip
VOTES = {name[0]: label for name, label in EMOTIONS.items()}
# One file was once published as 1040_ITH_SAD_X.
LEVELS = {"LO": "low", "MD": "medium", "HI": "high", "XX": "unspecified", "X": "unspecified"}
SENTENCES = {
    "IEO": "It's eleven o'clock",
    "TIE": "That is exactly what happened",
    "IOM": "I'm on my way to the meeting",
    "IWW": "I wonder what this is about",
    "TAI": "The airplane is almost full",
    "MTI": "Maybe tomorrow it will be cold",
    "IWL": "I would like a new alarm clock",
    "ITH": "I think I have a doctor's appointment",
    "DFA": "Don't forget a jacket",
    "ITS": "I think I've seen this before",
    "TSI": "The surface is slick",
    "WSI": "We'll stop in a couple of minutes",
}
SPEAKERS = tuple(str(actor) for actor in range(1001, 1092))
TABLE = "processedResults/summaryTable.csv"
COLUMNS = {"voice": "VoiceVote", "face": "FaceVote", "multimodal": "MultiModalVote"}
CITATION = """\
@article{cao2014crema,
  author = {Cao, Houwei and Cooper, David G. and Keutmann, Michael K. and Gur, Ruben C. and Nenkova, Ani and Verma, Ragini},
  title = {{CREMA-D}: Crowd-sourced Emotional Multimodal Actors Dataset},
  journal = {IEEE Transactions on Affective Computing},
  volume = {5},
  number = {4},
  pages = {377--390},
  year = {2014},
  doi = {10.1109/TAFFC.2014.2336244}
}
"""  # noqa: E501


@dataclasses.dataclass(frozen=True)
class CremaD(Corpus):
    """Speaker is the actor's number; the label is what was acted, or what was heard.

    Parameters
    ----------
    label_source : {"intended", "perceived"}
        `perceived` takes the majority of those who heard the voice alone (`VoiceVote`). Where two
        emotions share the most votes there is no label. The intended emotion and all three votes
        are attributes.
    label_file : str or None
        The table of votes; None: `processedResults/summaryTable.csv`, looked for in the folder of
        the sound and the two above it.
    """

    label_source: str = "intended"
    label_file: str | None = None

    title: ClassVar[str] = "Crowd-sourced Emotional Multimodal Actors Dataset"
    source: ClassVar[str] = "https://github.com/CheyneyComputerScience/CREMA-D"
    licence: ClassVar[str] = "Open Database License 1.0; contents: Database Contents License 1.0"
    citation: ClassVar[str] = CITATION
    access: ClassVar[str] = (
        "Install git-lfs, clone the source, and use AudioWAV (16 kHz); processedResults holds the "
        "perceived labels. The host's zip has Git LFS pointers in place of sound."
    )
    labels: ClassVar[tuple[str, ...]] = tuple(EMOTIONS.values())
    common: ClassVar[Meanings] = {
        "neutral": "neutral", "happy": "happy", "sad": "sad", "anger": "angry", "fear": "fearful",
        "disgust": "disgust",
    }  # fmt: skip
    acted: ClassVar[bool] = True
    speakers: ClassVar[tuple[str, ...]] = SPEAKERS
    n_recordings: ClassVar[int | None] = 7442
    protocols: ClassVar[tuple[Protocol, ...]] = (
        Protocol("group5", "five folds of whole actors; no list of folds is official", n_folds=5),
        Protocol("group10", "ten folds of whole actors", n_folds=10),
    )
    defects: ClassVar[tuple[str, ...]] = (
        "1076_MTI_SAD_XX is silent.",
        "The same sound stands under two labels: 1006_TIE_HAP_XX and 1006_TIE_NEU_XX, "
        "1013_WSI_DIS_XX and 1013_WSI_SAD_XX, 1017_IWW_ANG_XX and 1017_IWW_FEA_XX.",
        "A zip from the code host holds 130-byte Git LFS pointers in place of sound.",
        "1040_ITH_SAD_XX is named 1040_ITH_SAD_X in older copies.",
        "What was heard differs from what was intended in most clips: name the label source.",
        "Twenty of the 91 x 82 recordings that the design asks for do not exist.",
    )

    def __post_init__(self) -> None:
        if self.label_source not in ("intended", "perceived"):
            raise ConfigError(
                f"label_source takes intended or perceived; got {self.label_source!r}"
            )

    def opened(self, root: str) -> Self:
        if self.label_source == "intended" or self.label_file:
            return self
        found = _labels.find(root, [TABLE, "summaryTable.csv"])
        if found is None:
            raise CorpusError(
                f"crema_d: perceived labels need {TABLE}, which is not in {root} or above it; "
                "take it from the corpus's repository, name it with crema_d.label_file=FILE, or "
                "use crema_d.label_source=intended"
            )
        return dataclasses.replace(self, label_file=found)

    def describe(self, path: str) -> Description:
        """Read the four codes of a file name, and the votes where they are the label.

        Raises
        ------
        CorpusError
            If a code is unknown, or the table of votes has no such clip.

        Examples
        --------
        >>> description = CremaD().describe("AudioWAV/1001_DFA_ANG_XX.wav")
        >>> description.label, description.speaker, description.attributes["sentence"]
        ('anger', '1001', "Don't forget a jacket")
        """
        name = PurePosixPath(path).name
        codes = PurePosixPath(path).stem.split("_")
        if len(codes) != 4:
            raise CorpusError(
                f"crema_d: {name} is not a CREMA-D name; expected four codes as in "
                "1001_DFA_ANG_XX.wav"
            )
        actor, sentence, emotion, level = codes
        for what, code, known in (
            ("actor", actor, SPEAKERS),
            ("sentence", sentence, SENTENCES),
            ("emotion", emotion, EMOTIONS),
            ("level", level, LEVELS),
        ):
            if code not in known:
                shown = "1001 to 1091" if what == "actor" else " ".join(known)
                raise CorpusError(f"crema_d: {name} has {what} {code}; known: {shown}")
        attributes = {
            "sentence": SENTENCES[sentence],
            "level": LEVELS[level],
            "intended": EMOTIONS[emotion],
        }
        label: str | None = EMOTIONS[emotion]
        if self.label_source == "perceived":
            row = self._votes.get(self.key(path))
            if row is None:
                raise CorpusError(f"crema_d: {name} is not in {self.label_file or TABLE}")
            attributes |= {f"{mode}_vote": row[column] for mode, column in COLUMNS.items()}
            # A tie is written A:D.
            label = VOTES.get(row["VoiceVote"])
        return Description(actor, label, attributes)

    def key(self, path: str) -> str:
        stem = PurePosixPath(path).stem
        return f"{stem}X" if stem.endswith("_X") else stem

    def expected(self, keys: Collection[str]) -> frozenset[str]:
        """The clips of the table of votes; without it only their number is known."""
        return frozenset(self._votes)

    @cached_property
    def _votes(self) -> dict[str, dict[str, str]]:
        if self.label_file is None:
            return {}
        rows = _labels.rows("crema_d", self.label_file, ["FileName", *COLUMNS.values()])
        return {self.key(row["FileName"].strip()): row for row in rows}
