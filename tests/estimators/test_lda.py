import numpy as np
import pytest

from emodist.estimators.lda import Lda


@pytest.fixture
def rare():
    """Two overlapping classes of equal shape; the second is ten times as rare."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [1000, 100])
    return rng.normal(size=(1100, 2)) + y[:, None], y


def test_balanced_priors_find_a_rare_class_that_plain_ones_miss(rare):
    x, y = rare
    balanced, plain = (Lda().build(weight, 0).fit(x, y) for weight in ("balanced", None))
    assert np.mean(balanced.predict(x[y == 1])) > np.mean(plain.predict(x[y == 1])) + 0.3
    # Halfway between two classes of equal shape, equal priors cannot decide.
    assert balanced.predict_proba([[0.5, 0.5]])[0, 1] == pytest.approx(0.5, abs=0.1)
    assert plain.predict_proba([[0.5, 0.5]])[0, 1] == pytest.approx(1 / 11, abs=0.05)


def test_more_numbers_than_rows_are_no_obstacle():
    rng = np.random.default_rng(1)
    y = np.arange(60) % 3
    x = rng.normal(size=(60, 200))
    x[:, :3] += 4 * np.eye(3)[y]
    assert np.mean(Lda().build("balanced", 0).fit(x[:30], y[:30]).predict(x[30:]) == y[30:]) > 0.6
