"""What a trial keeps between its steps."""

import numpy as np
import pytest

from emodist.errors import OutputError
from emodist.learning.folds import Fold
from emodist.network_training.state import State
from emodist.tuning._kept import Kept

ONE, OTHER = (Fold(name, np.arange(2), np.arange(2)) for name in ("group2/1", "group2/2"))


def test_a_folder_of_a_trial_holds_nothing_of_another_configuration(tmp_path):
    one, two = (Kept(str(tmp_path), values) for values in ({"a": 1}, {"a": 2}))
    one.keep_step([{"score": 0.5}])
    assert one.steps() == [{"score": 0.5}]
    assert two.steps() == []
    assert Kept(None, {"a": 1}).steps() == []


def test_each_fold_has_a_network_of_its_own(tmp_path):
    kept = Kept(str(tmp_path), {"a": 1})
    kept.keep_state(ONE, State(epoch=3))
    assert kept.state(ONE).epoch == 3
    assert kept.state(OTHER).epoch == 0
    assert kept.place(ONE) != kept.place(OTHER)


def test_a_trial_that_comes_back_finds_what_it_kept(tmp_path):
    Kept(str(tmp_path), {"a": 1, "b": None}).keep_state(ONE, State(epoch=2))
    assert Kept(str(tmp_path), {"b": None, "a": 1}).state(ONE).epoch == 2


def test_without_a_folder_nothing_is_kept():
    kept = Kept(None, {"a": 1})
    kept.keep_step([{"score": 0.5}])
    kept.keep_state(ONE, State(epoch=3))
    assert kept.place(ONE) is None
    assert (kept.steps(), kept.state(ONE).epoch) == ([], 0)


def test_a_network_that_was_half_written_is_told_by_its_place(tmp_path):
    kept = Kept(str(tmp_path), {})
    kept.keep_state(ONE, State(epoch=3))
    with open(kept.place(ONE), "r+b") as file:
        file.truncate(50)
    with pytest.raises(OutputError, match=r"\.npz is no checkpoint"):
        kept.state(ONE)
