"""The temperature of a classifier, and on what it was fitted: what the training side allows.

Calibration wants what the classifier has not seen, from the training side alone: an inner
classifier leaves out some units in turn and says how sure it is of them. The units are speakers;
where no class has two of them in training, recordings; where that fails, the temperature is 1.
"""

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from emodist.errors import ConfigError
from emodist.learning import calibration, splits
from emodist.learning.dataset import Dataset
from emodist.learning.folds import Fold, few, words

N_FOLDS = 3


@dataclasses.dataclass(frozen=True)
class Temperature:
    """A temperature, the units that it comes from, and the classes that had no part in it.

    `why` says why there are no units; nothing has gone wrong where nobody asked for them.
    """

    value: float = 1.0
    units: Literal["speakers", "recordings"] | None = None
    left_out: tuple[str, ...] = ()
    why: str = "calibrate=false, as asked"


def fitted(
    data: Dataset,
    rows: np.ndarray,
    probabilities: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> Temperature:
    """The temperature of a classifier that learns from `rows`.

    Parameters
    ----------
    probabilities : callable
        `(train, test)`, both row numbers, to what a classifier of the first says of the second,
        shape (n_test, n_classes).
    """
    folds, units = inner(rows, data.people(), data.recording_id, data.label)
    if units is None:
        return Temperature(why="no two classes have two recordings each in training")
    y, classes = data.targets()
    tested = np.concatenate([fold.test for fold in folds])
    left_out = np.setdiff1d(y[rows], y[tested])
    try:
        said = np.concatenate([probabilities(fold.train, fold.test) for fold in folds])
    except ConfigError as error:
        return Temperature(why=str(error))
    value = calibration.fit_temperature(y[tested], said)
    return Temperature(value, units, tuple(classes[index] for index in left_out))


def inner(
    rows: np.ndarray, people: np.ndarray, recordings: np.ndarray, labels: np.ndarray
) -> tuple[list[Fold], Literal["speakers", "recordings"] | None]:
    """Folds of the training side alone, and the units of which each stands on one side.

    A class of one unit is learned from and not tested. Arrays are of the whole table; unknown
    speakers count as one.

    Returns
    -------
    folds, units
        No folds and None, where no two classes have two units each.
    """
    named = np.array([str(label) for label in labels[rows]])
    who = np.array([str(person) for person in people[rows]])
    dealing = (("speakers", who, _in_groups), ("recordings", words(recordings[rows]), _in_turn))
    for units, unit, deal in dealing:
        # Pairs of class and unit, each once: how many units a class has.
        n_units = Counter(name for name, _ in set(zip(named, unit, strict=True)))
        shared = np.array([n_units[name] > 1 for name in named])
        if len(set(named[shared])) < 2:
            continue
        try:
            fold_of = deal(unit[shared], named[shared])
        except ConfigError:
            # No way to deal them out leaves each class on both sides.
            continue
        number = np.array([fold_of.get(one, -1) for one in unit])
        folds = []
        for index in range(max(fold_of.values()) + 1):
            train = number != index
            test = ~train & shared & np.isin(named, named[train])
            folds.append(Fold(f"inner/{index + 1}", rows[train], rows[test]))
        return [fold for fold in folds if len(fold.test)], units  # type: ignore[return-value]
    return [], None


def notes(temperatures: Sequence[Temperature]) -> list[str]:
    """What a reader must know of the temperatures of some folds, or of one model."""
    said = []
    if n := sum(one.units == "recordings" for one in temperatures):
        said.append(
            f"calibrated on other recordings of the training speakers{_of(n, temperatures)}, who "
            "are too few to leave some out: confidence may be too high for other people"
        )
    left_out = [one for one in temperatures if one.left_out]
    if left_out:
        names = sorted({name for one in left_out for name in one.left_out})
        said.append(
            f"not calibrated for {few(names)}{_of(len(left_out), temperatures)}: one speaker in "
            "training has the class"
        )
    bare = [one for one in temperatures if one.units is None and one != Temperature()]
    if bare:
        reasons = "; ".join(dict.fromkeys(one.why for one in bare))
        said.append(f"not calibrated (temperature 1){_of(len(bare), temperatures)}: {reasons}")
    return said


def _of(n: int, temperatures: Sequence[Temperature]) -> str:
    return f" in {n} of {len(temperatures)} folds" if len(temperatures) > 1 else ""


def _in_groups(people: np.ndarray, labels: np.ndarray) -> dict[str, int]:
    folds = splits.group(people, labels, min(N_FOLDS, len(set(people))))
    return {str(who): index for index, fold in enumerate(folds) for who in set(people[fold.test])}


def _in_turn(recordings: np.ndarray, labels: np.ndarray) -> dict[str, int]:
    """Recordings dealt out class by class; of several classes, by the first."""
    names, first = np.unique(recordings, return_index=True)
    order = np.random.default_rng(0).permutation(len(names))
    order = order[np.argsort(labels[first][order], kind="stable")]
    return {str(names[one]): place % N_FOLDS for place, one in enumerate(order)}
