"""A network from rows of a table: what it may see, what it says, how it is kept and exported."""

import dataclasses

import numpy as np
import pytest

from emodist.errors import ConfigError
from emodist.learning import classifier, folds
from emodist.network_training import fitting
from emodist.network_training.settings import NetworkSettings
from emodist.network_training.sources import ArraySource
from tests import make

pytestmark = pytest.mark.tf
SETTINGS = NetworkSettings(
    model="mlp_net",
    model_settings={"width": 16, "depth": 1, "dropout": 0.2},
    epochs=12,
    warmup_epochs=1,
    learning_rate=0.01,
    folds="group4",
)


@pytest.fixture
def emotional():
    """Twelve voices, each shifted by its own amount, say three things that differ."""
    rng = np.random.default_rng(0)
    labels = np.tile(np.repeat(["angry", "happy", "sad"], 6), 12)
    speakers = np.repeat([f"s{i:02}" for i in range(12)], 18)
    x = rng.normal(size=(216, 6))
    x[np.arange(216), [{"angry": 0, "happy": 1, "sad": 2}[label] for label in labels]] += 3
    x += np.repeat(rng.normal(size=(12, 6)), 18, axis=0)
    return make.dataset(100 * x + 1000, speakers, labels)


def judged(data, settings):
    folds = classifier.make_folds(data, settings)
    return classifier.judge(data, folds, fitting.out_of_fold(data, folds, settings), settings)


def test_emotion_is_learned_across_speakers_and_judged_as_a_classifier_is(emotional):
    found = judged(emotional, SETTINGS)
    assert found.uar > 0.6
    assert found.n_speakers == 12
    assert found.protocol == "group4: 4 folds, speaker-independent"
    scaled = judged(emotional, dataclasses.replace(SETTINGS, speaker_norm=True))
    assert scaled.uar > 0.75
    assert "transductive" in scaled.protocol


@pytest.mark.slow
def test_noise_that_tells_only_the_speaker_stays_at_chance():
    """The canary: it sings as soon as a fold shares speakers, and only then."""
    rng = np.random.default_rng(1)
    speakers = np.repeat([f"s{i:02}" for i in range(24)], 12)
    labels = np.array(["a", "b"], object)[
        (np.repeat(np.arange(24) % 2, 12) + (rng.random(288) < 0.15)) % 2
    ]
    data = make.dataset(np.repeat(rng.normal(size=(24, 40)), 12, axis=0), speakers, labels)
    honest = judged(data, dataclasses.replace(SETTINGS, folds="group6"))
    leaking = judged(data, dataclasses.replace(SETTINGS, folds="random6", dev_fraction=0))
    assert abs(honest.uar - 0.5) < 0.2
    assert leaking.uar > 0.75
    assert leaking.speakers_overlap


def test_rows_outside_the_training_side_change_nothing(emotional):
    fold = classifier.make_folds(emotional, SETTINGS)[0]
    changed = emotional.x.copy()
    changed[fold.test] = 1e6
    one, two = (
        fitting.fit(ArraySource(x), emotional, fold.train, SETTINGS) for x in (emotional.x, changed)
    )
    source, rows = ArraySource(emotional.x), fold.train[:20]
    np.testing.assert_array_equal(one.probabilities(source, rows), two.probabilities(source, rows))


def test_development_rows_are_of_speakers_who_are_not_learned_from(emotional):
    rows = np.arange(36, 216)
    todo = fitting.task(ArraySource(emotional.x), emotional, rows, SETTINGS)
    people = emotional.people()
    assert not set(people[todo.train]) & set(people[todo.dev])
    assert set(todo.train) | set(todo.dev) == set(rows)
    # Statistics of the normalization are of training rows alone.
    np.testing.assert_allclose(todo.problem.mean, emotional.x[todo.train].mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(
        todo.problem.variance, emotional.x[todo.train].var(axis=0), rtol=1e-4
    )


def test_rows_without_enough_speakers_say_what_to_do(emotional):
    one = np.flatnonzero(emotional.people() == "s00")
    with pytest.raises(ConfigError, match=r"development speakers .* dev_fraction=0"):
        fitting.task(ArraySource(emotional.x), emotional, one, SETTINGS)
    alone = dataclasses.replace(SETTINGS, dev_fraction=0)
    assert not len(fitting.task(ArraySource(emotional.x), emotional, one, alone).dev)


def test_one_class_alone_is_refused(emotional):
    sad = np.flatnonzero(emotional.label == "sad")
    with pytest.raises(ConfigError, match="two classes or more are needed"):
        fitting.task(ArraySource(emotional.x), emotional, sad, SETTINGS)


def test_the_same_seed_gives_the_same_network_and_another_seed_another(emotional):
    source, rows = ArraySource(emotional.x), np.arange(216)
    few = dataclasses.replace(SETTINGS, epochs=2)
    one, two, three = (
        fitting.fit(source, emotional, rows, settings).probabilities(source, rows)
        for settings in (few, few, dataclasses.replace(few, seed=1))
    )
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - three).max() > 0.01


def test_folds_of_a_network_are_those_of_a_classifier(emotional):
    from emodist.learning.settings import TrainSettings

    ours = classifier.make_folds(emotional, SETTINGS)
    theirs = classifier.make_folds(emotional, TrainSettings(folds="group4"))
    assert [fold.test.tolist() for fold in ours] == [fold.test.tolist() for fold in theirs]
    folds.check(ours, emotional.people())
