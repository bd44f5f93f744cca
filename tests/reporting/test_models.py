import numpy as np
import pytest

from emodist.errors import ConfigError
from emodist.learning.settings import TrainSettings
from emodist.media.settings import FeaturizeSettings
from emodist.models import judging
from emodist.reporting import _models
from tests.reporting.tables import write_table

LR = TrainSettings(model="logistic_regression", folds="loso", calibrate=False)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("models") / "t")


@pytest.fixture(scope="module")
def result(table, tmp_path_factory):
    out = str(tmp_path_factory.mktemp("evaluation"))
    judging.evaluate(table, LR, out)
    return _models.load(out)


def test_an_evaluation_is_read_with_its_predictions(result):
    assert result.name == "logistic_regression calibrate=false"
    assert result.probabilities().shape == (36, 2)
    right = result.probabilities().argmax(axis=1) == result.truth()
    assert right.mean() == pytest.approx(result.about["weighted_accuracy"])


def test_a_folder_without_evaluation_says_what_writes_one(tmp_path):
    with pytest.raises(ConfigError, match="emodist evaluate"):
        _models.load(str(tmp_path))


def test_the_area_of_a_curve_is_that_of_the_evaluation(result):
    for name, (x, y, area) in _models.roc(result).items():
        assert np.trapezoid(y, x) == pytest.approx(area)
        assert area == pytest.approx(result.about["per_class"][name]["roc_auc"], abs=1e-6)


def test_shuffling_what_tells_labels_apart_costs_most(table, result):
    rows, note = _models.permutation(table, result, 1000)
    assert [row["name"] for row in rows] == ["mfcc", "rms"]
    assert rows[0]["loss"] > 0.1 > abs(rows[1]["loss"])
    assert rows[0]["low"] <= rows[0]["loss"] <= rows[0]["high"]
    assert rows[0]["n_numbers"] == 6
    assert note == ""


def test_importance_on_other_rows_than_those_evaluated_is_noted(result, tmp_path):
    other = write_table(tmp_path / "other", per_cell=1)
    _, note = _models.permutation(other, result, 1000)
    assert "of other rows" in note


def test_importance_is_refused_where_speakers_overlap_or_rows_are_many(table, result, tmp_path):
    assert "importance_rows=5" in _models.permutation(table, result, 5)[1]
    judging.evaluate(
        table, TrainSettings(model="logistic_regression", folds="random3"), str(tmp_path)
    )
    rows, note = _models.permutation(table, _models.load(str(tmp_path)), 1000)
    assert rows == []
    assert "speakers overlap" in note


def test_models_are_compared_pairwise_on_the_same_rows_only(table, result, tmp_path):
    judging.evaluate(table, TrainSettings(model="knn", folds="loso"), str(tmp_path / "knn"))
    judging.evaluate(table, TrainSettings(model="knn", folds="random3"), str(tmp_path / "random"))
    other, overlap = (_models.load(str(tmp_path / name)) for name in ("knn", "random"))
    found = _models.differences([result, other, overlap])
    assert len(found) == 1
    assert {found[0]["a"], found[0]["b"]} == {result.name, other.name}
    assert found[0]["difference"] == pytest.approx(abs(result.about["uar"] - other.about["uar"]))


def test_effects_are_measured_on_speakers_that_did_not_choose_them():
    rng = np.random.default_rng(0)
    people = np.repeat([f"{n:02d}" for n in range(20)], 10).astype(object)
    labels = np.tile(["a", "b"], 100).astype(object)
    x = rng.normal(size=(200, 300))
    x[:, 7] += 4 * (labels == "b")
    names = np.array([f"n{i}" for i in range(300)], object)
    rows, note = _models.effects(x, names, labels, people, 0)
    assert rows[0]["name"] == "n7"
    # A shift of 4 between two equal groups of spread 1: variance 4 between and 1 within.
    assert rows[0]["effect"] == pytest.approx(0.8, abs=0.05)
    # The largest of 300 effects of nothing would be near 0.07 on the speakers that chose it.
    assert np.mean([row["effect"] for row in rows[1:]]) < 0.03
    assert all(row["low"] <= row["effect"] <= row["high"] for row in rows)
    assert note == "found with 10 speakers, measured on the other 10"


def test_effects_need_speakers_and_labels():
    x, names = np.zeros((4, 2)), np.array(["a", "b"], object)
    people = np.array(["1", "2", "3", "3"], object)
    assert "two labels" in _models.effects(x, names, np.array(["a"] * 4, object), people, 0)[1]
    labels = np.array(["a", "b"] * 2, object)
    assert "4 speakers or more" in _models.effects(x, names, labels, people, 0)[1]


def test_settings_that_are_not_the_defaults_become_words():
    made = {
        "corpus": "ravdess",
        "features": ["mfcc"],
        "feature_settings": {"mfcc": {"n_mfcc": 13}},
        "trim_db": None,
        "segment_s": "auto",
    }
    assert _models.words(made, FeaturizeSettings) == [
        "corpus=ravdess",
        "features=mfcc",
        "mfcc.n_mfcc=13",
        "trim_db=null",
    ]
    settings = {"model": "rbf_svm", "model_settings": {"c": 10}, "speaker_norm": True}
    assert _models.words(settings, TrainSettings) == [
        "model=rbf_svm",
        "rbf_svm.c=10",
        "speaker_norm=true",
    ]
