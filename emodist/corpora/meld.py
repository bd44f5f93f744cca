"""MELD: utterances of the television series Friends, as short videos, with seven emotions.

A name is diaD_uttU, and both numbers begin again in each split; the split is in the folders
(train_splits, dev_splits_complete, output_repeated_splits_test). Labels are in SPLIT_sent_emo.csv.
"""

import dataclasses
import re
from collections.abc import Collection
from functools import cached_property
from pathlib import PurePosixPath
from typing import ClassVar, Self

from emodist.corpora import Corpus, Description, Meanings, Protocol, _labels
from emodist.errors import ConfigError, CorpusError

EMOTIONS = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
SPLITS = {
    "train": ("train", "train_splits"),
    "dev": ("dev", "dev_splits", "dev_splits_complete"),
    "test": ("test", "test_splits", "output_repeated_splits_test"),
}
NAME = re.compile(r"(?:(train|dev|test)_)?dia(\d+)_utt(\d+)")
CITATION = """\
@inproceedings{poria2019meld,
  author = {Poria, Soujanya and Hazarika, Devamanyu and Majumder, Navonil and Naik, Gautam and Cambria, Erik and Mihalcea, Rada},
  title = {{MELD}: A Multimodal Multi-Party Dataset for Emotion Recognition in Conversations},
  booktitle = {Proceedings of the 57th Annual Meeting of the Association for Computational Linguistics},
  pages = {527--536},
  year = {2019},
  doi = {10.18653/v1/P19-1050}
}
"""  # noqa: E501


@dataclasses.dataclass(frozen=True)
class Meld(Corpus):
    """Speaker is the role, label the emotion; split, dialogue and sentiment are attributes.

    Parameters
    ----------
    label_files : tuple of str, or one str with commas
        CSV files whose names begin with train, dev or test; empty: SPLIT_sent_emo.csv, looked for
        in the folder of the videos and the two above it.
    split : {"train", "dev", "test"} or None
        Of files whose folders do not say; None: from the name of PATH, where that says it.
    """

    label_files: tuple[str, ...] | str = ()
    split: str | None = None

    title: ClassVar[str] = "Multimodal EmotionLines Dataset (MELD)"
    source: ClassVar[str] = "https://affective-meld.github.io"
    licence: ClassVar[str] = (
        "annotations: GPL 3.0; the clips are from a television series, whose owners keep their "
        "rights"
    )
    citation: ClassVar[str] = CITATION
    access: ClassVar[str] = (
        "Download MELD.Raw.tar.gz as the source says; unpack it, then the archive of each split "
        "inside it."
    )
    labels: ClassVar[tuple[str, ...]] = EMOTIONS
    common: ClassVar[Meanings] = {
        "neutral": "neutral",
        "joy": ("happy", "judged from text and picture too; often laughter and irony"),
        "sadness": "sad",
        "anger": ("angry", "frustration and annoyance were judged as anger"),
        "fear": "fearful", "disgust": "disgust",
        "surprise": ("surprised", "pleasant and unpleasant"),
    }  # fmt: skip
    acted: ClassVar[bool] = True
    n_recordings: ClassVar[int | None] = 13708
    protocols: ClassVar[tuple[Protocol, ...]] = (
        Protocol(
            "by:split",
            "the corpus's own partition by dialogue; the main roles are in all three parts, so "
            "speakers overlap",
            by="split",
            folds=(("test",),),
            train=("train",),
            validation=("dev",),
        ),
    )
    defects: ClassVar[tuple[str, ...]] = (
        "The official splits are not speaker-independent: six roles say most of it in each.",
        "Numbers begin again in each split: dia0_utt0 exists three times.",
        "train/dia125_utt3 cannot be decoded; dev/dia110_utt7 is missing.",
        "The test folder has further files (final_videos_test...) that no label belongs to.",
        "A few clips are cut wrongly: minutes long, or with another speaker's words.",
        "Laughter of an audience lies over many utterances.",
    )

    def __post_init__(self) -> None:
        files = self.label_files
        parts = files.split(",") if isinstance(files, str) else files
        object.__setattr__(self, "label_files", tuple(part.strip() for part in parts if part))
        for file in self.label_files:
            if PurePosixPath(file).name.split("_")[0] not in SPLITS:
                raise ConfigError(f"label_files must begin with train, dev or test; got {file}")
        if self.split not in (None, *SPLITS):
            raise ConfigError(f"split takes train, dev, test or null; got {self.split!r}")

    def opened(self, root: str) -> Self:
        split = self.split or _split_of(PurePosixPath(root).parts[-1:])
        files = tuple(self.label_files)
        if not files:
            found = (
                _labels.find(root, [f"{name}_sent_emo.csv", f"{name}/{name}_sent_emo.csv"])
                for name in SPLITS
            )
            files = tuple(file for file in found if file)
        if not files:
            raise CorpusError(
                "meld: labels need train_sent_emo.csv, dev_sent_emo.csv or test_sent_emo.csv, "
                f"none of which is in {root} or above it; name them with "
                "meld.label_files=FILE,FILE"
            )
        return dataclasses.replace(self, label_files=files, split=split)

    def describe(self, path: str) -> Description:
        """Look the utterance up in the labels of its split.

        Raises
        ------
        CorpusError
            If the name or the split is not clear, or the utterance has no label.
        """
        name = PurePosixPath(path).name
        match = NAME.fullmatch(PurePosixPath(path).stem)
        if match is None:
            raise CorpusError(f"meld: {name} is not a MELD name; expected one as dia0_utt0.mp4")
        split = self._split(path)
        if split is None:
            raise CorpusError(
                f"meld: {path} does not say its split, and numbers begin again in each; keep the "
                "folders, or set meld.split=train"
            )
        row = self._rows.get(f"{split}/dia{int(match[2])}_utt{int(match[3])}")
        if row is None:
            raise CorpusError(f"meld: {path} has no label in {split}_sent_emo.csv")
        label = row["Emotion"].strip().lower()
        if label not in EMOTIONS:
            raise CorpusError(
                f"meld: {name} has emotion {label} in {split}_sent_emo.csv; known: "
                + " ".join(EMOTIONS)
            )
        attributes = {
            "split": split,
            "dialogue": row["Dialogue_ID"],
            "utterance": row["Utterance_ID"],
            "sentiment": row.get("Sentiment", ""),
            "season": row.get("Season", ""),
            "episode": row.get("Episode", ""),
        }
        return Description(
            row["Speaker"].strip() or None, label, {k: v for k, v in attributes.items() if v}
        )

    def key(self, path: str) -> str:
        match = NAME.fullmatch(PurePosixPath(path).stem)
        if match is None:
            return path
        return f"{self._split(path)}/dia{int(match[2])}_utt{int(match[3])}"

    def expected(self, keys: Collection[str]) -> frozenset[str]:
        """The labelled utterances of the splits that are there."""
        present = {key.split("/")[0] for key in keys}
        return frozenset(key for key in self._rows if key.split("/")[0] in present)

    def _split(self, path: str) -> str | None:
        match = NAME.fullmatch(PurePosixPath(path).stem)
        own = match[1] if match else None
        return own or _split_of(PurePosixPath(path).parts[:-1]) or self.split

    @cached_property
    def _rows(self) -> dict[str, dict[str, str]]:
        rows = {}
        for file in self.label_files:
            split = PurePosixPath(file).name.split("_")[0]
            needed = ("Speaker", "Emotion", "Dialogue_ID", "Utterance_ID")
            for row in _labels.rows("meld", file, needed):
                rows[f"{split}/dia{int(row['Dialogue_ID'])}_utt{int(row['Utterance_ID'])}"] = row
        return rows


def _split_of(folders: Collection[str]) -> str | None:
    """The split that the innermost telling folder names."""
    for folder in reversed(list(folders)):
        for split, names in SPLITS.items():
            if folder.lower() in names:
                return split
    return None
