import dataclasses
import json

import numpy as np
import pytest

from emodist import augmentations, registry
from emodist.errors import ConfigError

SR = 16_000
NAMES = registry.names("augmentations")


def voice(duration_s=1.0, hz=150.0):
    t = np.arange(round(duration_s * SR)) / SR
    parts = [0.1 / k * np.sin(2 * np.pi * hz * k * t) for k in range(1, 21)]
    return np.sum(parts, axis=0).astype(np.float32)


WAVEFORMS = {
    "voice": voice(),
    "silence": np.zeros(SR // 2, np.float32),
    "one sample": np.full(1, -1, np.float32),
    "seven samples": voice()[:7],
    "0.1 s": voice(0.1),
    "an offset": np.full(5000, 0.3, np.float32),
    "next to nothing": voice() * np.float32(1e-30),
    "full scale": np.sign(voice()),
}


@pytest.fixture(params=NAMES)
def augmentation(request):
    return registry.build("augmentations", request.param)


def changed(augmentation, waveform, seed=0):
    rng = np.random.default_rng(seed)
    return augmentation.apply(waveform, SR, rng, **augmentation.draw(rng))


@pytest.mark.parametrize("waveform", WAVEFORMS)
def test_any_waveform_becomes_a_finite_float32_one(augmentation, waveform):
    found = changed(augmentation, WAVEFORMS[waveform])
    assert found.dtype == np.float32
    assert found.ndim == 1
    assert np.isfinite(found).all()
    assert np.abs(found).max() < 10


def test_only_the_tempo_changes_the_length(augmentation, request):
    for waveform in WAVEFORMS.values():
        rng = np.random.default_rng(3)
        drawn = augmentation.draw(rng)
        found = augmentation.apply(waveform, SR, rng, **drawn)
        assert len(found) == max(1, round(len(waveform) / drawn.get("rate", 1)))


def test_the_same_generator_gives_the_same_samples_and_another_one_others(augmentation):
    first, again, other = (changed(augmentation, voice(), seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert len(first) != len(other) or not np.array_equal(first, other)


def test_the_waveform_that_was_given_stays_as_it_was(augmentation):
    given = voice()
    given.flags.writeable = False
    found = changed(augmentation, given)
    assert not np.shares_memory(found, given)
    np.testing.assert_array_equal(given, voice())


def test_silence_stays_silence(augmentation):
    assert not changed(augmentation, np.zeros(SR, np.float32)).any()


def test_drawn_parameters_are_plain_and_say_all_that_was_done(augmentation, request):
    name = request.node.callspec.params["augmentation"]
    drawn = augmentation.draw(np.random.default_rng(1))
    assert drawn
    read = json.loads(json.dumps({name: drawn}))
    found = augmentations.apply(voice(), SR, read, np.random.default_rng(2))
    direct = augmentation.apply(voice(), SR, np.random.default_rng(2), **drawn)
    np.testing.assert_array_equal(found, direct)


def test_parameters_are_drawn_from_the_whole_of_their_range(augmentation):
    rng = np.random.default_rng(0)
    draws = [augmentation.draw(rng) for _ in range(200)]
    for key in draws[0]:
        values = [draw[key] for draw in draws]
        if isinstance(values[0], str):
            assert len(set(values)) > 1
            continue
        name = key.removesuffix("_db").removesuffix("_s")
        low, high = (
            next(
                getattr(augmentation, field.name)
                for field in dataclasses.fields(augmentation)
                if field.name.startswith(end) and (name in field.name or name == "gain")
            )
            for end in ("min_", "max_")
        )
        assert low <= min(values) < low + 0.1 * (high - low)
        assert high - 0.1 * (high - low) < max(values) <= high


def test_settings_are_frozen_hashable_and_equal_by_value(augmentation):
    assert dataclasses.replace(augmentation) == augmentation
    assert hash(dataclasses.replace(augmentation)) == hash(augmentation)


def test_a_range_upside_down_or_out_of_bounds_is_refused(augmentation, request):
    name = request.node.callspec.params["augmentation"]
    low = next(f.name for f in dataclasses.fields(augmentation) if f.name.startswith("min_"))
    high = low.replace("min_", "max_")
    with pytest.raises(ConfigError, match=rf"{name}\.{low}=\S+ is above {name}\.{high}="):
        dataclasses.replace(augmentation, **{low: getattr(augmentation, high) + 1e-3})
    for wrong in (float("nan"), 1e9, "2", True, None):
        with pytest.raises(ConfigError, match=rf"{name}\.{low} must be a number between"):
            dataclasses.replace(augmentation, **{low: wrong})


def test_augmentations_follow_one_another_in_their_order():
    drawn = {"gain": {"gain_db": 6.0}, "time_stretch": {"rate": 2.0}}
    found = augmentations.apply(voice(), SR, drawn, np.random.default_rng(0))
    assert len(found) == SR // 2
    rms = np.sqrt(np.mean(found[1600:-1600] ** 2)) / np.sqrt(np.mean(voice() ** 2))
    assert rms == pytest.approx(10 ** (6 / 20), rel=0.05)
