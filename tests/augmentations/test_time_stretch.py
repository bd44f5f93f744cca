import numpy as np
import pytest

from emodist.augmentations.time_stretch import TimeStretch

SR = 16_000


def tone(hz, duration_s=3.0):
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(duration_s * SR)) / SR)).astype("f4")


def peak_hz(waveform):
    n_fft = 1 << 20
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform)), n_fft))
    return spectrum.argmax() * SR / n_fft


def stretched(waveform, rate):
    return TimeStretch().apply(waveform, SR, np.random.default_rng(0), rate)


@pytest.mark.parametrize("rate", [0.5, 0.85, 1.0, 1.2, 2.0])
def test_the_duration_is_divided_by_the_rate_and_the_pitch_stays(rate):
    found = stretched(tone(440), rate)
    assert len(found) == round(3 * SR / rate)
    assert peak_hz(found) == pytest.approx(440, abs=0.2)
    middle = found[len(found) // 4 : -len(found) // 4]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize("rate", [0.7, 1.3])
def test_what_happens_at_a_time_happens_at_that_time_over_the_rate(rate):
    burst = np.zeros(3 * SR, np.float32)
    burst[2 * SR : 2 * SR + 1600] = np.random.default_rng(0).standard_normal(1600) * 0.1
    power = stretched(burst, rate).astype(float) ** 2
    centre_s = (power * np.arange(len(power))).sum() / power.sum() / SR
    assert centre_s == pytest.approx(2.05 / rate, abs=0.02)


def test_rate_one_gives_the_same_waveform():
    noise = np.random.default_rng(0).standard_normal(SR).astype(np.float32)
    np.testing.assert_allclose(stretched(noise, 1.0), noise, atol=1e-5)


@pytest.mark.parametrize("hz", [80, 150, 300])
def test_there_and_back_a_steady_voice_is_the_same_voice(hz):
    t = np.arange(2 * SR) / SR
    voice = sum(0.1 / k * np.sin(2 * np.pi * hz * k * t) for k in range(1, 21)).astype(np.float32)
    back = stretched(stretched(voice, 1.2), 1 / 1.2)
    assert peak_hz(back) == pytest.approx(hz, abs=0.5)
    spectra = [np.abs(np.fft.rfft(w[4000:20000] * np.hanning(16000))) for w in (voice, back)]
    similarity = spectra[0] @ spectra[1] / np.linalg.norm(spectra[0]) / np.linalg.norm(spectra[1])
    assert similarity > 0.97
