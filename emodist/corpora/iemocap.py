"""IEMOCAP: ten actors in five two-person sessions, played from scripts and improvised.

An utterance is named dialogue_turn, as in Ses01F_impro01_M003: the letter of the last part, not
the one of the first, says who speaks. Labels are in SessionN/dialog/EmoEvaluation/*.txt.
"""

import dataclasses
import re
from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import PurePosixPath
from typing import ClassVar, Self

from emodist import storage
from emodist.corpora import Corpus, Description, Meanings, Protocol, _labels
from emodist.errors import AsideError, ConfigError, CorpusError

EMOTIONS = {
    "ang": "angry", "hap": "happy", "exc": "excited", "sad": "sad", "neu": "neutral",
    "fru": "frustrated", "fea": "fearful", "sur": "surprised", "dis": "disgusted", "oth": "other",
}  # fmt: skip
FOUR = {"ang": "angry", "hap": "happy", "exc": "happy", "sad": "sad", "neu": "neutral"}
NO_AGREEMENT = "no agreement"
SESSIONS = ("1", "2", "3", "4", "5")
DIALOGUE = r"Ses0([1-5])[FM]_(impro|script)\w*?"
UTTERANCE = re.compile(DIALOGUE + r"_([FM])(?:[A-Z]*\d+\w*)")
WHOLE = re.compile(DIALOGUE)
NUMBER = r"-?\d+(?:\.\d+)?"
LINE = re.compile(
    rf"\[\s*{NUMBER}\s*-\s*{NUMBER}\s*\]\s+(\S+)\s+(\w+)\s+"
    rf"\[\s*({NUMBER})\s*,\s*({NUMBER})\s*,\s*({NUMBER})\s*\]"
)
CITATION = """\
@article{busso2008iemocap,
  author = {Busso, Carlos and Bulut, Murtaza and Lee, Chi-Chun and Kazemzadeh, Abe and Mower, Emily and Kim, Samuel and Chang, Jeannette N. and Lee, Sungbok and Narayanan, Shrikanth S.},
  title = {{IEMOCAP}: Interactive Emotional Dyadic Motion Capture Database},
  journal = {Language Resources and Evaluation},
  volume = {42},
  pages = {335--359},
  year = {2008},
  doi = {10.1007/s10579-008-9076-6}
}
"""  # noqa: E501


@dataclasses.dataclass(frozen=True)
class Iemocap(Corpus):
    """Speaker is the session and F or M, as in Ses01F; the raters' code is the attribute `emotion`.

    Parameters
    ----------
    classes : {"four", "all"}
        `four` is the field's custom: neutral, angry, sad, and happy, which there includes
        excited (`hap` and `exc`); utterances with other emotions have no label. `all` keeps ten
        apart.
    without_agreement : {"unlabelled", "label", "error"}
        What becomes of utterances on which the raters did not agree (`xxx`, a quarter of all):
        no label, the label "no agreement", or a failure.
    label_folder : str or None
        The folder that holds Session1 to Session5; None: looked for in the folder of the sound
        and the three above it.
    """

    classes: str = "four"
    without_agreement: str = "unlabelled"
    label_folder: str | None = None

    title: ClassVar[str] = "Interactive Emotional Dyadic Motion Capture Database (IEMOCAP)"
    source: ClassVar[str] = "https://sail.usc.edu/iemocap/"
    licence: ClassVar[str] = "research only, after a signed licence form"
    citation: ClassVar[str] = CITATION
    access: ClassVar[str] = (
        "Fill in the release form at the source; the address of the files comes by mail. Use "
        "the whole release, or the sound in sentences/ with dialog/EmoEvaluation beside it."
    )
    labels: ClassVar[tuple[str, ...]] = (*EMOTIONS.values(), NO_AGREEMENT)
    common: ClassVar[Meanings] = {
        "neutral": "neutral",
        "happy": ("happy", "with classes=four, excited (exc) is in it already"),
        "excited": (
            "happy",
            "merged: excited is positive but aroused, and two thirds of what happy then holds",
        ),
        "sad": "sad", "angry": "angry",
        "frustrated": (
            "frustrated",
            "the largest class; no other corpus here has it, and there it is mostly called anger",
        ),
        "fearful": "fearful", "disgusted": "disgust", "surprised": "surprised", "other": "other",
        "no agreement": (None, "raters chose different words; it is none of them"),
    }  # fmt: skip
    acted: ClassVar[bool] = True
    speakers: ClassVar[tuple[str, ...]] = tuple(f"Ses0{s}{sex}" for s in SESSIONS for sex in "FM")
    n_recordings: ClassVar[int | None] = 10039
    # As the raters' codes say: the four customary classes are 5531 with happy and excited.
    label_counts: ClassVar[Mapping[str, int]] = {
        "angry": 1103, "happy": 595, "excited": 1041, "sad": 1084, "neutral": 1708,
        "frustrated": 1849, "fearful": 40, "surprised": 107, "disgusted": 2, "other": 3,
        NO_AGREEMENT: 2507,
    }  # fmt: skip
    protocols: ClassVar[tuple[Protocol, ...]] = (
        Protocol("by:session", "leave one session, that is two speakers, out", by="session"),
        Protocol("loso", "leave one of the ten speakers out, his or her partner being in training"),
    )
    defects: ClassVar[tuple[str, ...]] = (
        "The letter at the start of a name is the actor who wore the markers, not who speaks.",
        "A quarter of the utterances have no majority (xxx).",
        "Both partners are audible in each channel, and turns overlap.",
        "Scripted dialogues repeat their words in every session, so text leaks across folds.",
        "Papers differ in what they count: with excited as happy, four classes have 5531 turns.",
    )

    def __post_init__(self) -> None:
        if self.classes not in ("four", "all"):
            raise ConfigError(f"classes takes four or all; got {self.classes!r}")
        if self.without_agreement not in ("unlabelled", "label", "error"):
            raise ConfigError(
                "without_agreement takes unlabelled, label or error; "
                f"got {self.without_agreement!r}"
            )

    def opened(self, root: str) -> Self:
        if self.label_folder:
            return self
        names = [f"Session{session}/dialog/EmoEvaluation" for session in SESSIONS]
        found = _labels.find(root, names, n_above=3)
        if found is None:
            raise CorpusError(
                f"iemocap: labels need SessionN/dialog/EmoEvaluation/*.txt, which is not in {root} "
                "or above it; use the whole release, or name its folder with "
                "iemocap.label_folder=DIR"
            )
        return dataclasses.replace(self, label_folder=found.rsplit("/", 3)[0])

    def describe(self, path: str) -> Description:
        """Speaker and session from the name, the label from the raters' files.

        Raises
        ------
        CorpusError
            If the file is no utterance of IEMOCAP, or no rater has judged it.
        """
        name, turn = PurePosixPath(path).name, PurePosixPath(path).stem
        match = UTTERANCE.fullmatch(turn)
        if match is None:
            if WHOLE.fullmatch(turn):
                raise AsideError(
                    f"iemocap: {name} is a whole dialogue; its turns are in sentences/"
                )
            raise CorpusError(
                f"iemocap: {name} is not an IEMOCAP name; expected one as Ses01F_impro01_M003.wav"
            )
        session, scene, sex = match.groups()
        if turn not in self._turns:
            where = self.label_folder or "label files, for none were opened"
            raise CorpusError(f"iemocap: {name} is not in the EmoEvaluation of {where}")
        emotion, valence, activation, dominance = self._turns[turn]
        if emotion == "xxx" and self.without_agreement == "error":
            raise CorpusError(f"iemocap: the raters of {name} did not agree (xxx)")
        label = (EMOTIONS if self.classes == "all" else FOUR).get(emotion)
        if emotion == "xxx" and self.without_agreement == "label":
            label = NO_AGREEMENT
        attributes = {
            "session": session,
            "dialogue": turn.rpartition("_")[0],
            "kind": "improvised" if scene == "impro" else "scripted",
            "sex": "male" if sex == "M" else "female",
            "emotion": emotion,
            "valence": valence,
            "activation": activation,
            "dominance": dominance,
        }
        return Description(f"Ses0{session}{sex}", label, attributes)

    def expected(self, keys: Collection[str]) -> frozenset[str]:
        """The rated turns of the sessions that are there."""
        present = {key[:5] for key in keys}
        return frozenset(turn for turn in self._turns if turn[:5] in present)

    @cached_property
    def _turns(self) -> dict[str, tuple[str, str, str, str]]:
        turns: dict[str, tuple[str, str, str, str]] = {}
        if self.label_folder is None:
            return turns
        for session in SESSIONS:
            folder = storage.join(self.label_folder, f"Session{session}/dialog/EmoEvaluation")
            for name in sorted(storage.names(folder)):
                # Beside them lie the raters' own files, in folders, and hidden copies of macOS.
                if name.endswith(".txt") and name.startswith("Ses"):
                    text = _labels.read("iemocap", storage.join(folder, name))
                    for match in LINE.finditer(text):
                        turn, emotion, valence, activation, dominance = match.groups()
                        turns[turn] = (emotion.lower(), valence, activation, dominance)
        if not turns:
            raise CorpusError(f"iemocap: {self.label_folder} has no rated turn in EmoEvaluation")
        return turns
