import json
import time

import numpy as np
import pytest
from sklearn import metrics as sk

from emodist.errors import ConfigError
from emodist.learning import calibration, comparison, evaluation, metrics

CLASSES = ("angry", "happy", "sad")


def sure(predicted, n_classes=3):
    return np.eye(n_classes)[predicted]


def evaluate(y, scores, classes=CLASSES, n_speakers=10, **more):
    speakers = [f"s{index % n_speakers}" for index in range(len(y))]
    folds = [f"fold{index % n_speakers % 2}" for index in range(len(y))]
    arguments = {"speakers": speakers, "folds": folds, "protocol": "test", **more}
    return evaluation.evaluate(y, scores, classes, **arguments)


def random_rows(n_rows=400, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.choice(n_classes, n_rows, p=np.arange(1, n_classes + 1) / sum(range(n_classes + 1)))
    # One decimal: scores with many ties.
    scores = rng.dirichlet(np.ones(n_classes), n_rows).round(1) + sure(y, n_classes) * 0.3 + 0.01
    return y, scores / scores.sum(axis=1, keepdims=True)


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
    found, predicted = evaluate(y, scores), scores.argmax(axis=1)
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


def test_a_resample_is_what_repeating_its_speakers_rows_gives():
    """The fast sums over speakers are the plain metrics of the rows drawn."""
    y, scores = random_rows(120, seed=7)
    who = np.random.default_rng(2).integers(6, size=120)
    weights = np.array([[2.0, 0, 1, 3, 0, 0]])
    rows = np.concatenate(
        [np.repeat(np.flatnonzero(who == s), int(w)) for s, w in enumerate(weights[0])]
    )
    predicted = scores.argmax(axis=1)
    tables = metrics.confusions(y, predicted, who, 6, 3)
    pooled = metrics.pooled(tables, weights)
    assert metrics.uar(pooled)[0] == pytest.approx(
        sk.balanced_accuracy_score(y[rows], predicted[rows])
    )
    wins = [metrics.auc_wins(y == c, scores[:, c], who, 6) for c in range(3)]
    for c, auc in enumerate(metrics.aucs(wins, tables, weights)[0]):
        assert auc == pytest.approx(sk.roc_auc_score(y[rows] == c, scores[rows, c]))


def test_an_absent_class_has_no_recall_and_does_not_count():
    y = np.arange(40) % 2
    found = evaluate(y, sure(y)).to_dict()
    assert found["uar"] == found["roc_auc"] == 1
    assert found["per_class"]["sad"] == {
        "precision": None, "recall": None, "f1": None, "roc_auc": None, "support": 0,
    }  # fmt: skip
    assert found["chance"] == 0.5
    assert evaluate([0] * 20, sure([0] * 20)).to_dict()["roc_auc"] is None


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
    speakers = np.arange(140) % n_speakers
    compared = comparison.compare(y, sure(y), scores, CLASSES, speakers, "test")
    assert "too few speakers" in compared.verdict
    assert compared.p_value >= 2 / 2**n_speakers


def test_one_speaker_has_no_interval():
    y, scores = random_rows(40)
    assert evaluate(y, scores, n_speakers=1).to_dict()["intervals"]["uar"] == [None, None]


def people_of_different_skill(rng, n_speakers, n_clips=24):
    """Truth and predictions of three classes; each speaker is right with a chance of their own."""
    y = np.tile(np.arange(n_clips) % 3, n_speakers)
    who = np.repeat(np.arange(n_speakers), n_clips)
    is_right = rng.random(len(y)) < rng.beta(6, 6, n_speakers)[who]
    return y, np.where(is_right, y, (y + rng.integers(1, 3, len(y))) % 3), who


@pytest.mark.parametrize("n_speakers", [8, 24])
def test_intervals_cover_the_truth_at_about_the_nominal_rate(n_speakers):
    rng = np.random.default_rng(11)
    covered = []
    for _ in range(400):
        y, predicted, who = people_of_different_skill(rng, n_speakers)
        tables = metrics.confusions(y, predicted, who, n_speakers, 3)
        resamples = metrics.resamples_of(n_speakers, 600, rng)
        values = metrics.uar(metrics.pooled(tables, resamples))
        low, high = metrics.interval_of(values, n_speakers)
        covered.append(low <= 0.5 <= high)
    assert 0.92 <= np.mean(covered) <= 0.985


@pytest.mark.parametrize("n_speakers", [8, 20])
def test_the_paired_test_is_uniform_where_there_is_no_difference(n_speakers):
    rng = np.random.default_rng(12)
    p_values = []
    for _ in range(250):
        y, a, who = people_of_different_skill(rng, n_speakers)
        b = people_of_different_skill(rng, n_speakers)[1]
        found = comparison.compare(
            y, sure(a), sure(b), CLASSES, who, "test", n_resamples=400, rng=rng
        )
        p_values.append(found.p_value)
    for level in (0.05, 0.2, 0.5, 0.8):
        # Sums of few clips are often equal, which errs on the side of no difference.
        assert level - 0.12 <= np.mean(np.array(p_values) <= level) <= level + 0.04


def test_the_paired_test_finds_a_model_that_is_better_for_everyone():
    rng = np.random.default_rng(13)
    y, worse, who = people_of_different_skill(rng, 12)
    better = np.where(rng.random(len(y)) < 0.3, y, worse)
    found = comparison.compare(y, sure(better), sure(worse), CLASSES, who, "test")
    assert found.p_value == 2 / 2**12
    assert found.test == "sign flips of 12 speakers, all 4096"
    assert found.interval[0] > 0
    assert found.difference == pytest.approx(found.uar_a - found.uar_b)
    assert "model a is better" in found.verdict
    assert json.loads(json.dumps(found.to_dict()))["protocol"] == "test"
    leaking = comparison.compare(
        y, sure(better), sure(worse), CLASSES, who, "random5, speakers overlap"
    )
    assert "says nothing" in leaking.verdict
    same = comparison.compare(y, sure(worse), sure(worse), CLASSES, who, "test")
    assert (same.difference, same.p_value, same.interval) == (0, 1, (0, 0))


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    y = np.array([0] * 80 + [1] * 20)
    assert calibration.calibration_error(y, np.tile([0.8, 0.2], (100, 1))) == pytest.approx(0)
    assert calibration.calibration_error(y, np.tile([0.95, 0.05], (100, 1))) == pytest.approx(0.15)


def test_calibrated_probabilities_have_a_small_error_and_sharpened_ones_a_large_one():
    rng = np.random.default_rng(14)
    p = rng.dirichlet(np.ones(4), 20_000)
    y = np.array([rng.choice(4, p=row) for row in p[:5000]])
    p = p[:5000]
    sharpened = calibration.apply_temperature(p, 1 / 3)
    assert calibration.calibration_error(y, p) < 0.03
    assert calibration.calibration_error(y, sharpened) > 0.15
    # The one scalar that undoes the sharpening is known.
    assert calibration.fit_temperature(y, sharpened) == pytest.approx(3, rel=0.08)
    restored = calibration.apply_temperature(sharpened, calibration.fit_temperature(y, sharpened))
    assert calibration.calibration_error(y, restored) < 0.03
    np.testing.assert_array_equal(restored.argmax(axis=1), p.argmax(axis=1))


def test_temperature_survives_probabilities_of_zero():
    y = np.arange(60) % 3
    temperature = calibration.fit_temperature(y, sure(np.where(np.arange(60) < 20, 0, y)))
    assert 1 < temperature <= 20


def test_two_thousand_resamples_take_well_under_a_second():
    y, scores = random_rows(1440, 8)
    start = time.process_time()
    evaluate(y, scores, classes=list("abcdefgh"), n_speakers=24, n_resamples=2000)
    assert time.process_time() - start < 1
