import librosa
import numpy as np
import pytest

from emodist.errors import ConfigError
from emodist.features import _pyin, _yin
from emodist.features._analysis import Analysis
from emodist.features.f0 import F0
from tests.features.signals import PITCH, SR, librosa_frames, noise, silence, tone, voice

METHODS = ["yin", "pyin"]
SEARCH = (SR, PITCH["fmin"], PITCH["fmax"])


def test_yin_equals_librosa_on_speech(speech):
    for waveform in speech:
        f0, depth, _ = _yin.yin(Analysis(waveform).padded(2048), 2048, 512, *SEARCH, 0.1)
        # Where the difference function is flat (next to no signal) all lags are tied at 1, and
        # rounding picks one.
        is_tied = np.isclose(depth, 1, atol=1e-6)
        assert is_tied.mean() < 0.05
        precise = librosa.yin(waveform.astype(np.float64), **PITCH)
        np.testing.assert_allclose(f0[~is_tied], precise[~is_tied], rtol=1e-6)
        # In float32, as librosa runs by default, its correlations carry noise that shows in
        # frames without a trough.
        usual = librosa.yin(waveform, **PITCH)
        is_periodic = depth < 0.5
        np.testing.assert_allclose(f0[is_periodic], usual[is_periodic], rtol=1e-4)
        assert np.isclose(f0, usual, rtol=1e-4)[~is_tied].mean() > 0.98


@pytest.mark.parametrize("waveform", [tone(), voice(), noise(), voice(duration_s=0.1)])
def test_yin_equals_librosa_on_synthetic_signals(waveform):
    f0, _ = F0().track(Analysis(waveform))
    theirs = librosa_frames(librosa.yin, waveform, **PITCH)[0]
    np.testing.assert_allclose(f0, theirs, rtol=1e-4)


@pytest.mark.parametrize(("frame_length", "hop_length"), [(1024, 256), (2048, 160), (1500, 512)])
def test_yin_equals_librosa_with_other_frames(frame_length, hop_length):
    analysis = Analysis(voice() + noise(), hop_length=hop_length)
    f0, _ = F0(frame_length=frame_length).track(analysis)
    frames = {"frame_length": frame_length, "hop_length": hop_length}
    np.testing.assert_allclose(f0, librosa.yin(voice() + noise(), **frames, **PITCH), rtol=1e-4)


@pytest.mark.slow
def test_pyin_equals_librosa_on_speech(speech):
    for waveform in speech[:3]:
        f0, is_voiced, _ = _pyin.pyin(Analysis(waveform).padded(2048), 2048, 512, *SEARCH)
        expected, expected_voiced, _ = librosa.pyin(waveform, **PITCH)
        # librosa's correlations are in float32, so a close call may fall the other way.
        assert (is_voiced != expected_voiced).mean() < 0.01
        both = is_voiced & expected_voiced
        assert (~np.isclose(f0[both], expected[both], rtol=1e-9)).mean() < 0.01


@pytest.mark.parametrize("waveform", [tone(), noise(), silence(), voice(duration_s=0.1)])
def test_pyin_equals_librosa_on_synthetic_signals(waveform):
    f0, is_voiced, _ = _pyin.pyin(Analysis(waveform).padded(2048), 2048, 512, *SEARCH)
    expected, expected_voiced, _ = librosa.pyin(waveform, **PITCH)
    np.testing.assert_array_equal(is_voiced, expected_voiced)
    np.testing.assert_allclose(f0[is_voiced], expected[is_voiced], rtol=1e-9)


def test_more_frames_than_one_chunk_give_the_same_track():
    waveform = voice(hz=200, duration_s=12)
    f0, _ = F0().track(Analysis(waveform))
    np.testing.assert_allclose(f0, librosa.yin(waveform, **PITCH), rtol=1e-4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("hz", [80.0, 150.0, 310.0, 620.0])
def test_the_pitch_of_a_voice_is_found_and_its_frames_are_voiced(method, hz):
    values = F0(method=method).compute(Analysis(voice(hz)), ("p50",))
    np.testing.assert_allclose(values[0], hz, rtol=0.01)
    np.testing.assert_allclose(values[1], np.log(hz), rtol=0.002)
    assert values[2] > 0.8


def test_a_glide_of_an_octave_a_second_has_that_slope():
    t = np.arange(2 * SR) / SR
    phase = 2 * np.pi * 100 * (2**t - 1) / np.log(2)
    glide = sum(np.sin(k * phase) / k for k in range(1, 11)).astype(np.float32)
    values = F0().compute(Analysis(glide), ("slope",))
    assert values[1] == pytest.approx(np.log(2), rel=0.05)  # of the natural logarithm, per second


@pytest.mark.parametrize("method", METHODS)
def test_noise_is_hardly_voiced(method):
    assert F0(method=method).compute(Analysis(noise()), ("mean",))[-1] < 0.2


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("waveform", [silence(), silence()[:1], np.ones(1, np.float32)])
def test_without_voiced_frames_everything_is_zero(method, waveform):
    functionals = ("mean", "std", "min", "max", "range", "slope", "p10")
    assert not F0(method=method).compute(Analysis(waveform), functionals).any()


@pytest.mark.parametrize("method", METHODS)
def test_loudness_changes_neither_pitch_nor_voicing(method, speech):
    feature = F0(method=method)
    loud, quiet = (feature.compute(Analysis(speech[4] * g), ("mean", "p90")) for g in (1, 0.25))
    np.testing.assert_allclose(loud, quiet, rtol=1e-5)


def test_a_hum_far_below_the_voice_is_not_voiced():
    waveform = np.concatenate([voice(200), tone(100, amplitude=1e-4)])
    assert F0().compute(Analysis(waveform), ("mean",)) == pytest.approx(
        [200, np.log(200), 0.5], rel=0.08
    )


def test_columns_are_hertz_and_logarithm_and_the_voiced_fraction():
    labels = ("f0_hz_mean", "f0_hz_std", "f0_log_mean", "f0_log_std", "f0_voiced_fraction")
    assert F0().labels(("mean", "std")) == labels


@pytest.mark.parametrize(
    "settings",
    [
        {"method": "crepe"},
        {"fmin_hz": 5},
        {"fmin_hz": 400, "fmax_hz": 300},
        {"fmax_hz": 8000},
        {"trough_threshold": 0},
        {"frame_length": 2048.0},
    ],
)
def test_a_setting_out_of_range_is_refused(settings):
    with pytest.raises(ConfigError, match="f0"):
        F0(**settings)
