import itertools
import json

import pytest

from emodist.sweeps.proposals import draw
from emodist.sweeps.trials import Sweep
from tests.sweeps.hill import Hill, plain, settings
from tests.tuning.conftest import work


def test_each_search_tries_the_same_different_configurations():
    sweep = Sweep(Hill(), settings())
    work(sweep)
    of = {
        name: [row["values"] for row in sweep.rows if row["search"] == name]
        for name in Hill().searches
    }
    assert of["all"] == of["fold/1"]
    assert len({json.dumps(values) for values in of["all"]}) == 16
    places = sorted(values["x"] for values in of["all"])
    # Quasi-random: 16 points leave no fifth of the range out.
    assert max(b - a for a, b in itertools.pairwise(places)) < 2


def test_more_trials_continue_the_same_sequence():
    few, many = Sweep(Hill(), settings(trials=5)), Sweep(Hill(), settings(trials=12))
    work(few), work(many)
    assert plain(few.rows) == [row for row in plain(many.rows) if row["number"] < 5]


def test_another_seed_tries_other_configurations():
    one, two = Sweep(Hill(), settings()), Sweep(Hill(), settings(seed=1))
    assert one.ask()["values"] != two.ask()["values"]


@pytest.mark.slow
def test_optuna_comes_closer_than_its_first_draws_and_goes_on_after_a_break():
    pytest.importorskip("optuna")
    chosen = settings(search="optuna", trials=40)
    first = Sweep(Hill(("all",)), chosen)
    work(first, most=25)
    second = Sweep(Hill(("all",)), chosen, first.rows)
    assert second.n_waiting == 15
    work(second)
    by_number = {row["number"]: row for row in second.rows}
    assert sorted(by_number) == list(range(40))
    late = [abs(by_number[n]["values"]["x"] - 3) for n in range(25, 40)]
    early = [abs(by_number[n]["values"]["x"] - 3) for n in range(10)]
    assert sum(late) / len(late) < sum(early) / len(early)


def test_a_dimension_that_does_not_apply_is_left_out():
    class Choosy(Hill):
        def applies(self, name, values):
            return name == "x" or values["x"] > 5

    for x, wanted in ((2.0, {"x": 2.0}), (7.0, {"x": 7.0, "kind": "a"})):
        picked = {"x": x, "kind": "a"}
        assert draw(Choosy(), lambda name, dimension: picked[name]) == wanted  # noqa: B023
