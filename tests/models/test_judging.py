"""From a table and settings to a saved result."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from emodist.errors import ConfigError, OutputError
from emodist.learning.settings import TrainSettings
from emodist.models import bundle, judging
from tests import make

SETTINGS = TrainSettings(model="logistic_regression", folds="group4", calibrate=False)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Eight voices that say two things, and two rows that nobody has labelled."""
    data = make.speech(n_each=6, effect=3)
    label = data.label.copy()
    label[[3, 30]] = None
    return make.table(
        tmp_path_factory.mktemp("table") / "a.parquet",
        {"rms": data.x},
        recording_id=data.recording_id,
        speaker=data.speaker,
        label=label,
    )


def test_each_labelled_row_is_judged_once_by_a_model_without_its_speaker(table, tmp_path):
    judgement = judging.evaluate(table, SETTINGS, str(tmp_path))
    rows = judgement.to_arrow()
    assert rows.num_rows == len(set(rows["recording_id"].to_pylist())) == 46
    folds = {}
    for speaker, fold in zip(rows["speaker"].to_pylist(), rows["fold"].to_pylist(), strict=True):
        assert folds.setdefault(speaker, fold) == fold
    record = json.loads((tmp_path / "evaluation.json").read_text())
    assert {
        name: record["folds"][fold]["test_speakers"].count(name) for name, fold in folds.items()
    } == (dict.fromkeys(folds, 1))
    assert sum(fold["n_test"] for fold in record["folds"].values()) == 46


def test_what_is_saved_is_what_is_given_back(table, tmp_path):
    judgement = judging.evaluate(table, SETTINGS, f"{tmp_path}/out")
    record = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert record["uar"] == judgement.uar
    assert record["table"] == table
    assert (record["data"]["n_rows"], record["data"]["n_speakers"]) == (46, 8)
    assert pq.read_table(tmp_path / "out" / "predictions.parquet").equals(judgement.to_arrow())
    assert judgement.out == f"{tmp_path}/out"


def test_the_predicted_class_is_the_likeliest_and_the_confidence_its_probability(table):
    judgement = judging.evaluate(table, SETTINGS)
    rows = judgement.to_arrow().to_pydict()
    p = np.column_stack([rows["p_happy"], rows["p_sad"]])
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)
    assert rows["predicted"] == [("happy", "sad")[index] for index in p.argmax(axis=1)]
    np.testing.assert_allclose(rows["confidence"], p.max(axis=1), rtol=1e-6)
    is_right = np.equal(rows["predicted"], rows["label"])
    assert judgement.evaluation.weighted_accuracy == np.mean(is_right)
    np.testing.assert_array_equal(np.array(judgement.classes)[judgement.truth], rows["label"])


def test_a_blend_averages_probabilities_row_by_row(table):
    one = judging.evaluate(table, SETTINGS)
    other = judging.evaluate(table, judging.rival(SETTINGS, "lda"))
    both = judging.evaluate(table, SETTINGS, blend=["lda"])
    mean = (one.prediction.probabilities + other.prediction.probabilities) / 2
    np.testing.assert_allclose(both.prediction.probabilities, mean)
    assert both.model == "logistic_regression + lda"


@pytest.mark.parametrize("blend", [["logistic_regression"], ["lda", "lda"]])
def test_a_model_is_blended_with_others_each_once(table, blend):
    with pytest.raises(ConfigError, match="other models, each once"):
        judging.evaluate(table, SETTINGS, blend=blend)


def test_against_itself_a_model_does_not_differ(table):
    test = judging.evaluate(table, SETTINGS, against="logistic_regression").comparison
    assert (test.difference, test.p_value) == (0, 1)


def test_the_folds_of_a_classifier_are_watched(table):
    seen = []
    judging.evaluate(table, SETTINGS, watch=lambda folds: map(lambda f: seen.append(f) or f, folds))
    assert [fold.name for fold in seen] == [f"group4/{n}" for n in range(1, 5)]


def test_a_table_without_labels_says_so(tmp_path):
    bare = make.table(tmp_path / "bare.parquet", {"rms": np.zeros((4, 2))})
    with pytest.raises(ConfigError, match="label"):
        judging.labelled(bare, None)


def test_a_bundle_is_trained_on_all_rows_and_has_the_numbers_of_its_folds(table, tmp_path):
    judgement = judging.train(table, SETTINGS, f"{tmp_path}/b")
    made = bundle.load(f"{tmp_path}/b")
    assert made.judgement.uar == judgement.uar == judging.evaluate(table, SETTINGS).uar
    assert made.card.data.n_rows == 46


def test_a_bundle_is_not_laid_among_other_files(table, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"thesis\.txt"):
        judging.train(table, SETTINGS, str(tmp_path))
