import numpy as np
import pytest

from emodist.augmentations.room import Room, impulse_response

SR = 16_000


def heard(waveform, rt60_s, direct_db, seed=0):
    return Room().apply(waveform, SR, np.random.default_rng(seed), rt60_s, direct_db)


@pytest.mark.parametrize("rt60_s", [0.2, 0.5, 1.0])
def test_the_reverberation_decays_by_sixty_decibels_in_its_time(rt60_s):
    click = np.zeros(2 * SR, np.float32)
    click[0] = 1
    tail = heard(click, rt60_s, 0.0)[1:].astype(float)
    # Schroeder's backward integration; the slope from -5 to -35 dB, as in ISO 3382.
    decay_db = 10 * np.log10(np.maximum(np.cumsum(tail[::-1] ** 2)[::-1] / np.sum(tail**2), 1e-9))
    fitted = np.flatnonzero((decay_db < -5) & (decay_db > -35))
    slope_db_per_s = np.polyfit(fitted / SR, decay_db[fitted], 1)[0]
    assert -60 / slope_db_per_s == pytest.approx(rt60_s, rel=0.1)


@pytest.mark.parametrize("direct_db", [-6, 0, 12])
def test_the_direct_sound_stands_above_the_reverberation_by_what_was_asked(direct_db):
    response = impulse_response(SR, np.random.default_rng(0), 0.4, direct_db).astype(float)
    found_db = 10 * np.log10(response[0] ** 2 / np.sum(response[1:] ** 2))
    assert found_db == pytest.approx(direct_db, abs=1e-3)
    assert np.sum(response**2) == pytest.approx(1)


def test_sound_stays_in_its_place_and_rings_on_to_the_end():
    click = np.zeros(SR, np.float32)
    click[4000] = 1
    found = heard(click, 0.5, 6.0)
    assert np.abs(found).argmax() == 4000
    np.testing.assert_allclose(found[:4000], 0, atol=1e-6)
    assert found[4001:8000].any()
