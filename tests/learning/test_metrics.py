import numpy as np
import pytest
from sklearn import metrics as sk

from emodist.learning import metrics
from tests.learning.predictions import people_of_different_skill, random_rows


def test_a_resample_is_what_repeating_its_speakers_rows_gives():
    """The fast sums over speakers are the plain metrics of the rows drawn."""
    y, scores = random_rows(120, seed=7)
    who = np.random.default_rng(2).integers(6, size=120)
    weights = np.array([[2.0, 0, 1, 3, 0, 0]])
    rows = np.concatenate(
        [np.repeat(np.flatnonzero(who == s), int(w)) for s, w in enumerate(weights[0])]
    )
    predicted = scores.argmax(axis=1)
    each = metrics.counts(y, predicted, who, 6, 3)
    assert metrics.uar(each.drawn(weights))[0] == pytest.approx(
        sk.balanced_accuracy_score(y[rows], predicted[rows])
    )
    assert metrics.accuracy(each.drawn(weights))[0] == pytest.approx(
        sk.accuracy_score(y[rows], predicted[rows])
    )
    f1 = metrics.mean_defined(metrics.f1(each.drawn(weights)))
    assert f1[0] == pytest.approx(sk.f1_score(y[rows], predicted[rows], average="macro"))
    for c, auc in enumerate(areas(y, scores, who, np.zeros(120, int), weights)[0]):
        assert auc == pytest.approx(sk.roc_auc_score(y[rows] == c, scores[rows, c]))


def areas(y, scores, who, fold, weights):
    folds = metrics.in_folds(who, fold)
    pairs = [metrics.auc_pairs(y == c, scores[:, c], folds, who.max() + 1) for c in range(3)]
    return metrics.aucs(pairs, weights)


def test_areas_are_the_mean_over_folds_by_their_pairs():
    y, scores = random_rows(240, seed=3)
    who = np.arange(240) % 6
    fold = np.array([0, 1, 1, 2, 2, 2])[who]
    found = areas(y, scores, who, fold, np.ones((1, 6)))[0]
    for c in range(3):
        each, n_pairs = [], []
        for index in range(3):
            own = fold == index
            n_own = (y[own] == c).sum()
            each.append(sk.roc_auc_score(y[own] == c, scores[own, c]))
            n_pairs.append(n_own * (own.sum() - n_own))
        assert found[c] == pytest.approx(np.average(each, weights=n_pairs))


def test_one_person_folds_count_as_often_as_the_person_is_drawn():
    y, scores = random_rows(120, seed=4)
    who = np.arange(120) % 3
    weights = np.array([[2.0, 1.0, 0.0]])
    found = areas(y, scores, who, who, weights)[0]
    twice = np.concatenate([np.flatnonzero(who == one) for one in (0, 0, 1)])
    fold = np.repeat([0, 1, 2], 40)
    again = areas(y[twice], scores[twice], fold, fold, np.ones((1, 3)))[0]
    np.testing.assert_allclose(found, again)


def test_counts_are_the_margins_of_the_confusion_matrix():
    y, predicted = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 2, 2, 0])
    table = metrics.confusion(y, predicted, 4)
    np.testing.assert_array_equal(table, sk.confusion_matrix(y, predicted, labels=range(4)))
    each = metrics.counts(y, predicted, None, 1, 4)
    np.testing.assert_array_equal(each.hits, [np.diag(table)])
    np.testing.assert_array_equal(each.support, [table.sum(axis=1)])
    np.testing.assert_array_equal(each.said, [table.sum(axis=0)])


def test_what_is_not_defined_does_not_count():
    of = metrics.Counts(np.array([[2, 0]]), np.array([[4, 0]]), np.array([[2, 0]]))
    np.testing.assert_array_equal(metrics.recall(of), [[0.5, np.nan]])
    assert metrics.uar(of) == 0.5
    assert np.isnan(metrics.mean_defined(np.array([[np.nan, np.nan]])))


def test_every_resample_draws_as_many_speakers_as_there_are():
    drawn = metrics.resamples_of(7, 50, np.random.default_rng(3))
    assert drawn.shape == (50, 7)
    np.testing.assert_array_equal(drawn.sum(axis=1), 7)


def test_one_speaker_has_no_interval():
    assert np.isnan(metrics.interval_of(np.linspace(0, 1, 100), 1)).all()


@pytest.mark.parametrize("n_speakers", [8, 24])
def test_intervals_cover_the_truth_at_about_the_nominal_rate(n_speakers):
    rng = np.random.default_rng(11)
    covered = []
    for _ in range(400):
        y, predicted, who = people_of_different_skill(rng, n_speakers)
        each = metrics.counts(y, predicted, who, n_speakers, 3)
        resamples = metrics.resamples_of(n_speakers, 600, rng)
        values = metrics.uar(each.drawn(resamples))
        low, high = metrics.interval_of(values, n_speakers)
        covered.append(low <= 0.5 <= high)
    assert 0.92 <= np.mean(covered) <= 0.985
