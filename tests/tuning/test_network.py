"""The choice of a network: what a step costs and keeps, and that nothing of a test side is seen."""

import dataclasses
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from emodist import config, registry, spaces
from emodist.errors import ConfigError
from emodist.network_training.settings import NetworkSettings
from emodist.network_training.sources import ArraySource
from emodist.sweeps import output, trials
from emodist.sweeps.proposals import draw
from emodist.sweeps.trials import Sweep
from emodist.tuning._nested import ALL
from emodist.tuning._network_sweep import MODELS, parts
from emodist.tuning.network import Network, NetworkSweep
from tests import make
from tests.tuning.conftest import work

QUICK = {
    "models": ("mlp_net",),
    "model_settings": {"mlp_net": {"width": 8, "depth": 1}},
    "epochs": 3,
    "batch_size": 16,
    "folds": "group2",
    "trials": 1,
}


def problem(data=None, **settings):
    data = make.speech() if data is None else data
    settings = NetworkSweep(**{**QUICK, **settings})
    return Network.of(data, {model: ArraySource(data.x) for model in settings.models}, settings)


def tuned(kind, out=None, most=None):
    def heard(row):
        if out is not None:
            trials.save_row(str(out), kind, row)

    sweep = Sweep(kind, kind.settings, heard=heard, out=None if out is None else str(out))
    work(sweep, most)
    return sweep.rows


def plain(rows):
    kept = ("search", "number", "values", "steps", "score", "status")
    return [{name: row[name] for name in kept} for row in rows]


def write_table(path, n_mels=16, without=()):
    """Eight voices that say two things: flat numbers, an image of `n_mels` by 24."""
    data = make.speech()
    images = np.random.default_rng(0).normal(size=(len(data), n_mels, 24))
    numbers = {"rms": data.x[:, :4], "log_mel": images.astype(np.float32)}
    numbers = {name: x for name, x in numbers.items() if name not in without}
    words = {name: getattr(data, name) for name in ("recording_id", "uri", "speaker", "label")}
    return make.table(path, numbers, corpus=data.corpus, **words)


@pytest.fixture(scope="module")
def small():
    """A sweep of one configuration, and its winners."""
    kind = problem(make.speech(effect=3), learning_rate=0.03, epochs=30, prune=False)
    rows = tuned(kind)
    winners = Sweep(kind.refits(rows), kind.settings)
    work(winners)
    return kind, rows, winners.rows


def test_an_inner_fold_has_nobody_of_its_outer_test_side():
    kind = problem()
    people = kind.data.people()
    for fold in kind.outer:
        for inner in kind.inner[fold.name]:
            seen = np.concatenate([inner.train, inner.test])
            assert not set(people[seen]) & set(people[fold.test])
            assert not set(people[inner.train]) & set(people[inner.test])


@pytest.mark.tf
def test_rows_of_the_outer_test_side_change_nothing_in_that_folds_search():
    data = make.speech()
    before = tuned(problem(data, prune=False, learning_rate=0.01))
    fold = problem(data).outer[0]
    x = data.x.copy()
    x[fold.test] = np.random.default_rng(9).normal(size=x[fold.test].shape) + 50
    after = tuned(problem(dataclasses.replace(data, x=x), prune=False, learning_rate=0.01))

    def found(rows, name):
        return [row for row in plain(rows) if row["search"] == name]

    assert found(before, fold.name) == found(after, fold.name)
    assert found(before, ALL) != found(after, ALL)


@pytest.mark.tf
def test_the_same_seed_gives_the_same_trials_and_another_seed_others():
    one, same, other = (problem(prune=False, seed=seed) for seed in (0, 0, 1))
    assert plain(tuned(one, most=1)) == plain(tuned(same, most=1))
    first, second = (Sweep(kind, kind.settings).ask()["values"] for kind in (one, other))
    assert first != second


@pytest.mark.tf
def test_rungs_come_to_what_one_training_of_all_epochs_does(tmp_path):
    """Each step by another copy of the problem, as by another process."""
    whole = tuned(problem(prune=False, trials=1), most=1)[0]
    assert [step["name"] for step in whole["steps"]] == ["3 epochs"]
    row = {**Sweep(problem(), problem().settings).ask(), "scratch": str(tmp_path)}
    while trials.has_more(problem(), row):
        row = json.loads(json.dumps(trials.advance(problem(), row)))
    assert [step["name"] for step in row["steps"]] == ["1 epochs", "3 epochs"]
    assert row["steps"][-1] == whole["steps"][-1]


@pytest.mark.tf
def test_a_finished_step_is_not_done_again_after_a_break(tmp_path):
    kind = problem()
    row = {**Sweep(kind, kind.settings).ask(), "scratch": str(tmp_path)}
    first = trials.advance(kind, row)
    files = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.npz")}
    assert len(files) == 2
    again = trials.advance(problem(), row)
    assert again["steps"] == first["steps"]
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.npz")} == files
    # A fold whose file is lost is learned anew.
    next(iter(files)).unlink()
    done = trials.advance(kind, first)
    assert done["status"] == "done"
    assert plain([done]) == plain([trials.advance(kind, {**first, "scratch": None})])


@pytest.mark.tf
def test_what_is_given_up_has_cost_a_part_of_the_epochs(tmp_path):
    kind = problem(make.speech(effect=3), trials=8, augment=("none",))
    sweep = Sweep(kind, kind.settings, out=str(tmp_path))
    while (row := sweep.ask()) is not None:
        # One search is enough: they know nothing of each other.
        if row["search"] != ALL:
            continue
        row = trials.advance(kind, row)
        while sweep.goes_on(row):
            row = trials.advance(kind, row)
        assert list(tmp_path.glob("unfinished/*/*/*.npz"))
        trials.save_row(str(tmp_path), kind, sweep.tell(row))
        assert not list(tmp_path.glob("unfinished/*")), "what it kept goes with it"
    found = trials.counts(sweep.rows)
    assert found["pruned"] >= 1
    assert found["failed"] == 0
    for row in sweep.rows:
        names = [step["name"] for step in row["steps"]]
        assert names == (["1 epochs"] if row["status"] == "pruned" else ["1 epochs", "3 epochs"])
    # Whoever was best so far after the first rung went on.
    first = [row["steps"][0]["score"] for row in sweep.rows]
    assert sweep.rows[int(np.argmax(first))]["status"] == "done"


@pytest.mark.tf
def test_both_scores_are_there_and_best_yaml_is_a_settings_file(small, tmp_path):
    kind, rows, refits = small
    found = kind.conclude([*rows, *refits])
    assert found["selected_score_optimistic"] > 0.7
    assert found["nested_score_unbiased"] > 0.7
    assert "chosen in each fold by 2 inner folds" in found["protocol"]
    text = kind.text(found)
    assert "selected score (optimistic)" in text
    assert "nested score (unbiased)" in text
    assert "vector." not in text
    output.finish(str(tmp_path), kind, rows, found)
    settings = config.load(NetworkSettings, str(tmp_path / "best.yaml"))
    assert settings.model_settings["width"] == 8
    assert settings.epochs == 30
    trials = pq.read_table(tmp_path / "trials.parquet").to_pydict()
    assert [fold["name"] for fold in trials["folds"][0]] == ["30 epochs"]


@pytest.mark.tf
def test_the_nested_score_is_of_networks_that_saw_the_whole_training_side_alone(small):
    kind, rows, refits = small
    found = kind.conclude([*rows, *refits])
    for row, fold in zip(refits, kind.outer, strict=True):
        step = row["steps"][-1]
        assert step["values"] == trials.best(rows, fold.name)["values"]
        said = np.array(step["probabilities"])
        assert said.shape == (len(fold.test), 2)
        np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-5)
        y, _ = kind.data.targets()
        recall = [np.mean(said[y[fold.test] == c].argmax(axis=1) == c) for c in (0, 1)]
        winner = next(w for w in found["nested"]["winners"] if w["fold"] == fold.name)
        assert winner["outer_score"] == pytest.approx(np.mean(recall)) == row["score"]
    # More trials may find another winner: its refit is another one.
    kept = kind.refits(rows)
    assert all(kept.holds(row) for row in refits)
    other = dataclasses.replace(kept, winners={**kept.winners, kind.outer[0].name: {}})
    assert [other.holds(row) for row in refits] == [False, True]


def test_every_network_that_is_named_is_searched_by_its_own_settings_and_fitting_changes(tmp_path):
    file = tmp_path / "best.yaml"
    models = registry.names("networks")
    kind = problem(models=models, model_settings={}, weight_decay="search")
    seen = set()
    for place in np.linspace(0, 0.999, 40):
        values = draw(kind, lambda name, dimension: spaces.at(dimension, place))  # noqa: B023
        entry = registry.get("networks", values["model"])
        owners = {name.partition(".")[0] for name in values if "." in name}
        assert owners == {values["model"], entry.inputs}
        settings = kind.settings_of(values)
        assert settings.model_settings.keys() == entry.SPACE.keys()
        assert settings.augment == parts(values[f"{entry.inputs}.augment"])
        assert settings.learning_rate == values["learning_rate"]
        file.write_text(yaml.safe_dump(output.as_config(settings)))
        assert config.load(NetworkSettings, str(file)) == settings
        seen.add(settings.model)
    assert seen == set(models)


def test_a_setting_that_was_given_is_not_searched():
    words = ["models=mlp_net", "mlp_net.width=32", "learning_rate=0.002", "augment=mixup"]
    words += ["label_smoothing=0.1", "folds=group2"]
    settings = config.load(NetworkSweep, None, words)
    data = make.speech()
    kind = Network.of(data, {"mlp_net": ArraySource(data.x)}, settings)
    assert set(kind.space) == {"mlp_net.depth", "mlp_net.dropout"}
    made = kind.settings_of({"mlp_net.depth": 2})
    assert made.model_settings == {"width": 32, "depth": 2}
    assert (made.learning_rate, made.augment, made.label_smoothing) == (0.002, ("mixup",), 0.1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"folds": "group20"}, "20 folds need 20 speakers"),
        ({"inner_folds": 5}, "5 folds need 5"),
        ({"inner_folds": 2, "folds": "group2", "n_speakers": 4}, "development speakers cannot be"),
    ],
)
def test_folds_that_the_speakers_do_not_give_are_refused(settings, message):
    data = make.speech(n_speakers=settings.pop("n_speakers", 8))
    with pytest.raises(ConfigError, match=message):
        problem(data, **settings)


def test_each_network_gets_the_columns_that_it_is_made_for(tmp_path):
    table = write_table(tmp_path / "t.parquet")
    kind = Network.load(table, NetworkSweep(folds="group2"))
    shapes = {model: source.shape for model, source in kind.sources.items()}
    # There is no `yamnet` in the table, so its head is left out of the default.
    assert shapes == {"mlp_net": (4,), "deep_cnn": (16, 24), "res_cnn": (16, 24)}
    assert kind.sources["deep_cnn"] is kind.sources["res_cnn"]
    assert kind.space["model"] == ("choice", ("mlp_net", "deep_cnn", "res_cnn"))
    assert kind.settings_of({"model": "deep_cnn"}).features is None
    flat = Network.load(table, NetworkSweep(folds="group2", features=("rms",)))
    assert set(flat.sources) == {"mlp_net"}
    assert flat.settings_of({}).features == ("rms",)
    assert set(MODELS) - set(shapes) == {"yamnet_head"}


def test_other_numbers_under_the_same_rows_are_another_sweep(tmp_path):
    data = make.speech()
    one, same, other = (
        problem(d) for d in (data, make.speech(), dataclasses.replace(data, x=data.x * 2))
    )
    assert one.fingerprint() == same.fingerprint() != other.fingerprint()
    settings = NetworkSweep(folds="group2")
    table = write_table(tmp_path / "t.parquet")
    kind = Network.load(table, settings)
    assert kind.fingerprint() == Network.load(table, settings).fingerprint()
    assert not kind.sources["deep_cnn"]._kept, "the driver keeps nothing of what it hashed"


@pytest.mark.tf
def test_an_image_that_is_too_small_is_a_row_that_says_so(tmp_path):
    table = write_table(tmp_path / "t.parquet", n_mels=8)
    settings = NetworkSweep(folds="group2", models=("simple_cnn",), epochs=1, trials=1)
    rows = tuned(Network.load(table, settings), most=1)
    assert rows[0]["status"] == "failed"
    assert "images of 8 by 24 are too small for pool=2,2" in rows[0]["message"]
