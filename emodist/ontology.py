"""What the labels of each corpus mean in common words, and what is lost on the way.

One table, with a version that any change raises. The common words are those that several corpora
share, plus those that cannot be folded into a neighbour without saying something untrue: calm is
not neutral, bored is not sad, frustrated is not angry, contempt is not disgust. `other` is what
raters called none of the offered words. A row whose meaning shifts says how in `lost`.

Nothing is mapped unless somebody asks, and an unknown label is an error, never `other`.
"""

from collections.abc import Iterable
from typing import NamedTuple

from emodist.errors import ConfigError
from emodist.registry import suggest

VERSION = 1
COMMON = (
    "neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised", "bored",
    "contempt", "frustrated", "other",
)  # fmt: skip


class Row(NamedTuple):
    """Where a label goes; `lost` is empty where only the word changes.

    `common` is None where the label says that there is none, as when raters did not agree.
    """

    corpus: str
    label: str
    common: str | None
    lost: str = ""


TABLE: tuple[Row, ...] = (
    Row("ravdess", "neutral", "neutral"),
    Row("ravdess", "calm", "calm", "a second baseline beside neutral; no other corpus here has it"),
    Row("ravdess", "happy", "happy"),
    Row("ravdess", "sad", "sad"),
    Row("ravdess", "angry", "angry"),
    Row("ravdess", "fearful", "fearful"),
    Row("ravdess", "disgust", "disgust"),
    Row("ravdess", "surprised", "surprised"),
    Row("crema_d", "neutral", "neutral"),
    Row("crema_d", "happy", "happy"),
    Row("crema_d", "sad", "sad"),
    Row("crema_d", "anger", "angry"),
    Row("crema_d", "fear", "fearful"),
    Row("crema_d", "disgust", "disgust"),
    Row("emo_db", "neutral", "neutral"),
    Row("emo_db", "happiness", "happy", "Freude is nearer to joy; it is acted loud and lively"),
    Row("emo_db", "sadness", "sad"),
    Row("emo_db", "anger", "angry", "Wut is hot anger; cold anger is not in the corpus"),
    Row("emo_db", "fear", "fearful", "Angst is fear and anxiety"),
    Row("emo_db", "disgust", "disgust"),
    Row("emo_db", "boredom", "bored"),
    Row("tess", "neutral", "neutral"),
    Row("tess", "happy", "happy"),
    Row("tess", "sad", "sad"),
    Row("tess", "angry", "angry"),
    Row("tess", "fear", "fearful"),
    Row("tess", "disgust", "disgust"),
    Row(
        "tess", "pleasant surprise", "surprised",
        "only pleasant surprise; elsewhere surprise may be unpleasant",
    ),
    Row("savee", "neutral", "neutral"),
    Row("savee", "happiness", "happy"),
    Row("savee", "sadness", "sad"),
    Row("savee", "anger", "angry"),
    Row("savee", "fear", "fearful"),
    Row("savee", "disgust", "disgust"),
    Row("savee", "surprise", "surprised"),
    Row("iemocap", "neutral", "neutral"),
    Row("iemocap", "happy", "happy", "with classes=four, excited (exc) is in it already"),
    Row(
        "iemocap", "excited", "happy",
        "merged: excited is positive but aroused, and two thirds of what happy then holds",
    ),
    Row("iemocap", "sad", "sad"),
    Row("iemocap", "angry", "angry"),
    Row(
        "iemocap", "frustrated", "frustrated",
        "the largest class; no other corpus here has it, and there it is mostly called anger",
    ),
    Row("iemocap", "fearful", "fearful"),
    Row("iemocap", "disgusted", "disgust"),
    Row("iemocap", "surprised", "surprised"),
    Row("iemocap", "other", "other"),
    Row("iemocap", "no agreement", None, "raters chose different words; it is none of them"),
    Row("msp_podcast", "neutral", "neutral"),
    Row("msp_podcast", "happiness", "happy"),
    Row("msp_podcast", "sadness", "sad"),
    Row("msp_podcast", "anger", "angry"),
    Row("msp_podcast", "fear", "fearful"),
    Row("msp_podcast", "disgust", "disgust"),
    Row("msp_podcast", "contempt", "contempt"),
    Row("msp_podcast", "surprise", "surprised"),
    Row("msp_podcast", "other", "other"),
    Row("meld", "neutral", "neutral"),
    Row("meld", "joy", "happy", "judged from text and picture too; often laughter and irony"),
    Row("meld", "sadness", "sad"),
    Row("meld", "anger", "angry", "frustration and annoyance were judged as anger"),
    Row("meld", "fear", "fearful"),
    Row("meld", "disgust", "disgust"),
    Row("meld", "surprise", "surprised", "pleasant and unpleasant"),
)  # fmt: skip


def rows(corpus: str | None = None) -> tuple[Row, ...]:
    """The table, or the part of one corpus.

    Raises
    ------
    ConfigError
        If the table has no such corpus.
    """
    if corpus is None:
        return TABLE
    found = tuple(row for row in TABLE if row.corpus == corpus)
    if not found:
        known = dict.fromkeys(row.corpus for row in TABLE)
        raise ConfigError(
            f"the label table has no corpus {corpus!r}, so its labels cannot be mapped; "
            + suggest(corpus, known)
        )
    return found


def common(corpus: str, label: str | None) -> str | None:
    """The common word for a label; None for no label.

    Raises
    ------
    ConfigError
        If the corpus has no such label.

    Examples
    --------
    >>> common("tess", "pleasant surprise"), common("ravdess", "calm")
    ('surprised', 'calm')
    """
    known = {row.label: row.common for row in rows(corpus)}
    if label is None:
        return None
    if label not in known:
        raise ConfigError(f"{corpus} has no label {label!r}; {suggest(label, known)}")
    return known[label]


def map_labels(corpus: str, labels: Iterable[str | None]) -> list[str | None]:
    """The common words for many labels, in their order.

    Raises
    ------
    ConfigError
        If the corpus has no such label.
    """
    return [common(corpus, label) for label in labels]


def lost(corpus: str, labels: Iterable[str | None]) -> list[str]:
    """What the mapping of these labels loses, a sentence each; for the report beside a result."""
    used = set(labels)
    return [
        f"{row.corpus} {row.label} -> {row.common or 'no label'}: {row.lost}"
        for row in rows(corpus)
        if row.label in used and row.lost
    ]


def text(corpus: str | None = None) -> str:
    """The table for people to read."""
    lines = [f"label table, version {VERSION}; common words: {', '.join(COMMON)}"]
    for row in rows(corpus):
        line = f"{row.corpus:12} {row.label:18} {row.common or 'no label':11} {row.lost}"
        lines.append(line.rstrip())
    return "\n".join(lines)
