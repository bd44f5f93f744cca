"""The z-score per speaker: what is known of each speaker's numbers, and rows scaled by it.

Statistics come from parts of a table, in one pass and in any number of processes, and are joined;
the same rows in the same parts give the same bits. Rows are numbers, shape (n_rows, width), or
images, shape (n_rows, width, n_frames), of which each mel band has its own mean and spread.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np

from emodist.learning.dataset import Dataset

# A spread of a feature that hardly moves would blow noise up.
LEAST_SPREAD = 1e-6
# The z-score of a speaker with fewer rows takes what was said away along with the voice.
LEAST_ROWS = 5


@dataclasses.dataclass(frozen=True, eq=False)
class Moments:
    """Of one speaker: number of rows, mean, and sum over rows of squared differences from it.

    Arrays have shape (width,); of an image, its frames are averaged.
    """

    n: int
    mean: np.ndarray
    squares: np.ndarray

    @property
    def variance(self) -> np.ndarray:
        return self.squares / self.n

    def joined(self, more: "Moments") -> "Moments":
        """Of both parts' rows, as by Chan, Golub & LeVeque (1983)."""
        total, step = self.n + more.n, more.mean - self.mean
        return Moments(
            total,
            self.mean + step * (more.n / total),
            self.squares + more.squares + step**2 * (self.n * more.n / total),
        )


# By whatever names the speakers.
Statistics: TypeAlias = dict[Any, Moments]


def spread(of: Moments) -> np.ndarray:
    """What rows are divided by, shape (width,); 1 where a number hardly moves."""
    deviation = np.sqrt(of.variance)
    return np.where(deviation > LEAST_SPREAD, deviation, 1.0)


def statistics(x: np.ndarray, who: np.ndarray) -> Statistics:
    """Of every speaker in some rows.

    Parameters
    ----------
    x : array, shape (n_rows, width) or (n_rows, width, n_frames)
    who : array, shape (n_rows,)
        The name of each row's speaker.
    """
    frames = tuple(range(2, x.ndim))
    moments = {}
    for speaker, rows in _rows_of(who):
        own = x[rows].astype(np.float64)
        mean = own.mean(axis=(0, *frames))
        off = own - mean.reshape(-1, *(1,) * len(frames))
        squares = off**2 if not frames else (off**2).mean(axis=frames)
        moments[speaker] = Moments(len(own), mean, squares.sum(axis=0))
    return moments


def joined(parts: Iterable[Statistics]) -> Statistics:
    """Statistics of all parts, in their order."""
    whole: Statistics = {}
    for part in parts:
        for speaker, moments in part.items():
            known = whole.get(speaker)
            whole[speaker] = moments if known is None else known.joined(moments)
    return whole


def scaled(
    x: np.ndarray,
    who: np.ndarray,
    known: Mapping[Any, Moments],
    spread: Callable[[Moments], np.ndarray] = spread,
) -> np.ndarray:
    """Rows with mean 0 and spread 1 for each speaker, float64, in the shape of `x`.

    Rows of a speaker of whom nothing is known stay as they are.

    Examples
    --------
    >>> x, who = np.array([[1.0], [3.0], [9.0]]), np.array(["a", "a", "b"])
    >>> scaled(x, who, statistics(x[:2], who[:2])).ravel()
    array([-1.,  1.,  9.])
    """
    out = x.astype(np.float64)
    more = (1,) * (x.ndim - 2)
    for speaker, rows in _rows_of(who):
        if speaker in known:
            moments = known[speaker]
            mean, width = moments.mean.reshape(-1, *more), spread(moments).reshape(-1, *more)
            out[rows] = (out[rows] - mean) / width
    return out


def voices(data: Dataset) -> np.ndarray:
    """Who speaks in each row: the corpus's speaker (of a vlog its channel), else the recording."""
    named = zip(data.corpus, data.speaker, data.uri, strict=True)
    return np.array([voice(*row) for row in named], object)


def voice(corpus: str | None, speaker: str | None, uri: str) -> str:
    """The name under which a speaker's statistics are kept."""
    return f"{corpus}/{speaker}" if speaker else uri


def of(x: np.ndarray, data: Dataset) -> Statistics:
    """Of every voice in a dataset, whose numbers or images are `x`.

    Mean and spread are of what was really said: augmented variants do not move them, unless there
    is nothing else of a voice.
    """
    who, is_variant = voices(data), data.is_variant()
    said = statistics(x[~is_variant], who[~is_variant])
    alone = np.array([voice not in said for voice in who], bool)
    return said | statistics(x[alone], who[alone])


def _rows_of(who: np.ndarray) -> list[tuple[Any, np.ndarray]]:
    """Each speaker and the numbers of their rows, in the order of the rows."""
    if not len(who):
        return []
    names, codes, counts = np.unique(who, return_inverse=True, return_counts=True)
    order = np.argsort(codes, kind="stable")
    return list(zip(names.tolist(), np.split(order, np.cumsum(counts)[:-1]), strict=True))
