"""What a reader of a result must know of the rows behind it."""

from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np

from emodist.learning import speaker_norm
from emodist.learning.dataset import Dataset
from emodist.learning.settings import Judged


def of(data: Dataset, settings: Judged) -> tuple[str, ...]:
    """Doubts about labelled rows that a model learns from or is judged on, in sentences."""
    said = [
        f"{shown(names)} are classes of their own and differ only in case or blanks; write them "
        "alike"
        for names in alike(data.label)
    ]
    unknown = sum(speaker is None for speaker in data.speaker)
    if unknown:
        said.append(
            f"{unknown} of {len(data)} rows have no known speaker: they count as one, so intervals "
            "say little"
        )
    if settings.speaker_norm:
        said += _of_speaker_norm(data)
    return tuple(said)


def alike(labels: Iterable[str | None]) -> list[dict[str, int]]:
    """Labels that differ only in case, or in blanks around or between words, with their counts.

    Examples
    --------
    >>> alike(["happy", "Happy", "happy ", "sad", "happy"])
    [{'Happy': 1, 'happy': 2, 'happy ': 1}]
    """
    groups: dict[str, dict[str, int]] = defaultdict(dict)
    for label, n in sorted(Counter(label for label in labels if label is not None).items()):
        groups[" ".join(label.split()).casefold()][label] = n
    return [names for names in groups.values() if len(names) > 1]


def shown(names: dict[str, int]) -> str:
    """Labels with their counts; quotes show blanks."""
    return ", ".join(f"{name!r} ({n})" for name, n in names.items())


def _of_speaker_norm(data: Dataset) -> list[str]:
    rows = data.originals()
    labels: dict[str, list[str]] = defaultdict(list)
    for voice, label in zip(speaker_norm.voices(rows), rows.label, strict=True):
        labels[voice].append(label)
    few = [len(own) < speaker_norm.LEAST_ROWS for own in labels.values()]
    alone = [len(set(own)) < 2 for own in labels.values()]
    n_poor = int(np.logical_or(few, alone).sum())
    if not n_poor:
        return []
    return [
        f"speaker_norm: {n_poor} of {len(labels)} speakers have fewer than "
        f"{speaker_norm.LEAST_ROWS} rows ({sum(few)}) or one class only ({sum(alone)}); their "
        "z-score takes away what was said along with the voice. Compare with speaker_norm=false"
    ]
