"""SYNTHETIC sounds that are no speech, and that the level alone takes for it; float32, 16 kHz."""

import numpy as np

SR = 16_000


def rain(duration_s: float, seed: int = 0) -> np.ndarray:
    """Pink noise, and forty drops a second: short decaying whistles of 1.5 to 6 kHz."""
    rng = np.random.default_rng(seed)
    n_samples = int(duration_s * SR)
    spectrum = np.fft.rfft(rng.normal(size=n_samples))
    noise = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)).clip(1)), n_samples)
    sound = 0.1 * noise / np.abs(noise).max()
    time_s = np.arange(800) / SR
    for _ in range(int(40 * duration_s)):
        at, f_hz = rng.integers(0, n_samples - 800), rng.uniform(1500, 6000)
        drop = np.exp(-time_s * rng.uniform(80, 300)) * np.sin(2 * np.pi * f_hz * time_s)
        sound[at : at + 800] += rng.uniform(0.02, 0.3) * drop
    return sound.astype(np.float32)


def music(duration_s: float) -> np.ndarray:
    """Plucked major chords with four harmonics, two a second."""
    time_s = np.arange(SR // 2) / SR
    chords = []
    for number in range(int(2 * duration_s)):
        root_hz = 220 * 2 ** ((0, 5, 7, 3)[number % 4] / 12)
        tones = (
            np.sin(2 * np.pi * root_hz * ratio * harmonic * time_s) / harmonic
            for ratio in (1, 1.25, 1.5)
            for harmonic in (1, 2, 3, 4)
        )
        chords.append(0.08 * sum(tones) * np.exp(-2 * time_s))
    return np.concatenate(chords).astype(np.float32)


def bells(duration_s: float, seed: int = 0) -> np.ndarray:
    """A stroke every 1.5 s: nine inharmonic partials, the high ones decaying first.

    Ratios, amplitudes and durations of the partials are those of Risset's bell (Dodge & Jerse,
    *Computer Music* (1997), ch. 4).
    """
    rng = np.random.default_rng(seed)
    sound = np.zeros(int(duration_s * SR))
    partials = (
        *((0.56, 1.0, 1.0), (0.92, 0.67, 0.9), (1.19, 1.0, 0.65), (1.7, 1.8, 0.55)),
        *((2.0, 2.67, 0.325), (2.74, 1.67, 0.35), (3.0, 1.46, 0.25), (3.76, 1.33, 0.2)),
        (4.07, 1.33, 0.15),
    )
    for at in range(0, len(sound), 24_000):
        time_s, f_hz = np.arange(len(sound) - at) / SR, rng.uniform(300, 900)
        for ratio, amplitude, duration in partials:
            tone = np.sin(2 * np.pi * f_hz * ratio * time_s)
            sound[at:] += 0.05 * amplitude * np.exp(-time_s / (2 * duration)) * tone
    return sound.astype(np.float32)
