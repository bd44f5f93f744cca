"""A fold, and what holds for folds of any protocol: who stands where, and which variants may."""

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from emodist.corpora import how_to_name_speakers
from emodist.errors import ConfigError

# One value per row.
Column: TypeAlias = Sequence[Any] | np.ndarray
OVERLAP = "speakers overlap"
UNKNOWN = "speakers unknown"


@dataclasses.dataclass(frozen=True, eq=False)
class Fold:
    """Rows to learn from and rows to be judged on; `train` and `test` are sorted row numbers."""

    name: str
    train: np.ndarray
    test: np.ndarray


def renumbered(folds: Sequence[Fold], rows: np.ndarray) -> list[Fold]:
    """Folds of a part of a table, whose rows have the given numbers in the whole."""
    return [Fold(fold.name, rows[fold.train], rows[fold.test]) for fold in folds]


def with_variants(rows: np.ndarray, sources: Column, is_variant: np.ndarray) -> np.ndarray:
    """Training rows, and the augmented variants of the recordings that train as a whole.

    A recording of which a part stands elsewhere, as in a random split of windows, has no
    variants in training: they could hold what is tested.

    Parameters
    ----------
    rows : int array
        Of the training side.
    sources : shape (n_rows,)
        The recording that each row of the table was made from.
    is_variant : bool array, shape (n_rows,)

    Returns
    -------
    int array, sorted

    Examples
    --------
    >>> with_variants(np.array([0, 1]), ["a", "b", "a", "c"], np.array([False, False, True, True]))
    array([0, 1, 2])
    """
    if not is_variant.any():
        return rows
    _, source = np.unique(words(sources), return_inverse=True)
    trains = np.zeros(len(source), bool)
    trains[rows] = True
    n_inside = np.bincount(source[trains & ~is_variant], minlength=source.max() + 1)
    n_outside = np.bincount(source[~trains & ~is_variant], minlength=source.max() + 1)
    is_whole = (n_inside > 0) & (n_outside == 0)
    return np.flatnonzero((trains & ~is_variant) | (is_variant & is_whole[source]))


def overlap(folds: Sequence[Fold], speakers: Column) -> dict[str, list[str]]:
    """Speakers on both sides, by the name of the fold; empty where there are none."""
    people, who = np.unique(words(speakers), return_inverse=True)
    shared = {
        fold.name: [
            person
            for person in people[present(who, fold.train) & present(who, fold.test)].tolist()
            if person
        ]
        for fold in folds
    }
    return {name: found for name, found in shared.items() if found}


def check(folds: Sequence[Fold], speakers: Column) -> None:
    """Nothing, if the folds are speaker-independent.

    Raises
    ------
    ConfigError
        If a speaker stands on both sides of a fold, or is unknown.
    """
    for name, shared in overlap(folds, _known(speakers)).items():
        raise ConfigError(
            f"{name}: {len(shared)} speakers stand on both sides: {few(shared)}; "
            "split people, not rows (loso, group5)"
        )


def _known(speakers: Column, corpus: Column | None = None) -> np.ndarray:
    """The speakers, none of whom is unknown; how to name them depends on the corpus."""
    people = np.asarray(speakers, object)
    if not len(people):
        raise ConfigError("folds need rows; there are none")
    is_unknown = np.array([speaker is None for speaker in people])
    if is_unknown.any():
        where = set() if corpus is None else set(np.asarray(corpus, object)[is_unknown])
        raise ConfigError(
            f"speaker-independent folds need every speaker; {is_unknown.sum()} of {len(people)} "
            f"rows have none. Name them when featurizing ({how_to_name_speakers(where)}), or leave "
            "those rows out"
        )
    return people.astype(str)


def words(values: Column) -> np.ndarray:
    words = np.asarray(values, object)
    if not len(words):
        raise ConfigError("folds need rows; there are none")
    return np.array(["" if word is None else str(word) for word in words])


def present(codes: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Which codes occur in the rows, as a mask over all codes."""
    mask = np.zeros(codes.max() + 1, bool)
    mask[codes[rows]] = True
    return mask


def few(words: Column, n_shown: int = 8) -> str:
    shown = ", ".join(map(str, words[:n_shown])) or "none"
    return shown + (f" and {len(words) - n_shown} more" if len(words) > n_shown else "")
