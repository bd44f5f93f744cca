"""Winners that workers fit again: a short sweep of its own."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from emodist.learning import classifier
from emodist.learning.classifier import Prediction
from emodist.learning.settings import TrainSettings
from emodist.sweeps.trials import Sweep, SweepSettings
from emodist.tuning._refits import NetworkRefits
from tests import make
from tests.tuning.conftest import work


@dataclasses.dataclass(frozen=True, eq=False)
class Network:
    """Says of each row that it is the class of its label, without learning anything."""

    data: Any
    outer: Any

    def settings_of(self, values):
        return dataclasses.make_dataclass("Settings", ["epochs", "width"])(9, values["width"])

    def learned(self, folds, settings, epochs, kept):
        assert epochs == 9
        (fold,) = folds
        y, _ = self.data.targets()
        said = np.full((len(fold.test), 2), 1 / 3)
        said[np.arange(len(fold.test)), y[fold.test]] = 2 / 3
        return Prediction(fold.test, np.full(len(fold.test), fold.name, object), said)


@pytest.fixture(scope="module")
def refits():
    data = make.speech(n_each=4)
    outer = classifier.make_folds(data, TrainSettings(model="lda", folds="group2"))
    return NetworkRefits(
        Network(data, outer), {"group2/1": {"width": 8}, "group2/2": {"width": 16}}
    )


@pytest.fixture(scope="module")
def rows(refits):
    sweep = Sweep(refits, SweepSettings(trials=1))
    work(sweep)
    return sweep.rows


def test_each_winner_is_fitted_once(refits, rows):
    assert [row["search"] for row in rows] == ["refit/group2/1", "refit/group2/2"]
    assert [len(row["steps"]) for row in rows] == [1, 1]


def test_a_row_keeps_what_the_winner_said_of_each_tested_row(refits, rows):
    for row, fold in zip(rows, refits.network.outer, strict=True):
        (step,) = row["steps"]
        assert step["name"] == fold.name
        assert step["values"] == refits.winners[fold.name]
        assert np.shape(step["probabilities"]) == (len(fold.test), 2)
        # All are told right.
        assert row["score"] == 1


def test_a_row_of_an_earlier_run_counts_for_the_same_winner_alone(refits, rows):
    assert [refits.holds(row) for row in rows] == [True, True]
    other = dataclasses.replace(refits, winners={**refits.winners, "group2/2": {"width": 32}})
    assert [other.holds(row) for row in rows] == [True, False]
    assert not refits.holds({**rows[0], "steps": []})
