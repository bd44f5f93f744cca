"""What the labels of each corpus mean in common words, and what is lost on the way.

Each corpus says it in its own file (`corpora.Corpus.common`); together they are one table, with a
version that any change of emodist's own part raises. The common words are those that several
corpora share, plus those that cannot be folded into a neighbour without saying something untrue:
calm is not neutral, bored is not sad, frustrated is not angry, contempt is not disgust. `other` is
what raters called none of the offered words. A row whose meaning shifts says how in `lost`.

Nothing is mapped unless somebody asks, and an unknown label is an error, never `other`.
"""

import contextlib
from collections.abc import Iterable
from typing import Any, NamedTuple

from emodist import registry
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


def rows(corpus: str | None = None) -> tuple[Row, ...]:
    """The table, or the part of one corpus.

    A plugin that cannot be used stands in no table but in an error, where its corpus is asked for.

    Raises
    ------
    ConfigError
        If the table has no such corpus, or it maps a label to no common word.
    """
    if corpus is not None and corpus in registry.names("corpora"):
        known = _rows(corpus)
        if known:
            return known
    table: list[Row] = []
    for name in registry.names("corpora"):
        with contextlib.suppress(ConfigError):
            table += _rows(name)
    if corpus is None:
        return tuple(table)
    raise ConfigError(
        f"the label table has no corpus {corpus!r}, so its labels cannot be mapped; "
        + suggest(corpus, dict.fromkeys(row.corpus for row in table))
    )


def _rows(corpus: str) -> tuple[Row, ...]:
    entry: Any = registry.get("corpora", corpus)
    made = []
    for label, meaning in getattr(entry, "common", {}).items():
        word, lost = meaning if isinstance(meaning, tuple) else (meaning, "")
        if word is not None and word not in COMMON:
            raise ConfigError(
                f"{corpus} maps {label!r} to {word!r}, which is no common word; "
                + suggest(str(word), COMMON)
            )
        made.append(Row(corpus, label, word, lost))
    return tuple(made)


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
