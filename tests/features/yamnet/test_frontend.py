import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from emodist.errors import AudioError
from emodist.features._yamnet import frontend

RNG = np.random.default_rng(0)
NOISE = RNG.uniform(-1, 1, 100_000).astype(np.float32)


@pytest.mark.parametrize(
    ("n_samples", "expected"),
    # The first patch needs 95 hops and a window: 15600 samples; each further one 7680 more.
    [(0, 1), (1, 1), (15_600, 1), (15_601, 2), (23_280, 2), (23_281, 3)],
)
def test_a_waveform_is_padded_to_a_whole_number_of_patches(n_samples, expected):
    patches = frontend.patches(NOISE[:n_samples])
    assert patches.shape == (expected, 96, 64)
    assert patches.dtype == np.float32
    assert frontend.n_patches(n_samples) == expected


def test_silence_is_the_logarithm_of_the_offset():
    np.testing.assert_allclose(frontend.log_mel(np.zeros(16_000)), np.log(0.001), rtol=1e-6)


def test_neighbouring_patches_share_half_of_their_frames():
    first, second = frontend.patches(NOISE)[:2]
    np.testing.assert_array_equal(first[48:], second[:48])


def test_a_tone_is_loudest_in_the_band_around_its_frequency():
    tone = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)
    edges = np.linspace(*(1127 * np.log1p(np.array([125, 7500]) / 700)), 66)
    band = np.argmin(np.abs(edges[1:-1] - 1127 * np.log1p(1000 / 700)))
    assert np.all(frontend.log_mel(tone)[:90].argmax(axis=1) == band)


def test_ten_times_the_amplitude_adds_the_logarithm_of_ten_where_it_is_loud():
    quiet, loud = frontend.log_mel(NOISE / 10), frontend.log_mel(NOISE)
    np.testing.assert_allclose((loud - quiet)[:600], np.log(10), atol=0.05)


@pytest.mark.parametrize("n_samples", [0, 15_600, 99_999])
def test_blocks_together_are_the_patches(n_samples):
    waveform = NOISE[:n_samples]
    blocks = list(frontend.patch_blocks(waveform, block=3))
    assert all(len(block) <= 3 for block in blocks)
    np.testing.assert_array_equal(np.concatenate(blocks), frontend.patches(waveform))


def test_a_long_recording_passes_in_little_memory():
    waveform = np.zeros(16_000 * 600, np.float32)
    # The patches of these ten minutes are 31 MB; tracemalloc sees what numpy allocates.
    tracemalloc.start()
    n = sum(len(block) for block in frontend.patch_blocks(waveform, block=64))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert n == frontend.n_patches(len(waveform))
    assert peak < 6e6


def test_stereo_and_integers_are_refused():
    with pytest.raises(AudioError, match=r"mono.*\(2, 400\)"):
        frontend.patches(np.zeros((2, 400), np.float32))
    with pytest.raises(AudioError, match="int16"):
        frontend.patches(np.zeros(400, np.int16))


def test_neither_the_front_end_nor_the_package_loads_tensorflow_or_litert():
    code = (
        "import sys, numpy; from emodist.features import _yamnet; _yamnet.patches(numpy.zeros(9));"
        "print([m for m in ('tensorflow', 'ai_edge_litert', 'ray') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.tf
def test_log_mel_equals_the_models_own(real_call, speech):
    waveforms = [*speech, NOISE, NOISE[:1], NOISE[:0], NOISE[:15_601], 1e-4 * NOISE]
    for waveform in waveforms:
        own = real_call(waveform)[2]
        np.testing.assert_allclose(frontend.log_mel(waveform), own, rtol=0, atol=2e-4)
    silence = np.zeros(40_000, np.float32)
    np.testing.assert_allclose(frontend.log_mel(silence), real_call(silence)[2], rtol=1e-6)
