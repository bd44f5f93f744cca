"""MSP-Podcast: spontaneous speech from podcasts, judged by at least five raters each.

Names as MSP-PODCAST_0001_0008.wav say nothing; all is in Labels/labels_consensus.csv (older
releases: labels_concensus.csv).
"""

import dataclasses
import re
from collections.abc import Collection
from functools import cached_property
from pathlib import PurePosixPath
from typing import ClassVar, Self

from emodist.corpora import Corpus, Description, Meanings, Protocol, _labels
from emodist.errors import CorpusError

EMOTIONS = {
    "A": "anger", "S": "sadness", "H": "happiness", "U": "surprise", "F": "fear", "D": "disgust",
    "C": "contempt", "N": "neutral", "O": "other",
}  # fmt: skip
NO_AGREEMENT = "X"
FILES = ("labels_consensus.csv", "labels_concensus.csv")
NAME = re.compile(r"MSP-PODCAST_\w+", re.IGNORECASE)
UNKNOWN_SPEAKERS = ("", "unknown", "-1", "nan")
RATINGS = {"EmoAct": "activation", "EmoVal": "valence", "EmoDom": "dominance"}
CITATION = """\
@article{lotfian2019podcast,
  author = {Lotfian, Reza and Busso, Carlos},
  title = {Building Naturalistic Emotionally Balanced Speech Corpus by Retrieving Emotional Speech from Existing Podcast Recordings},
  journal = {IEEE Transactions on Affective Computing},
  volume = {10},
  number = {4},
  pages = {471--483},
  year = {2019},
  doi = {10.1109/TAFFC.2017.2736999}
}
"""  # noqa: E501


@dataclasses.dataclass(frozen=True)
class MspPodcast(Corpus):
    """Speaker, label, official split and ratings come from the label file.

    Where the raters did not agree (class X), and in Test3, whose labels are hidden, there is no
    label. Speakers that nobody has named yet are unknown.

    Parameters
    ----------
    label_file : str or None
        The CSV of consensus labels; None: looked for in the folder of the sound and the two above
        it, in Labels or directly, in both spellings.
    """

    label_file: str | None = None

    title: ClassVar[str] = "MSP-Podcast corpus"
    source: ClassVar[str] = "https://www.lab-msp.com/MSP/MSP-Podcast.html"
    licence: ClassVar[str] = "academic licence that an institution signs; commercial licence apart"
    citation: ClassVar[str] = CITATION
    access: ClassVar[str] = (
        "Send the signed licence as the source says. Give Audios as PATH and keep Labels beside it."
    )
    labels: ClassVar[tuple[str, ...]] = tuple(EMOTIONS.values())
    common: ClassVar[Meanings] = {
        "neutral": "neutral", "happiness": "happy", "sadness": "sad", "anger": "angry",
        "fear": "fearful", "disgust": "disgust", "contempt": "contempt", "surprise": "surprised",
        "other": "other",
    }  # fmt: skip
    protocols: ClassVar[tuple[Protocol, ...]] = (
        Protocol(
            "by:split",
            "the corpus's own partition; a fold for each test set, of which Test1 is the usual "
            "one, and Test2 holds clips that no classifier selected",
            by="split",
            folds=(("Test1",), ("Test2",)),
            train=("Train",),
            validation=("Development",),
        ),
    )
    defects: ClassVar[tuple[str, ...]] = (
        "Releases differ in clips and splits: name the release beside each result.",
        "The label file is spelled labels_concensus.csv in older releases.",
        "Part of Train has no speaker (Unknown), so it cannot be shown to be speaker-independent.",
        "Some speakers are in more than one test set: never train on any of them.",
        "Labels and speakers of Test3 are hidden.",
    )

    def opened(self, root: str) -> Self:
        if self.label_file:
            return self
        found = _labels.find(root, [*(f"Labels/{name}" for name in FILES), *FILES])
        if found is None:
            raise CorpusError(
                f"msp_podcast: labels need Labels/{FILES[0]}, which is not in {root} or above it; "
                "name it with msp_podcast.label_file=FILE"
            )
        return dataclasses.replace(self, label_file=found)

    def describe(self, path: str) -> Description:
        """Look the file up.

        Raises
        ------
        CorpusError
            If it is no file of MSP-Podcast, is not in the label file, or has an unknown class.
        """
        name, stem = PurePosixPath(path).name, PurePosixPath(path).stem
        if not NAME.fullmatch(stem):
            raise CorpusError(
                f"msp_podcast: {name} is not an MSP-Podcast name; expected one as "
                "MSP-PODCAST_0001_0008.wav"
            )
        row = self._rows.get(stem)
        if row is None:
            if "test3" in stem.lower():
                return Description(attributes={"split": "Test3"})
            where = self.label_file or "a label file, for none was opened"
            raise CorpusError(f"msp_podcast: {name} is not in {where}")
        emotion = row["EmoClass"].strip()
        if emotion not in EMOTIONS and emotion != NO_AGREEMENT:
            known = " ".join([*EMOTIONS, NO_AGREEMENT])
            raise CorpusError(f"msp_podcast: {name} has class {emotion}; known: {known}")
        attributes = {
            "emotion": emotion,
            "split": row["Split_Set"].strip(),
            "sex": row.get("Gender", "").strip().lower(),
            **{name: row.get(column, "").strip() for column, name in RATINGS.items()},
        }
        speaker: str | None = row.get("SpkrID", "").strip()
        if speaker is None or speaker.lower() in UNKNOWN_SPEAKERS:
            speaker = None
        return Description(
            speaker, EMOTIONS.get(emotion), {k: v for k, v in attributes.items() if v}
        )

    def expected(self, keys: Collection[str]) -> frozenset[str]:
        """All clips of the label file."""
        return frozenset(self._rows)

    @cached_property
    def _rows(self) -> dict[str, dict[str, str]]:
        if self.label_file is None:
            return {}
        rows = _labels.rows("msp_podcast", self.label_file, ["FileName", "EmoClass", "Split_Set"])
        return {PurePosixPath(row["FileName"].strip()).stem: row for row in rows}
