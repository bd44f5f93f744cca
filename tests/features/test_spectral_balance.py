import numpy as np
import pytest

from emodist.features._analysis import Analysis
from emodist.features.spectral_balance import ELEMENTS, SpectralBalance
from tests.features.signals import noise, silence, tone, voice


def frames(waveform):
    """Each element in the middle of the sound."""
    found = SpectralBalance().frames(Analysis(waveform))[:, 5:-5]
    return dict(zip(ELEMENTS, found, strict=True))


def test_a_low_tone_and_a_high_one_differ_by_their_levels():
    # Both tones lie on a bin, where a window loses nothing.
    found = frames(tone(312.5, amplitude=0.5) + tone(3000, amplitude=0.05))
    np.testing.assert_allclose(found["hammarberg"], 20, atol=0.1)
    np.testing.assert_allclose(found["alpha_ratio"], -20, atol=0.1)


def test_white_noise_has_power_in_proportion_to_the_width_of_a_band():
    found = frames(noise(10))
    # Between bins of 31.25 Hz: 50 to 1000 Hz are 30 of them, 1 to 5 kHz 128.
    assert np.median(found["alpha_ratio"]) == pytest.approx(10 * np.log10(128 / 30), abs=0.3)
    assert np.median(found["drop_500"]) == pytest.approx(10 * np.log10(14 / 16), abs=0.5)
    assert np.median(found["drop_5000"]) == pytest.approx(0, abs=0.3)


def test_a_gain_changes_nothing():
    soft, loud = (frames(noise(amplitude=a)) for a in (0.01, 0.1))
    for name in ELEMENTS:
        np.testing.assert_allclose(loud[name], soft[name], atol=1e-3)


def test_voiced_and_unvoiced_frames_are_kept_apart():
    waveform = np.concatenate([voice(), noise(amplitude=0.03)])
    found = SpectralBalance().compute(Analysis(waveform), ("mean",))
    columns = dict(zip(SpectralBalance().labels(("mean",)), found, strict=True))
    voiced, unvoiced = (
        columns[f"spectral_balance_{part}_alpha_ratio_mean"] for part in ("voiced", "unvoiced")
    )
    assert voiced < -10
    assert unvoiced > 3
    assert voiced < columns["spectral_balance_all_alpha_ratio_mean"] < unvoiced


def test_silence_is_balanced():
    assert not SpectralBalance().frames(Analysis(silence())).any()
