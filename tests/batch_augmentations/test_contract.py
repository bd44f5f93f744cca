import dataclasses

import numpy as np
import pytest

from emodist import batch_augmentations, registry
from emodist.errors import ConfigError

NAMES = registry.names("batch_augmentations")
N_ROWS, N_CLASSES = 8, 3


def images(seed=0, n_rows=N_ROWS):
    rng = np.random.default_rng(seed)
    return rng.uniform(-80, 0, (n_rows, 128, 128)).astype(np.float32)


def batch(seed=0):
    rng = np.random.default_rng(seed)
    y = np.eye(N_CLASSES, dtype=np.float32)[rng.integers(N_CLASSES, size=N_ROWS)]
    weight = np.array([1, 0.5, 2, 1, 1, 1, 0, 0], np.float32) / 8
    return images(seed), y, weight


@pytest.fixture(params=NAMES)
def entry(request):
    return registry.build("batch_augmentations", request.param)


def test_shapes_and_types_stay_and_the_given_arrays_too(entry):
    given = batch()
    for array in given:
        array.flags.writeable = False
    found = entry.apply(*given, np.random.default_rng(0))
    for before, after, again in zip(given, found, batch(), strict=True):
        assert after.shape == before.shape
        assert after.dtype == np.float32
        assert np.isfinite(after).all()
        np.testing.assert_array_equal(before, again)


def test_targets_add_up_to_one_and_what_fills_a_batch_up_keeps_its_zero_weight(entry):
    _, y, weight = entry.apply(*batch(), np.random.default_rng(0))
    np.testing.assert_allclose(y.sum(axis=1), 1, atol=1e-6)
    assert (weight[:-2] > 0).all()
    assert not weight[-2:].any()


def test_the_same_generator_gives_the_same_batch_and_another_one_another(entry):
    first, again, other = (
        entry.apply(*batch(), np.random.default_rng(seed))[0] for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_rows_are_not_all_changed_alike(entry):
    x, y, weight = batch()
    x = np.repeat(x[:1], N_ROWS, axis=0)
    x[::2] += 10
    changed = entry.apply(x, y, weight, np.random.default_rng(0))[0] - x
    assert len({row.tobytes() for row in changed[:6]}) > 3


def test_even_silence_stays_finite(entry):
    _, y, weight = batch()
    silence = np.full((N_ROWS, 128, 128), -100, np.float32)
    assert np.isfinite(entry.apply(silence, y, weight, np.random.default_rng(0))[0]).all()


def test_what_an_entry_changes_is_said(entry):
    assert entry.INPUTS in ("any", "image", "decibels")


def test_settings_are_frozen_and_checked(entry, request):
    name = request.node.callspec.params["entry"]
    for field in dataclasses.fields(entry):
        for wrong in (1e9, "2", True, None):
            with pytest.raises(ConfigError, match=rf"{name}\.{field.name} must be a"):
                dataclasses.replace(entry, **{field.name: wrong})
    assert hash(dataclasses.replace(entry)) == hash(entry)


def test_entries_follow_one_another():
    entries = [registry.build("batch_augmentations", name) for name in ("gain", "mixup")]
    found = batch_augmentations.apply(entries, *batch(), np.random.default_rng(0))
    rng = np.random.default_rng(0)
    expected = entries[1].apply(*entries[0].apply(*batch(), rng), rng)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
