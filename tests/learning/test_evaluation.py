import json
import tracemalloc

import numpy as np
import pytest
from sklearn import metrics as sk

from emodist.errors import ConfigError
from emodist.learning import calibration, evaluation, metrics
from tests.learning.predictions import CLASSES, random_rows, sure


def evaluate(y, scores, classes=CLASSES, n_speakers=10, **more):
    speakers = [f"s{index % n_speakers}" for index in range(len(y))]
    folds = [f"fold{index % n_speakers % 2}" for index in range(len(y))]
    arguments = {"speakers": speakers, "folds": folds, "protocol": "test", **more}
    return evaluation.evaluate(y, scores, classes, **arguments)


def test_perfect_predictions_score_one_everywhere():
    y = np.arange(60) % 3
    found = evaluate(y, sure(y))
    assert found.uar == found.weighted_accuracy == found.macro_f1 == found.roc_auc == 1
    assert found.ece == 0
    assert found.intervals["uar"] == (1, 1)
    np.testing.assert_array_equal(found.confusion, np.diag([20, 20, 20]))
    assert "better than chance (0.333)" in found.verdict


@pytest.mark.parametrize("n_classes", [2, 3, 8])
def test_always_one_class_has_the_uar_of_chance_and_no_auc(n_classes):
    y = np.arange(240) % n_classes
    y[:100] = 0
    found = evaluate(y, sure(np.zeros(240, int), n_classes), classes=list(range(n_classes)))
    assert found.uar == pytest.approx(1 / n_classes)
    assert found.weighted_accuracy == np.mean(y == 0)
    assert found.roc_auc == pytest.approx(0.5)
    assert "not shown to be better than chance" in found.verdict
    assert found.to_dict()["chance"] == 1 / n_classes


def test_guesses_are_near_chance():
    rng = np.random.default_rng(1)
    found = evaluate(rng.integers(3, size=3000), rng.dirichlet(np.ones(3), 3000))
    assert found.uar == pytest.approx(1 / 3, abs=0.04)
    assert found.roc_auc == pytest.approx(0.5, abs=0.03)
    assert "not shown" in found.verdict


@pytest.mark.parametrize("seed", range(5))
def test_all_metrics_agree_with_scikit_learn(seed):
    y, scores = random_rows(seed=seed)
    found, predicted = evaluate(y, scores, folds=["one"] * len(y)), scores.argmax(axis=1)
    assert found.uar == pytest.approx(sk.balanced_accuracy_score(y, predicted))
    assert found.weighted_accuracy == pytest.approx(sk.accuracy_score(y, predicted))
    assert found.macro_f1 == pytest.approx(sk.f1_score(y, predicted, average="macro"))
    assert found.roc_auc == pytest.approx(sk.roc_auc_score(y, scores, multi_class="ovr"))
    np.testing.assert_array_equal(found.confusion, sk.confusion_matrix(y, predicted))
    theirs = sk.precision_recall_fscore_support(y, predicted)
    for index, name in enumerate(CLASSES):
        ours = found.per_class[name]
        assert ours["roc_auc"] == pytest.approx(sk.roc_auc_score(y == index, scores[:, index]))
        for values, metric in zip(theirs, ("precision", "recall", "f1", "support"), strict=True):
            assert ours[metric] == pytest.approx(values[index])


def test_the_temperature_of_a_fold_moves_no_area():
    """Pooled, it would: 0.88 became 0.72 by calibration alone."""
    y, scores = random_rows(seed=1)
    # Of three classes a temperature keeps the order within a row, of two also that of the rows.
    high = (scores[:, 0] / scores[:, :2].sum(axis=1)).round(3).clip(0.001, 0.999)
    y, scores = y % 2, np.column_stack([high, 1 - high])
    folds = np.array([f"fold{index % 10 % 5}" for index in range(len(y))])
    calm = scores.copy()
    for fold, value in zip(np.unique(folds), (0.2, 0.5, 1, 3, 20), strict=True):
        own = folds == fold
        calm[own] = calibration.apply_temperature(scores[own], value)
    one, other = (evaluate(y, p, CLASSES[:2], folds=folds) for p in (scores, calm))
    assert other.roc_auc == pytest.approx(one.roc_auc)
    assert other.intervals["roc_auc"] == pytest.approx(one.intervals["roc_auc"])
    pooled = sk.roc_auc_score(y, calm[:, 1])
    assert pooled != pytest.approx(sk.roc_auc_score(y, scores[:, 1]), abs=0.005)


def test_an_absent_class_has_no_recall_and_does_not_count():
    y = np.arange(40) % 2
    found = evaluate(y, sure(y), folds=["one"] * 40).to_dict()
    assert found["uar"] == found["roc_auc"] == 1
    assert found["per_class"]["sad"] == {
        "precision": None, "recall": None, "f1": None, "roc_auc": None, "support": 0,
    }  # fmt: skip
    assert found["chance"] == 0.5
    assert evaluate([0] * 20, sure([0] * 20)).to_dict()["roc_auc"] is None
    # Two folds of one class each have no pairs to rank.
    assert evaluate(y, sure(y)).to_dict()["roc_auc"] is None


def test_the_result_is_json_and_names_its_protocol():
    y, scores = random_rows()
    found = evaluate(y, scores, protocol="group5: 5 folds, speaker-independent")
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["protocol"] == "group5: 5 folds, speaker-independent"
    assert not told["speakers_overlap"]
    assert set(told["intervals"]) == {"uar", "weighted_accuracy", "macro_f1", "roc_auc"}
    assert told["per_fold"]["fold0"]["n_speakers"] == 5


def test_overlapping_speakers_are_said_beside_the_protocol():
    y, scores = random_rows()
    found = evaluate(y, scores, folds=np.arange(400) // 100, protocol="random4")
    assert found.speakers_overlap
    assert found.protocol == "random4, speakers overlap"
    assert "says nothing about people" in found.verdict
    found = evaluate(y, scores, folds=["all"] * 400, speakers_overlap=True)
    assert found.protocol == "test, speakers overlap"


def test_labels_may_be_names():
    y, scores = random_rows()
    named = evaluate([CLASSES[index] for index in y], scores)
    assert named.uar == evaluate(y, scores).uar


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scores": np.ones((4, 2)) / 2}, r"shape \(n_rows, 3\).*\(4, 2\)"),
        ({"scores": np.ones((4, 3))}, "add up to 1"),
        ({"scores": np.full((4, 3), np.nan)}, "add up to 1"),
        ({"y": ["angry", "sad", "sda", "sad"]}, r"no class: \['sda'\]"),
        ({"y": [0, 1, 2, 3]}, "got up to 3"),
        ({"speakers": ["a", "b", "c", None]}, "every speaker"),
        ({"folds": [1]}, "fold for each of 4"),
        ({"protocol": ""}, "protocol's name"),
        ({"classes": ["angry"]}, "two classes"),
    ],
)
def test_what_cannot_be_evaluated_says_why(change, message):
    arguments = {"y": [0, 1, 2, 0], "scores": sure([0, 1, 2, 0]), **change}
    with pytest.raises(ConfigError, match=message):
        evaluate(**arguments)


@pytest.mark.parametrize("n_speakers", [2, 7])
def test_too_few_speakers_conclude_nothing(n_speakers):
    y, scores = random_rows(140)
    assert "too few speakers" in evaluate(y, scores, n_speakers=n_speakers).verdict


def test_one_speaker_has_no_interval():
    y, scores = random_rows(40)
    assert evaluate(y, scores, n_speakers=1).to_dict()["intervals"]["uar"] == [None, None]


def test_intervals_are_those_of_metrics_of_the_rows_drawn():
    y, scores = random_rows(240)
    who, predicted = np.arange(240) % 10, scores.argmax(axis=1)
    plain = {"uar": [], "weighted_accuracy": []}
    for times in metrics.resamples_of(10, 300, np.random.default_rng(5)).astype(int):
        rows = np.repeat(np.arange(240), times[who])
        plain["uar"].append(sk.recall_score(y[rows], predicted[rows], average="macro"))
        plain["weighted_accuracy"].append(np.mean(y[rows] == predicted[rows]))
    found = evaluate(y, scores, n_resamples=300, rng=np.random.default_rng(5))
    for name, values in plain.items():
        interval = metrics.interval_of(np.array(values), 10)
        np.testing.assert_allclose(found.intervals[name], interval)


def test_resamples_look_at_no_row_again(monkeypatch):
    """They follow from counts of each speaker: 2,000 cost little more than one."""
    looks = []
    for name in ("counts", "auc_pairs"):
        plain = getattr(evaluation, name)
        monkeypatch.setattr(
            evaluation, name, lambda *given, plain=plain: looks.append(plain) or plain(*given)
        )
    y, scores = random_rows()
    evaluate(y, scores, n_resamples=2000)
    n_looks = len(looks)
    evaluate(y, scores, n_resamples=1)
    assert n_looks == len(looks) - n_looks


@pytest.mark.slow
def test_many_classes_take_little_memory():
    """A confusion matrix for each of 2,000 resamples would be 4 GB."""
    y, scores = random_rows(2000, 500)
    tracemalloc.start()
    found = evaluate(y, scores, classes=range(500), n_speakers=20, n_resamples=2000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100e6
    assert found.confusion.sum() == 2000
    assert found.uar == pytest.approx(sk.balanced_accuracy_score(y, scores.argmax(axis=1)))
