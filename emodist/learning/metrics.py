"""Metrics from counts per class of resampled speakers, and the intervals that follow.

Arrays with one entry a resample come first: a metric of all speakers is that of one resample in
which each was drawn once. NaN is "not defined". No metric here asks with what a class was
confused, so counts are kept and not confusion matrices: 500 classes would be a million numbers for
every four resamples.
"""

import dataclasses
from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
from scipy.special import ndtr, stdtrit


@dataclasses.dataclass(frozen=True, eq=False)
class Counts:
    """Rows of each class, shape (n_speakers or n_resamples, n_classes).

    `support` is how many are of the class, `said` how many are taken for it, `hits` how many both.
    """

    hits: np.ndarray
    support: np.ndarray
    said: np.ndarray

    def drawn(self, weights: np.ndarray) -> "Counts":
        """Counts of each resample, from how often it draws each speaker."""
        return Counts(weights @ self.hits, weights @ self.support, weights @ self.said)


def counts(
    y: np.ndarray, predicted: np.ndarray, who: np.ndarray | None, n_speakers: int, n_classes: int
) -> Counts:
    """Counts of each speaker; `who` is None where all rows are of one."""
    people = np.zeros(len(y), int) if who is None else who
    is_hit = y == predicted

    def table(classes: np.ndarray, rows: np.ndarray | slice) -> np.ndarray:
        places = people[rows] * n_classes + classes[rows]
        return np.bincount(places, minlength=n_speakers * n_classes).reshape(n_speakers, n_classes)

    everything = slice(None)
    return Counts(table(y, is_hit), table(y, everything), table(predicted, everything))


def confusion(y: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """How often each class (row) was taken for each (column)."""
    places = np.bincount(y * n_classes + predicted, minlength=n_classes**2)
    return places.reshape(n_classes, n_classes)


def uar(of: Counts) -> np.ndarray:
    return mean_defined(recall(of))


def accuracy(of: Counts) -> np.ndarray:
    return of.hits.sum(axis=1) / of.support.sum(axis=1)


def precision(of: Counts) -> np.ndarray:
    return ratio(of.hits, of.said)


def recall(of: Counts) -> np.ndarray:
    return ratio(of.hits, of.support)


def f1(of: Counts) -> np.ndarray:
    return ratio(2 * of.hits, of.said + of.support)


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def mean_defined(per_class: np.ndarray) -> np.ndarray:
    """Mean over the classes for which there is a number; NaN if there is none."""
    has = np.isfinite(per_class)
    return ratio(np.where(has, per_class, 0).sum(axis=1), has.sum(axis=1))


@dataclasses.dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs (row of a class, other row) inside of folds: how many, and how many in the right order.

    `won` and `every` are by the speakers of both rows, shape (n_speakers, n_speakers); `won_alone`
    and `every_alone` by the speaker of folds that test one person, shape (n_speakers,). The AUC of
    a resample follows from them without another look at rows: one who is drawn twice is two people
    in a fold of several, and two folds where the fold is one person.
    """

    won: np.ndarray
    every: np.ndarray
    won_alone: np.ndarray
    every_alone: np.ndarray


# Of each fold its rows, who is tested in it, and the place of each row's speaker among them.
Folds: TypeAlias = list[tuple[np.ndarray, np.ndarray, np.ndarray]]


def in_folds(who: np.ndarray, fold: np.ndarray) -> Folds:
    rows = [np.flatnonzero(fold == index) for index in range(fold.max() + 1)]
    return [(own, *np.unique(who[own], return_inverse=True)) for own in rows]


def auc_pairs(is_class: np.ndarray, score: np.ndarray, folds: Folds, n_speakers: int) -> Pairs:
    """Pairs of one class; ties count half."""
    won, every = np.zeros((2, n_speakers, n_speakers))
    won_alone, every_alone = np.zeros((2, n_speakers))
    for rows, people, who in folds:
        own = is_class[rows]
        wins = _wins(own, score[rows], who, len(people))
        n_own, n_all = (np.bincount(part, minlength=len(people)) for part in (who[own], who))
        pairs = np.outer(n_own, n_all - n_own)
        if len(people) == 1:
            won_alone[people] += wins[0]
            every_alone[people] += pairs[0]
        else:
            won[np.ix_(people, people)] += wins
            every[np.ix_(people, people)] += pairs
    return Pairs(won, every, won_alone, every_alone)


def _wins(is_class: np.ndarray, score: np.ndarray, who: np.ndarray, n: int) -> np.ndarray:
    """Pairs in the right order, by the speakers of both rows."""
    wins = np.zeros((n, n))
    positive = np.sort(score[is_class])
    owner = who[is_class][np.argsort(score[is_class], kind="stable")]
    for speaker in range(n):
        others = np.sort(score[~is_class & (who == speaker)])
        below = np.searchsorted(others, positive) + np.searchsorted(others, positive, side="right")
        wins[:, speaker] = np.bincount(owner, below / 2, minlength=n)
    return wins


def aucs(pairs: Iterable[Pairs], weights: np.ndarray) -> np.ndarray:
    """ROC AUC of each class in each resample, shape (n_resamples, n_classes).

    The share of pairs in the right order over all folds: the mean of the folds' areas, each
    weighted by its pairs.
    """

    def drawn(together: np.ndarray, alone: np.ndarray) -> np.ndarray:
        area = weights @ alone
        return area + ((weights @ together) * weights).sum(axis=1) if together.any() else area

    shares = [ratio(drawn(of.won, of.won_alone), drawn(of.every, of.every_alone)) for of in pairs]
    return np.stack(shares, axis=1)


def resamples_of(n: int, n_resamples: int, rng: np.random.Generator | None) -> np.ndarray:
    """How often each speaker is drawn in each resample."""
    rng = rng or np.random.default_rng(0)
    return rng.multinomial(n, np.full(n, 1 / n), size=n_resamples).astype(float)


def interval_of(values: np.ndarray, n_speakers: int) -> tuple[float, float]:
    """95% interval: expanded percentiles, which make up for few speakers.

    Hesterberg, *What Teachers Should Know About the Bootstrap* (2015), section 4.1.
    """
    values = values[np.isfinite(values)]
    if n_speakers < 2 or not len(values):
        return (np.nan, np.nan)
    tail = ndtr(np.sqrt(n_speakers / (n_speakers - 1)) * stdtrit(n_speakers - 1, 0.025))
    low, high = np.quantile(values, [tail, 1 - tail])
    return (float(low), float(high))
