"""Frame-level features against librosa on signals drawn at random."""

import librosa
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from emodist.features import build_features
from emodist.features._analysis import Analysis
from tests.features.signals import SR, assert_equal_frames, librosa_frames

NAMES = (
    "chroma_stft",
    "spectral_centroid",
    "spectral_bandwidth",
    "spectral_contrast",
    "spectral_flatness",
    "zero_crossing_rate",
    "rms",
    "mfcc",
)
# As in each feature's own test: coefficients, Hz and dB to a thousandth, shares to a millionth.
ATOL = {"spectral_centroid": 1e-3, "spectral_bandwidth": 1e-3, "spectral_contrast": 1e-3}
ATOL |= {"mfcc": 5e-4}


@st.composite
def waveforms(draw):
    """Up to a second of a gated mixture of a glide and coloured noise, at any usual level."""
    n_samples = draw(st.integers(1, SR))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    t = np.arange(n_samples) / SR
    hz = draw(st.floats(60, 3000)) * 2 ** (t * draw(st.floats(-1, 1)))
    glide = np.sin(2 * np.pi * np.cumsum(hz) / SR)
    hiss = np.convolve(rng.standard_normal(n_samples), [1, draw(st.floats(-0.9, 0.9))])[:n_samples]
    waveform = glide + draw(st.sampled_from([0.0, 0.01, 1.0])) * hiss
    waveform[: draw(st.integers(0, n_samples))] *= draw(st.sampled_from([0.0, 0.01, 1.0]))
    return (waveform * 10 ** draw(st.floats(-4, 0))).astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(waveforms(), st.sampled_from([(2048, 512), (1024, 160), (1000, 250)]))
def test_frames_equal_those_of_librosa(waveform, frame):
    n_fft, hop_length = frame
    analysis = Analysis(waveform, n_fft, hop_length)
    features = build_features(NAMES, {"mfcc": {"deltas": 0}})
    for name, feature in features.items():
        call = getattr(librosa.feature, name)
        length = "frame_length" if name in ("rms", "zero_crossing_rate") else "n_fft"
        settings = {length: n_fft, "hop_length": hop_length, "y": waveform}
        if name not in ("rms", "zero_crossing_rate", "spectral_flatness"):
            settings["sr"] = SR
        theirs = librosa_frames(call, **settings)
        assert_equal_frames(feature.frames(analysis), theirs, ATOL.get(name, 1e-6))
