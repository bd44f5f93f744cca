"""A source-filter voice whose prosody depends on the emotion and on the speaker.

Glottal pulses and noise are shaped by moving formants (Fant, *Acoustic Theory
of Speech Production*, 1960). Control tracks have one value per frame of 5 ms.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import gaussian_filter1d

from emodist.errors import ConfigError
from emodist.synthesis.prosody import EMOTIONS, act

SAMPLE_RATE = 16_000

_HOP = 80
_WINDOW = 4 * _HOP
# 30 ms beyond the window hold the ringing of the narrowest formant down to 0.4 %.
_N_FFT = 10 * _HOP
_FRAME_RATE = SAMPLE_RATE / _HOP


# First three formants of men's vowels, Hz, from "heed" to "heard":
# Peterson & Barney, JASA 24 (1952) 175-184, table II.
_VOWELS_HZ = np.array(
    [
        (270, 2290, 3010),
        (390, 1990, 2550),
        (530, 1840, 2480),
        (660, 1720, 2410),
        (730, 1090, 2440),
        (570, 840, 2410),
        (440, 1020, 2240),
        (300, 870, 2240),
        (640, 1190, 2390),
        (490, 1350, 1690),
    ],
    dtype=float,
)
_MURMUR_HZ = (250.0, 1000.0, 2200.0)  # nasal consonants
_BANDWIDTHS_HZ = (60.0, 90.0, 150.0)
# The same in every vowel. Those out of band lift what is below them (Fant's correction).
_UPPER_FORMANTS_HZ = np.arange(3500.0, 14_000.0, 1000.0)
_UPPER_BANDWIDTH_HZ = 250.0


def utterance(speaker, emotion, rng, duration_s=None):
    """A few made-up syllables, with silence at both ends.

    Parameters
    ----------
    speaker : Speaker
    emotion : str
        A key of `EMOTIONS`.
    rng : numpy.random.Generator
        The same state gives the same samples.
    duration_s : float, seconds, optional
        At least 1; by default drawn from 2 to 3.5.

    Returns
    -------
    float32 array, shape (n_samples,), 16 kHz
        Within [-1, 1]; zero for at least the first and last 30 ms.

    Raises
    ------
    ConfigError
        If the emotion is unknown, or the duration below one second.

    Examples
    --------
    >>> from emodist.synthesis import Speaker
    >>> ann = Speaker("ann", base_pitch_hz=200.0, formant_factor=1.15)
    >>> utterance(ann, "happy", np.random.default_rng(0), duration_s=2.0).shape
    (32000,)
    """
    if emotion not in EMOTIONS:
        raise ConfigError(f"utterance has no emotion {emotion!r}; it has {', '.join(EMOTIONS)}")
    if duration_s is None:
        duration_s = rng.uniform(2.0, 3.5)
    if duration_s < 1:
        raise ConfigError(f"utterance needs duration_s of 1 or more; got {duration_s}")
    n_samples = round(duration_s * SAMPLE_RATE)
    prosody = act(speaker, emotion, rng)
    tracks = _Tracks.draw(speaker, prosody, rng, n_frames=-(-n_samples // _HOP))
    voiced = _glottis(speaker, prosody, tracks, rng)
    waveform = _vocal_tract(speaker, prosody, tracks, voiced, rng)[:n_samples]
    is_voice = np.repeat(tracks.voice > 0.1, _HOP)[:n_samples]
    level_db = -27 + speaker.level_db + prosody.level_db
    waveform *= 10 ** (level_db / 20) / np.sqrt(np.mean(waveform[is_voice] ** 2))
    waveform *= min(1.0, 0.98 / np.max(np.abs(waveform)))
    margin = int(0.03 * SAMPLE_RATE)
    waveform[:margin] = waveform[-margin:] = 0
    return waveform.astype(np.float32)


@dataclass
class _Tracks:
    """What the articulators do: one value per frame, and three formants."""

    voice: np.ndarray  # gain of the glottal source, (n_frames,)
    noise: np.ndarray  # gain of the noise made in the mouth, (n_frames,)
    noise_hz: np.ndarray  # its centre frequency, (n_frames,)
    f0_hz: np.ndarray  # (n_frames,)
    formants_hz: np.ndarray  # (n_frames, 3)

    @classmethod
    def draw(cls, speaker, prosody, rng, n_frames):
        voice, noise, accent = np.zeros((3, n_frames))
        noise_hz = np.full(n_frames, 4000.0)
        formants = np.tile((500.0, 1500.0, 2500.0), (n_frames, 1))
        rate = speaker.tempo * prosody.tempo

        def frames(duration_s):
            return max(1, round(duration_s / rate * _FRAME_RATE))

        first, last = (rng.uniform(0.12, 0.25, size=2) * _FRAME_RATE).astype(int)
        at, end = first, n_frames - last
        until_pause = rng.integers(4, 9)
        while at < end:
            consonant = rng.choice(["none", "nasal", "fricative", "stop"], p=[0.15, 0.3, 0.3, 0.25])
            onset = at + (frames(rng.uniform(0.05, 0.1)) if consonant != "none" else 0)
            stop = min(onset + frames(rng.uniform(0.09, 0.2)), end)
            vowel_hz = rng.choice(_VOWELS_HZ)
            gain = 10 ** (prosody.level_sd_db * rng.normal() / 20)
            formants[at:stop] = vowel_hz
            accent[at:stop] = prosody.accent_st * rng.normal()
            voice[onset:stop] = gain
            if consonant == "nasal":
                formants[at:onset] = _MURMUR_HZ
                voice[at:onset] = 0.4 * gain
            elif consonant == "fricative":
                noise[at:onset] = rng.uniform(0.1, 0.4) * gain
                noise_hz[at:onset] = rng.uniform(2500, 6500)
            elif consonant == "stop":
                burst = slice(onset - 3, onset + 1)
                noise[burst] = rng.uniform(0.3, 0.8) * gain
                noise_hz[burst] = rng.uniform(1000, 5000)
            at, until_pause = stop, until_pause - 1
            if until_pause == 0:
                at, until_pause = at + frames(rng.uniform(0.15, 0.35)), rng.integers(4, 9)

        voice[end:] = noise[end:] = 0
        voice = gaussian_filter1d(voice, prosody.onset_s * _FRAME_RATE)
        noise = gaussian_filter1d(noise, 0.004 * _FRAME_RATE)
        formants = gaussian_filter1d(formants, 0.015 * _FRAME_RATE, axis=0, mode="nearest")
        formants *= speaker.formant_factor * np.array((prosody.openness, 1, 1))
        pitch_st = gaussian_filter1d(accent, 0.03 * _FRAME_RATE, mode="nearest")
        pitch_st += prosody.contour_st * np.linspace(-0.5, 0.5, n_frames)
        pitch_st += prosody.f0_st - np.average(pitch_st, weights=voice)
        return cls(voice, noise, noise_hz, speaker.base_pitch_hz * 2 ** (pitch_st / 12), formants)


def _per_sample(track):
    n_frames = len(track)
    return np.interp(np.arange(n_frames * _HOP), np.arange(n_frames) * _HOP, track)


def _glottis(speaker, prosody, tracks, rng):
    """The derivative of the glottal flow, with aspiration; shape (n_frames * 80,).

    The pulse is Rosenberg's trigonometric one (JASA 49, 1971, 583-590), open for
    40 % of the period and closing for 16 %, longer in a breathy voice.
    """
    even_phase = np.cumsum(_per_sample(tracks.f0_hz)) / SAMPLE_RATE
    samples = np.arange(len(even_phase))
    n_pulses = int(even_phase[-1]) + 1
    starts = np.interp(np.arange(n_pulses), even_phase, samples)
    periods = np.diff(starts) * (1 + prosody.jitter * rng.normal(size=n_pulses - 1))
    starts[1:] = starts[0] + np.cumsum(periods)
    phase = np.interp(samples, starts, np.arange(n_pulses))
    pulse = phase.astype(int)
    position = phase - pulse
    opening, closing = 0.4, 0.16 + 0.3 * speaker.breathiness
    rise = 0.5 - 0.5 * np.cos(np.pi * position / opening)
    fall = np.cos(0.5 * np.pi * np.clip((position - opening) / closing, 0, 1))
    flow = np.where(position < opening, rise, fall)
    flow *= 1 + prosody.shimmer * rng.normal(size=n_pulses)[pulse]
    # Differences of the flow, not samples of its derivative: the closing edge aliases less.
    source = np.diff(flow, prepend=flow[0])
    source /= np.sqrt(np.mean(source**2))
    source += speaker.breathiness * (0.3 + flow) * rng.normal(size=len(flow))
    return source * _per_sample(tracks.voice)


def _vocal_tract(speaker, prosody, tracks, voiced, rng):
    """The sound at the lips: each frame's spectrum times its transfer function, overlap-added."""
    frequency = np.fft.rfftfreq(_N_FFT, 1 / SAMPLE_RATE)
    tilt_db = speaker.tilt_db + prosody.tilt_db
    tilt = (np.maximum(frequency, 200) / 1000) ** (tilt_db / (20 * np.log10(2)))
    fixed = np.ones(len(frequency), complex)
    for formant_hz in _UPPER_FORMANTS_HZ:
        fixed *= _resonance(frequency, speaker.formant_factor * formant_hz, _UPPER_BANDWIDTH_HZ)
    transfer = np.tile(tilt * fixed, (len(tracks.voice), 1))
    for formant_hz, bandwidth_hz in zip(tracks.formants_hz.T, _BANDWIDTHS_HZ, strict=True):
        transfer *= _resonance(frequency, formant_hz[:, None], bandwidth_hz)
    # Noise made at the teeth or lips bypasses most of the tract: one broad peak.
    noise_band = np.exp(-0.5 * ((frequency - tracks.noise_hz[:, None]) / 1200) ** 2) * tilt
    noise = rng.normal(size=len(voiced)) * _per_sample(tracks.noise)
    spectrum = _spectra(voiced) * transfer + _spectra(noise) * noise_band
    pieces = np.fft.irfft(spectrum, _N_FFT)
    n_frames, n_pieces = len(pieces), _N_FFT // _HOP
    out = np.zeros((n_frames + n_pieces, _HOP))
    for i in range(n_pieces):
        out[i : i + n_frames] += pieces[:, i * _HOP : (i + 1) * _HOP]
    lead = _WINDOW // 2
    return out.ravel()[lead : lead + n_frames * _HOP]


def _resonance(frequency, formant_hz, bandwidth_hz):
    """A pole pair with gain 1 at 0 Hz: Klatt's resonator (JASA 67, 1980, 971-995), not sampled."""
    peak = formant_hz**2 + bandwidth_hz**2 / 4
    return peak / (peak - frequency**2 + 1j * bandwidth_hz * frequency)


def _spectra(signal):
    """Spectra of Hann windows centred on the frames' starts; shape (n_frames, n_fft // 2 + 1)."""
    padded = np.pad(signal, _WINDOW // 2)
    windows = sliding_window_view(padded, _WINDOW)[: len(signal) : _HOP]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)
    return np.fft.rfft(windows * hann, _N_FFT)
