"""The one z-score per speaker: in memory, streamed, and of images."""

import dataclasses

import numpy as np
import pytest

from emodist.learning import classifier, speaker_norm
from emodist.learning.settings import TrainSettings
from tests import make


@pytest.fixture
def rows():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(60, 3)) * [1, 100, 0] + [0, 1e4, 7]
    return make.dataset(x, [f"s{i % 4}" for i in range(60)], ["x"] * 60)


@pytest.mark.parametrize("size", [1, 7, 60])
def test_parts_of_any_size_give_the_scaling_of_training(rows, size):
    parts = [rows.select(np.arange(i, min(i + size, 60))) for i in range(0, 60, size)]
    known = speaker_norm.joined(speaker_norm.of(part.x, part) for part in parts)
    expected = classifier.inputs(rows, TrainSettings(speaker_norm=True))
    found = speaker_norm.scaled(rows.x, speaker_norm.voices(rows), known)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    for who in ("s0", "s3"):
        own = expected[rows.speaker == who]
        np.testing.assert_allclose(own.mean(axis=0), 0, atol=1e-9)
        # The third number never moves; noise of rounding is not blown up.
        np.testing.assert_allclose(own.std(axis=0), [1, 1, 0], atol=1e-6)


def test_images_are_scaled_by_mel_band(rows):
    image = np.random.default_rng(0).normal(-40, 9, size=(60, 3, 11))
    who = speaker_norm.voices(rows)
    half = np.arange(60) < 23
    known = speaker_norm.joined(
        speaker_norm.statistics(image[part], who[part]) for part in (half, ~half)
    )
    own = speaker_norm.scaled(image, who, known)[rows.speaker == "s2"]
    np.testing.assert_allclose(own.mean(axis=(0, 2)), 0, atol=1e-9)
    np.testing.assert_allclose(own.std(axis=(0, 2)), 1)


def test_a_recording_without_a_speaker_is_its_own_speaker(rows):
    unnamed = dataclasses.replace(rows, speaker=np.full(60, None, object))
    assert set(speaker_norm.voices(unnamed)) == set(rows.uri)
    assert set(speaker_norm.voices(rows)) == {f"media/s{i}" for i in range(4)}


def test_rows_of_a_speaker_of_whom_nothing_is_known_stay_as_they_are(rows):
    known = speaker_norm.of(rows.x, rows)
    del known["media/s1"]
    found = speaker_norm.scaled(rows.x, speaker_norm.voices(rows), known)
    own = rows.speaker == "s1"
    np.testing.assert_array_equal(found[own], rows.x[own])
    assert not np.array_equal(found[~own], rows.x[~own])


def test_no_rows_have_no_statistics(rows):
    none = rows.select(np.arange(0))
    assert speaker_norm.of(none.x, none) == {}
    assert speaker_norm.scaled(none.x, speaker_norm.voices(none), {}).shape == (0, 3)
