"""TESS, the Toronto emotional speech set: two women say 200 words in seven emotions.

A name is speaker_word_emotion, as in OAF_back_angry; the older speaker is OAF, the younger YAF.
"""

import dataclasses
from collections.abc import Collection
from pathlib import PurePosixPath
from typing import ClassVar

from emodist.corpora import LEAVE_ONE_SPEAKER_OUT, Corpus, Description, Meanings, Protocol
from emodist.errors import CorpusError

EMOTIONS = {
    "angry": "angry", "disgust": "disgust", "fear": "fear", "happy": "happy",
    "neutral": "neutral", "ps": "pleasant surprise", "sad": "sad",
}  # fmt: skip
AGES = {"OAF": "64", "YAF": "26"}
MISNAMED = {"OA_bite_neutral": "OAF_bite_neutral"}
CITATION = """\
@misc{pichora2020tess,
  author = {Pichora-Fuller, M. Kathleen and Dupuis, Kate},
  title = {{Toronto} Emotional Speech Set ({TESS})},
  publisher = {Scholars Portal Dataverse},
  year = {2020},
  doi = {10.5683/SP2/E8H2MF}
}
"""


@dataclasses.dataclass(frozen=True)
class Tess(Corpus):
    """Speaker and label come from the file name; a folder as OAF_angry must agree with it."""

    title: ClassVar[str] = "Toronto emotional speech set (TESS)"
    source: ClassVar[str] = "https://doi.org/10.5683/SP2/E8H2MF"
    licence: ClassVar[str] = (
        "CC BY-NC 4.0 or CC BY-NC-ND 4.0, depending on the archive: see the one you took it from"
    )
    citation: ClassVar[str] = CITATION
    access: ClassVar[str] = "Download all files from the source (no form to sign) and unpack them."
    labels: ClassVar[tuple[str, ...]] = tuple(EMOTIONS.values())
    common: ClassVar[Meanings] = {
        "neutral": "neutral", "happy": "happy", "sad": "sad", "angry": "angry", "fear": "fearful",
        "disgust": "disgust",
        "pleasant surprise": (
            "surprised",
            "only pleasant surprise; elsewhere surprise may be unpleasant",
        ),
    }  # fmt: skip
    acted: ClassVar[bool] = True
    speakers: ClassVar[tuple[str, ...]] = ("OAF", "YAF")
    n_recordings: ClassVar[int | None] = 2800
    protocols: ClassVar[tuple[Protocol, ...]] = (LEAVE_ONE_SPEAKER_OUT,)
    defects: ClassVar[tuple[str, ...]] = (
        "OA_bite_neutral is misnamed; it is OAF_bite_neutral.",
        "With two speakers, both women, a result says little about other voices.",
        "Random splits give near-perfect scores here: the same voice says the same phrase.",
    )

    def describe(self, path: str) -> Description:
        """Read the three parts of a file name.

        Raises
        ------
        CorpusError
            If the name does not fit.

        Examples
        --------
        >>> description = Tess().describe("YAF_pleasant_surprised/YAF_back_ps.wav")
        >>> description.label, description.speaker, description.attributes["word"]
        ('pleasant surprise', 'YAF', 'back')
        """
        name = PurePosixPath(path).name
        parts = self.key(path).split("_")
        if len(parts) != 3 or parts[0] not in AGES or not parts[1]:
            raise CorpusError(
                f"tess: {name} is not a TESS name; expected one as OAF_back_angry.wav, with OAF "
                "or YAF first"
            )
        speaker, word, emotion = parts
        if emotion not in EMOTIONS:
            raise CorpusError(f"tess: {name} has emotion {emotion}; known: {' '.join(EMOTIONS)}")
        attributes = {"word": word, "age": AGES[speaker], "sex": "female"}
        return Description(speaker, EMOTIONS[emotion], attributes)

    def key(self, path: str) -> str:
        stem = PurePosixPath(path).stem
        speaker, _, rest = MISNAMED.get(stem, stem).partition("_")
        # The emotion is written in either case.
        word, _, emotion = rest.rpartition("_")
        return f"{speaker.upper()}_{word}_{emotion.lower()}" if word else stem

    def expected(self, keys: Collection[str]) -> frozenset[str]:
        """Every emotion of every word that is there, by every speaker that is there."""
        parts = [key.split("_") for key in keys if len(key.split("_")) == 3]
        speakers = {part[0] for part in parts} & set(AGES)
        words = {part[1] for part in parts}
        return frozenset(f"{s}_{word}_{e}" for s in speakers for word in words for e in EMOTIONS)

    def contradiction(self, path: str) -> str | None:
        folder = PurePosixPath(path).parent.name.lower()
        speaker, _, emotion = folder.partition("_")
        parts = self.key(path).lower().split("_")
        if speaker not in ("oaf", "yaf") or len(parts) != 3:
            return None
        same = emotion == parts[2] or (parts[2] == "ps" and "surprise" in emotion)
        if speaker == parts[0] and same:
            return None
        return f"lies in {PurePosixPath(path).parent.name}, but its name says {parts[0]} {parts[2]}"
