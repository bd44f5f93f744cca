"""Synthetic waveforms at 16 kHz, and librosa's answers to compare with."""

import warnings

import numpy as np

SR = 16_000
PITCH = {"sr": SR, "fmin": 65.40639132514966, "fmax": 800.0}


def tone(hz=220.0, duration_s=1.0, amplitude=0.5):
    t = np.arange(round(duration_s * SR)) / SR
    return (amplitude * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def voice(hz=150.0, duration_s=1.0, amplitude=0.1):
    """Twenty harmonics that fall by 6 dB an octave: what pitch trackers are made for."""
    parts = [tone(hz * k, duration_s, amplitude / k) for k in range(1, 21)]
    return np.sum(parts, axis=0, dtype=np.float32)


def noise(duration_s=1.0, amplitude=0.1, seed=1):
    rng = np.random.default_rng(seed)
    return (amplitude * rng.standard_normal(round(duration_s * SR))).astype(np.float32)


def silence(duration_s=1.0):
    return np.zeros(round(duration_s * SR), np.float32)


def clicks(duration_s=1.0):
    waveform = silence(duration_s)
    waveform[800::4000] = 1.0
    return waveform


def bursts(duration_s=60.0):
    """Noise and voice by turns, with pauses of silence."""
    n = round(duration_s * SR)
    gate = (np.arange(n) // SR % 3)[:, None] == np.arange(3)
    return np.where(gate[:, 0], voice(120, duration_s), noise(duration_s) * gate[:, 1])


SIGNALS = {
    "tone": tone(),
    "voice": voice(),
    "noise": noise(),
    "clicks": clicks(),
    "silence": silence(),
    "0.1 s of voice": voice(duration_s=0.1),
    "0.25 s of noise": noise(0.25),
    "7 samples": noise()[:7],
    "1 sample": np.full(1, 0.5, np.float32),
    "voice at -100 dB": voice(amplitude=1e-6),
    "60 s of bursts": bursts().astype(np.float32),
}


def librosa_frames(call, *args, **kwargs):
    """What librosa returns, without its warnings about short and silent clips."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.atleast_2d(call(*args, **kwargs))


def assert_equal_frames(ours, theirs, atol):
    assert ours.shape == theirs.shape
    assert np.isfinite(ours).all()
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=atol)
