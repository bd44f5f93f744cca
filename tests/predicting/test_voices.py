"""Streamed statistics of speakers, against those of a table in memory."""

import dataclasses

import numpy as np
import pytest

from emodist.learning import classifier
from emodist.learning.settings import TrainSettings
from emodist.predicting import voices
from tests.learning.test_classifier import make


@pytest.fixture
def rows():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(60, 3)) * [1, 100, 0] + [0, 1e4, 7]
    return make(x, [f"s{i % 4}" for i in range(60)], ["x"] * 60)


@pytest.mark.parametrize("size", [1, 7, 60])
def test_parts_of_any_size_give_the_scaling_of_training(rows, size):
    parts = [rows.select(np.arange(i, min(i + size, 60))) for i in range(0, 60, size)]
    known = voices.statistics(parts)
    expected = classifier.inputs(rows, TrainSettings(speaker_norm=True))
    np.testing.assert_allclose(voices.scaled(rows, known), expected, atol=1e-6)


def test_a_recording_without_a_speaker_is_its_own_speaker(rows):
    unnamed = dataclasses.replace(rows, speaker=np.full(60, None, object))
    assert set(voices.speakers(unnamed)) == set(rows.uri)
    assert set(voices.speakers(rows)) == {f"media/s{i}" for i in range(4)}


def test_a_speaker_with_few_rows_is_left_alone(rows):
    few = rows.select(np.arange(8))
    np.testing.assert_array_equal(voices.scaled(few, voices.statistics([few])), few.x)
