"""The choice of settings, judged by people whom it never saw."""

import dataclasses

import numpy as np
import pytest
import yaml

from emodist import config, registry, spaces
from emodist.errors import ConfigError
from emodist.learning import classifier
from emodist.learning.settings import TrainSettings
from emodist.models import judging
from emodist.sweeps import output
from emodist.sweeps.proposals import draw
from emodist.sweeps.trials import Sweep
from emodist.tuning._nested import ALL
from emodist.tuning.classifier import MODELS, Classifier, ClassifierSweep
from tests import make
from tests.tuning.conftest import work

pytestmark = pytest.mark.slow

QUICK = {"models": ("knn",), "pca": None, "balance": "none", "folds": "group3", "inner_folds": 2}


def tuned(data, **settings):
    kind = Classifier.of(data, ClassifierSweep(**{**QUICK, "trials": 4, **settings}))
    sweep = Sweep(kind, kind.settings)
    work(sweep)
    return kind, sweep.rows, kind.conclude(sweep.rows)


def test_an_inner_fold_has_nobody_of_its_outer_test_side():
    kind = Classifier.of(make.speech(), ClassifierSweep(**QUICK))
    people = kind.data.people()
    for fold in kind.outer:
        for inner in kind.inner[fold.name]:
            seen = np.concatenate([inner.train, inner.test])
            assert not set(people[seen]) & set(people[fold.test])
            assert not set(people[inner.train]) & set(people[inner.test])


@pytest.mark.parametrize("search", ["sobol", "optuna"])
def test_rows_of_the_outer_test_side_change_nothing_in_that_folds_search(search):
    if search == "optuna":
        pytest.importorskip("optuna")
    data = make.speech()
    _, before, _ = tuned(data, search=search, trials=3)
    fold = Classifier.of(data, ClassifierSweep(**QUICK)).outer[0]
    x = data.x.copy()
    x[fold.test] = np.random.default_rng(9).normal(size=x[fold.test].shape) + 50
    _, after, _ = tuned(dataclasses.replace(data, x=x), search=search, trials=3)

    def found(rows, name):
        kept = ("number", "values", "steps", "score")
        return [{k: row[k] for k in kept} for row in rows if row["search"] == name]

    assert found(before, fold.name) == found(after, fold.name)
    assert found(before, ALL) != found(after, ALL)


def test_noise_is_at_chance_by_the_nested_score_and_above_it_by_the_selected_one():
    """Why the sweep is nested: the best of many is lucky."""
    selected, nested = [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        data = make.dataset(
            rng.normal(size=(96, 8)),
            np.repeat([f"s{i}" for i in range(8)], 12),
            rng.permuted(np.tile(["happy", "sad"], (8, 6)), axis=1).ravel(),
            apart=True,
        )
        _, _, found = tuned(data, trials=30, search_features=True, seed=seed)
        selected.append(found["selected_score_optimistic"])
        nested.append(found["nested_score_unbiased"])
    # Five times 96 rows: a standard error of 0.023.
    assert np.mean(selected) > 0.5 + 0.06
    assert abs(np.mean(nested) - 0.5) < 0.06
    assert np.mean(selected) > np.mean(nested) + 0.05


def test_what_is_there_is_found_and_both_scores_say_so():
    kind, rows, found = tuned(make.speech(effect=3), search_features=True, trials=12)
    assert found["best"]["values"].get("use.x0", True)
    assert found["selected_score_optimistic"] > 0.85
    assert found["nested_score_unbiased"] > 0.8
    assert "speaker-independent" in found["protocol"]
    assert "chosen in each fold by 2 inner folds" in found["protocol"]
    assert {winner["fold"] for winner in found["nested"]["winners"]} == {
        fold.name for fold in kind.outer
    }
    text = kind.text(found)
    assert "selected score (optimistic)" in text
    assert "nested score (unbiased)" in text
    assert len(rows) == 12 * 4


def test_the_selected_score_is_what_evaluate_gives_for_best_yaml(tmp_path):
    kind, rows, found = tuned(
        make.speech(effect=1), models=("knn", "logistic_regression"), trials=5
    )
    output.finish(str(tmp_path), kind, rows, found)
    settings = config.load(TrainSettings, str(tmp_path / "best.yaml"))
    folds = classifier.make_folds(kind.data, settings)
    prediction = classifier.out_of_fold(kind.data, folds, settings)
    judged = classifier.judge(kind.data, folds, prediction, settings)
    assert judged.uar == pytest.approx(found["selected_score_optimistic"], abs=1e-12)
    assert settings.calibrate
    assert str(judging.Judgement(judged, settings.identity()))


def test_the_pooled_score_of_a_trial_is_that_of_all_its_folds():
    kind, rows, _ = tuned(make.speech())
    row = next(row for row in rows if row["search"] == ALL)
    right, total = (np.sum([s[k] for s in row["steps"]], axis=0) for k in ("right", "rows"))
    assert total.sum() == len(kind.data)
    assert row["score"] == pytest.approx(np.mean(right / total))


def test_every_corner_of_the_space_is_a_settings_file(tmp_path):
    file = tmp_path / "best.yaml"
    for model in MODELS:
        data = make.speech(n_speakers=12, n_each=24, n_features=20)
        kind = Classifier.of(data, ClassifierSweep(models=(model,), folds="group3"))
        assert {"pca", "balance"} <= set(kind.space)
        for corner in spaces.corners(kind.space):
            settings = kind.settings_of(corner)
            assert settings.model == model
            file.write_text(yaml.safe_dump(output.as_config(settings)))
            assert config.load(TrainSettings, str(file)) == settings


def test_only_the_settings_of_the_chosen_model_are_drawn():
    kind = Classifier.of(make.speech(), ClassifierSweep(models=("rbf_svm", "knn"), folds="group3"))
    for place in (0.0, 0.99):
        values = draw(kind, lambda name, dimension: spaces.at(dimension, place))  # noqa: B023
        own = {name.partition(".")[0] for name in values if "." in name}
        assert own == {values["model"]}


def test_a_setting_that_was_given_is_not_searched():
    settings = config.load(
        ClassifierSweep, None, ["models=rbf_svm", "rbf_svm.gamma=0.01", "pca=4", "balance=weights"]
    )
    kind = Classifier.of(make.speech(), settings)
    assert set(kind.space) == {"rbf_svm.c"}
    made = kind.settings_of({"rbf_svm.c": 2.0})
    assert made.model_settings == {"c": 2.0, "gamma": 0.01}
    assert made.pca == 4


def test_smote_and_components_that_cannot_be_are_not_tried():
    enough = Classifier.of(make.speech(n_each=8, n_features=20), ClassifierSweep(folds="group3"))
    assert enough.space["pca"] == ("choice", (None, 16))
    assert enough.space["balance"] == ("choice", ("weights", "smote", "none"))
    few = Classifier.of(make.speech(n_each=4, n_features=20), ClassifierSweep(folds="group3"))
    assert few.space["balance"] == ("choice", ("weights", "none"))


def test_a_configuration_that_fails_is_a_row_and_not_the_end():
    data = make.speech(n_each=6)
    _, rows, found = tuned(data, models=("knn",), trials=20)
    failed = [row for row in rows if row["status"] == "failed"]
    assert failed
    assert all("n_neighbors" in row["message"] for row in failed)
    assert found["best"] is not None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"models": ("rbf_smv",)}, "did you mean 'rbf_svm'"),
        ({"models": ()}, "models is empty"),
        ({"inner_folds": 1}, "inner_folds must be at least 2"),
        ({"pca": 0}, "pca must be at least 1"),
        ({"trials": 0}, "trials must be at least 1"),
        ({"model_settings": {"knn": {"k": 3}}}, "knn has no setting 'k'"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        ClassifierSweep(**{**QUICK, **settings})


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"folds": "group20"}, "20 folds need 20 speakers"), ({"inner_folds": 9}, "9 folds need 9")],
)
def test_folds_that_the_speakers_do_not_give_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        Classifier.of(make.speech(), ClassifierSweep(**{**QUICK, **settings}))


def test_every_model_is_searched_by_default_but_the_ensemble_of_others():
    assert set(registry.names("estimators")) - set(MODELS) == {"ensemble"}
