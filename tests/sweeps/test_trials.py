"""Proposals, pruning and receipts, on a problem that takes no time."""

import dataclasses

import pytest

from emodist import storage
from emodist.errors import OutputError
from emodist.sweeps import trials
from emodist.sweeps.trials import Sweep
from tests.sweeps.hill import Hill, plain, settings
from tests.tuning.conftest import work

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("n_done", [0, 7, 32])
def test_a_sweep_that_goes_on_does_the_rest_and_is_the_undisturbed_one(n_done, tmp_path):
    kind = Hill()
    whole = Sweep(kind, settings())
    work(whole)
    first = Sweep(kind, settings(), heard=lambda row: trials.save_row(str(tmp_path), kind, row))
    work(first, most=n_done)
    saved = trials.saved_rows(str(tmp_path), kind)
    second = Sweep(kind, settings(), saved)
    assert second.n_waiting == 32 - n_done
    told = work(second)
    assert not {(r["search"], r["number"]) for r in told} & {
        (r["search"], r["number"]) for r in saved
    }
    assert plain(second.rows) == plain(whole.rows)
    assert trials.best(second.rows, "all")["values"] == trials.best(whole.rows, "all")["values"]


def test_a_failure_is_a_row_with_one_line_and_is_never_best():
    sweep = Sweep(Hill(), settings(trials=40))
    work(sweep)
    failed = [row for row in sweep.rows if row["status"] == "failed"]
    assert failed
    assert {row["message"] for row in failed} == {"ValueError: x is too large"}
    assert all(row["score"] is None for row in failed)
    assert trials.best(sweep.rows, "all")["values"]["x"] == pytest.approx(3, abs=0.5)


def test_pruning_stops_what_is_not_of_the_best_third_and_keeps_the_best():
    sweep = Sweep(Hill(prune=True), settings(trials=40))
    work(sweep)
    whole = Sweep(Hill(), settings(trials=40))
    work(whole)
    assert trials.counts(whole.rows)["pruned"] == 0
    pruned = [row for row in sweep.rows if row["status"] == "pruned"]
    assert len(pruned) > 0.3 * len(sweep.rows)
    assert all(len(row["steps"]) == 1 for row in pruned)
    best, same = (trials.best(rows, "all") for rows in (sweep.rows, whole.rows))
    assert best["number"] == same["number"]


def test_pruning_does_not_hear_of_other_searches():
    def pruned(searches):
        sweep = Sweep(Hill(searches=searches, prune=True), settings(trials=30))
        work(sweep)
        return [row["number"] for row in sweep.rows if row["status"] == "pruned" == row["status"]
                and row["search"] == "all"]  # fmt: skip

    assert pruned(("all",)) == pruned(("all", "fold/1", "fold/2"))


def test_what_a_trial_keeps_between_its_steps_goes_when_it_has_its_receipt(tmp_path):
    sweep = Sweep(Hill(), settings(trials=1), out=str(tmp_path))
    rows = [sweep.ask(), sweep.ask()]
    assert len({row["scratch"] for row in rows}) == 2
    for row in rows:
        storage.write(storage.join(row["scratch"], "state"), b"half")
    told = sweep.tell(rows[0])
    assert "scratch" not in told
    trials.save_row(str(tmp_path), Hill(), told)
    assert [storage.exists(row["scratch"]) for row in rows] == [False, True]


@dataclasses.dataclass(frozen=True)
class Homeless(Hill):
    def step(self, row):
        raise OutputError("/full cannot be written: No space left on device")


def test_a_place_that_cannot_be_written_is_no_failure_of_the_configuration():
    with pytest.raises(OutputError, match="No space left"):
        work(Sweep(Homeless(), settings()))
