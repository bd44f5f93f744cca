import numpy as np

from emodist.batch_augmentations.mixup import Mixup

Y = np.eye(3, dtype=np.float32)[[0, 1, 2, 1, 0, 2]]
X = (Y * [10, 20, 30]).astype(np.float32)


def test_a_row_and_its_target_are_blended_with_the_same_share():
    weight = np.full(6, 1 / 6, np.float32)
    x, y, found = Mixup(alpha=1.0).apply(X, Y, weight, np.random.default_rng(0))
    np.testing.assert_allclose(x, y * [10, 20, 30], rtol=1e-4)
    np.testing.assert_allclose(found, weight, rtol=1e-6)
    assert 0 < y.max(axis=1).min() < 0.99


def test_the_loss_is_the_blend_of_what_both_labels_would_cost():
    weight = np.array([3, 1, 0.5, 1, 3, 0], np.float32)
    cost = -np.log([0.2, 0.3, 0.5])
    x, y, found = Mixup(alpha=1.0).apply(np.arange(6.0), Y, weight, np.random.default_rng(1))
    rng = np.random.default_rng(1)
    other = np.array([*rng.permutation(5), 5])
    share = np.array([*rng.beta(1, 1, 5), 1])
    np.testing.assert_allclose(x, share * np.arange(6) + (1 - share) * other, rtol=1e-5)
    apart = share * weight * (Y @ cost) + (1 - share) * weight[other] * (Y[other] @ cost)
    np.testing.assert_allclose(found * (y @ cost), apart, rtol=1e-5)


def test_classes_keep_their_part_of_the_loss_on_average():
    weight = np.array([3, 1, 0.5, 1, 3, 0], np.float32)
    found = [Mixup(alpha=0.4).apply(X, Y, weight, np.random.default_rng(s)) for s in range(2000)]
    mass = np.mean([weight @ y for _, y, weight in found], axis=0)
    np.testing.assert_allclose(mass, weight @ Y, rtol=0.03)


def test_what_fills_a_batch_up_is_not_blended_in():
    weight = np.array([1, 1, 1, 1, 0, 0], np.float32)
    x = X.copy()
    x[4:] = 1e6
    for seed in range(20):
        found, _, _ = Mixup(alpha=1.0).apply(x, Y, weight, np.random.default_rng(seed))
        assert found[:4].max() < 100
        np.testing.assert_array_equal(found[4:], x[4:])


def test_a_small_alpha_leaves_rows_mostly_themselves():
    weight = np.full(6, 1, np.float32)
    far = [
        np.minimum(y.max(axis=1), 1).mean()
        for seed in range(50)
        for y in [Mixup(alpha=0.05).apply(X, Y, weight, np.random.default_rng(seed))[1]]
    ]
    assert np.mean(far) > 0.9
