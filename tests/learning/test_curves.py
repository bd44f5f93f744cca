import numpy as np
import pytest
from sklearn import metrics as sk

from emodist.learning import calibration, curves
from tests.learning.predictions import random_rows


def test_bins_add_up_to_the_calibration_error():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(4), 300)
    y = rng.integers(4, size=300)
    confidence, right, counts = curves.reliability(y, probabilities)
    assert counts.sum() == 300
    total = np.abs(confidence - right) @ counts / 300
    assert total == pytest.approx(calibration.calibration_error(y, probabilities))


def test_a_curve_of_one_fold_is_the_plain_one():
    y, scores = random_rows(200, seed=2)
    x, up = curves.roc(y == 1, scores[:, 1], np.zeros(200))
    area = sk.roc_auc_score(y == 1, scores[:, 1])
    assert np.trapezoid(up, x) == pytest.approx(area)
    assert (x[0], up[0], x[-1], up[-1]) == (0, 0, 1, 1)
    plain_x, plain_up, _ = sk.roc_curve(y == 1, scores[:, 1])
    for at, height in zip(plain_x, plain_up, strict=True):
        here = up[np.isclose(x, at)]
        assert here.min() - 1e-9 <= height <= here.max() + 1e-9


def test_the_area_of_a_curve_over_folds_is_their_mean_by_pairs():
    y, scores = random_rows(300, seed=5)
    fold = np.arange(300) % 7 % 3
    x, up = curves.roc(y == 0, scores[:, 0], fold)
    assert np.all(np.diff(x) >= 0)
    assert np.all(np.diff(up) >= -1e-12)
    areas, pairs = [], []
    for index in range(3):
        own = fold == index
        n_own = (y[own] == 0).sum()
        areas.append(sk.roc_auc_score(y[own] == 0, scores[own, 0]))
        pairs.append(n_own * (own.sum() - n_own))
    assert np.trapezoid(up, x) == pytest.approx(np.average(areas, weights=pairs))


def test_folds_of_one_class_have_no_curve():
    y, scores = random_rows(40)
    assert len(curves.roc(y == 1, scores[:, 1], y)[0]) == 0
