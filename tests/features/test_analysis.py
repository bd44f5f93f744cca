import threading

import librosa
import numpy as np
import pytest

from emodist.errors import AudioError, ConfigError
from emodist.features import DEFAULT, _analysis, build_features, extract
from emodist.features._analysis import Analysis
from tests.features.signals import SR, librosa_frames, noise, silence, tone, voice


def test_the_magnitude_is_that_of_librosa_to_the_last_bits(signal):
    theirs = np.abs(librosa_frames(librosa.stft, signal)).T
    ours = Analysis(signal).magnitude
    np.testing.assert_allclose(ours, theirs, rtol=2e-6, atol=1e-12 * theirs.max())


@pytest.mark.parametrize(("n_fft", "hop_length"), [(512, 128), (1024, 160), (1000, 333), (30, 7)])
def test_other_frames_give_the_magnitude_of_librosa(n_fft, hop_length):
    theirs = np.abs(librosa.stft(noise(0.3), n_fft=n_fft, hop_length=hop_length)).T
    ours = Analysis(noise(0.3), n_fft, hop_length).magnitude
    np.testing.assert_allclose(ours, theirs, rtol=2e-6, atol=1e-6)


def test_a_sine_on_a_bin_has_a_quarter_of_the_frame_times_its_amplitude():
    # The Hann window sums to n_fft / 2, and half the sine's amplitude is at the positive frequency.
    magnitude = Analysis(tone(1000, amplitude=0.5)).magnitude
    assert magnitude[10, 128] == pytest.approx(0.5 * 2048 / 4, rel=1e-5)


@pytest.mark.parametrize("n_samples", [1, 511, 512, 513, 16000])
def test_there_is_a_frame_for_each_hop_begun(n_samples):
    assert Analysis(noise()[:n_samples]).magnitude.shape == (1 + n_samples // 512, 1025)


def test_all_features_share_one_fourier_transform_of_each_length(monkeypatch):
    calls = {2048: [], 512: []}

    def counted(padded, window, first, hop_length, block):
        calls[block.shape[1]].append(first)
        block[:] = 0

    monkeypatch.setattr(_analysis._kernels, "fill_windowed", counted)
    extract(noise(), build_features(DEFAULT))
    assert calls[2048] == [0, 16]  # 32 frames in blocks of 16, each once
    assert calls[512] == [0, 16, 32, 48]  # 63 short frames


def test_short_frames_are_windowed_centred_and_sixteen_milliseconds_apart():
    waveform = noise()
    padded = np.pad(waveform, 256)
    frames = np.lib.stride_tricks.sliding_window_view(padded, 512)[::256]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(512) / 512)
    expected = np.abs(np.fft.rfft(frames * window)) ** 2
    np.testing.assert_allclose(Analysis(waveform).short_power, expected, rtol=1e-3, atol=1e-5)


def test_levels_of_short_frames_end_sixty_decibels_below_the_loudest():
    analysis = Analysis(np.concatenate([noise(), silence()]))
    assert np.ptp(analysis.short_mel_db) == pytest.approx(60)
    assert Analysis(silence()).short_mel_db.max() == pytest.approx(-80)


def test_pitch_is_tracked_once_for_all_who_ask(monkeypatch):
    calls = []
    real = _analysis._yin.yin
    monkeypatch.setattr(_analysis._yin, "yin", lambda *given: calls.append(1) or real(*given))
    extract(voice(), build_features(["f0", "prosody", "spectral_balance", "voice_quality"]))
    assert calls == [1]


def test_threads_do_not_disturb_each_other():
    expected = [Analysis(noise(5, seed=seed)).magnitude for seed in range(4)]
    found = {}

    def work(seed):
        for _ in range(5):
            found[seed] = Analysis(noise(5, seed=seed)).magnitude

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in range(4):
        np.testing.assert_array_equal(found[seed], expected[seed])


def test_the_waveform_is_not_changed():
    waveform = voice()
    before = waveform.copy()
    extract(waveform, build_features(DEFAULT))
    np.testing.assert_array_equal(waveform, before)


def test_strided_and_double_precision_waveforms_are_accepted():
    doubled = np.repeat(noise().astype(np.float64), 2)[::2]
    np.testing.assert_array_equal(Analysis(doubled).magnitude, Analysis(noise()).magnitude)


@pytest.mark.parametrize(
    ("waveform", "complaint"),
    [
        (np.zeros((2, 400), np.float32), r"mono.*\(2, 400\)"),
        (np.zeros(400, np.int16), "float samples.*int16"),
        (np.zeros(0, np.float32), "at least one sample"),
        (np.array([0, 1, np.nan], np.float32), "sample 2 is nan"),
        (np.array([0, np.inf], np.float32), "sample 1 is inf"),
        (np.array([0, -3e30], np.float32), r"peak of 3e\+30"),
    ],
)
def test_a_waveform_that_does_not_fit_is_refused(waveform, complaint):
    with pytest.raises(AudioError, match=complaint):
        Analysis(waveform)


@pytest.mark.parametrize(("n_fft", "hop_length"), [(8, 512), (2047, 512), (2048, 0), (1e3, 512)])
def test_frames_that_cannot_be_are_refused(n_fft, hop_length):
    with pytest.raises(ConfigError, match=r"n_fft|hop_length"):
        Analysis(noise(), n_fft, hop_length)


def test_the_mel_filters_are_those_of_librosa():
    for settings in [(128, 0.0, 8000.0), (40, 50.0, 4000.0), (64, 125.0, 7500.0)]:
        starts, offsets, weights = _analysis._filters.mel(SR, 2048, *settings)
        dense = np.zeros((settings[0], 1025), np.float32)
        for i, start in enumerate(starts):
            row = weights[offsets[i] : offsets[i + 1]]
            dense[i, start : start + row.size] = row
        n_mels, fmin, fmax = settings
        theirs = librosa.filters.mel(sr=SR, n_fft=2048, n_mels=n_mels, fmin=fmin, fmax=fmax)
        np.testing.assert_allclose(dense, theirs, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("tuning", [-0.5, -0.13, 0.0, 0.37])
def test_the_chroma_filters_are_those_of_librosa(tuning):
    theirs = librosa.filters.chroma(sr=SR, n_fft=2048, tuning=tuning)
    np.testing.assert_allclose(
        _analysis._filters.chroma(SR, 2048, tuning), theirs, rtol=1e-5, atol=1e-9
    )
