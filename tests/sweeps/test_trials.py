"""Proposals, pruning and receipts, on a problem that takes no time."""

import dataclasses
import itertools
import json
from typing import ClassVar

import pytest

from emodist import storage
from emodist.errors import OutputError
from emodist.learning import fingerprint
from emodist.sweeps import output, trials
from emodist.sweeps.trials import Sweep, SweepSettings
from tests.tuning.conftest import speech, work


@dataclasses.dataclass(frozen=True)
class Hill:
    """The score is highest at x = 3; each step adds nothing new."""

    searches: tuple[str, ...] = ("all", "fold/1")
    prune: bool = False
    n: int = 3
    RUNGS: ClassVar[tuple[int, ...]] = trials.RUNGS

    @property
    def space(self):
        return {"x": ("linear", 0.0, 10.0), "kind": ("choice", ("a", "b", None))}

    def applies(self, name, values):
        return True

    def n_steps(self, search):
        return self.n

    def step(self, row):
        x = row["values"]["x"]
        if x > 9:
            raise ValueError("x is too large\nand more")
        return {"name": f"step{len(row['steps'])}", "score": -abs(x - 3)}

    def score(self, steps):
        return sum(step["score"] for step in steps) / len(steps)


def settings(**more):
    return SweepSettings(**{"trials": 16, **more})


def plain(rows):
    kept = ("search", "number", "values", "score", "status", "message")
    return sorted(
        ({k: row[k] for k in kept} for row in rows), key=lambda r: (r["search"], r["number"])
    )


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


@dataclasses.dataclass(frozen=True)
class Owned(Hill):
    """With rows, as the owner of a folder."""

    effect: float = 1.0

    @property
    def data(self):
        return speech(effect=self.effect)

    def fingerprint(self):
        return fingerprint.numbers(self.data)


def test_a_folder_belongs_to_one_sweep(tmp_path):
    out = str(tmp_path / "out")
    record, first = output.begin(out, Owned(), settings())
    assert record["settings"]["seed"] == 0
    again, second = output.begin(out, Owned(), settings(trials=99))
    assert again == record
    assert first != second
    with pytest.raises(OutputError, match="made with seed=0, now it is 1"):
        output.begin(out, Owned(), settings(seed=1))
    with pytest.raises(OutputError, match="made with other rows"):
        output.begin(out, Owned(effect=2.0), settings())
    with pytest.raises(OutputError, match="made with other folds"):
        output.begin(out, Owned(("all",)), settings())
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"thesis\.txt"):
        output.begin(out, Owned(), settings())


def test_what_a_killed_writer_leaves_is_not_a_strange_file(tmp_path):
    (tmp_path / ".4f1e.tmp").write_bytes(b"half")
    assert output.begin(str(tmp_path), Owned(), settings())[0]["runs"] == []
