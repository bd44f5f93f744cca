import sys

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from emodist.audio.segments import Segment, Segmentation, speech_fraction, trim
from emodist.errors import AudioError, ConfigError

SR = 16_000


def noise(n_seconds, level=0.1, seed=0):
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal(round(n_seconds * SR))).astype(np.float32)


def cut(waveform, block=160_000, **settings):
    pieces = [waveform[k : k + block] for k in range(0, len(waveform), block)]
    return list(Segmentation(**settings).cut(pieces))


def spans(segments):
    return [(segment.start_s, segment.end_s) for segment in segments]


def test_without_a_length_the_recording_is_one_segment():
    waveform = noise(40)
    (segment,) = cut(waveform, segment_s=None, trim_db=None)
    assert (segment.index, segment.start_s, segment.end_s) == (0, 0, 40)
    np.testing.assert_array_equal(segment.waveform, waveform)


def test_windows_follow_each_other_and_a_long_enough_rest_is_kept():
    assert spans(cut(noise(9.5), segment_s=4)) == [(0, 4), (4, 8), (8, 9.5)]
    assert spans(cut(noise(8.5), segment_s=4)) == [(0, 4), (4, 8), (8, 8.5)]
    assert spans(cut(noise(8.49), segment_s=4)) == [(0, 4), (4, 8)]
    assert spans(cut(noise(8), segment_s=4)) == [(0, 4), (4, 8)]


def test_overlapping_windows_stop_once_the_end_is_covered():
    assert spans(cut(noise(8), segment_s=4, hop_s=2)) == [(0, 4), (2, 6), (4, 8)]
    assert spans(cut(noise(7), segment_s=4, hop_s=2)) == [(0, 4), (2, 6), (4, 7)]
    assert spans(cut(noise(4), segment_s=4, hop_s=1)) == [(0, 4)]


def test_a_hop_longer_than_the_window_leaves_gaps():
    assert spans(cut(noise(9), segment_s=1, hop_s=3)) == [(0, 1), (3, 4), (6, 7)]
    assert spans(cut(noise(6.7), segment_s=1, hop_s=3)) == [(0, 1), (3, 4), (6, 6.7)]


def test_the_only_window_is_kept_however_short():
    assert spans(cut(noise(0.2), segment_s=4)) == [(0, 0.2)]


def test_windows_are_counted_from_zero():
    assert [segment.index for segment in cut(noise(9), segment_s=2)] == [0, 1, 2, 3, 4]


def test_auto_keeps_fifteen_seconds_whole_and_cuts_what_is_longer():
    assert len(cut(noise(15))) == 1
    assert spans(cut(noise(15.5))) == [(0, 4), (4, 8), (8, 12), (12, 15.5)]
    assert spans(cut(noise(5), whole_up_to_s=4.5)) == [(0, 4), (4, 5)]


def test_windows_are_never_trimmed_and_whole_segments_are():
    waveform = noise(12)
    waveform[: 4 * SR] = 0
    assert spans(cut(waveform, segment_s=4))[0] == (0, 4)
    (whole,) = cut(waveform, segment_s="auto")
    assert whole.start_s == pytest.approx(4, abs=0.1)
    assert whole.end_s == 12
    first = round(whole.start_s * SR)
    np.testing.assert_array_equal(whole.waveform, waveform[first:])


@settings(max_examples=60, deadline=None)
@given(
    n_samples=st.integers(1_600, 70_000),
    sizes=st.lists(st.integers(1, 30_000), min_size=1, max_size=8),
    segment_s=st.sampled_from([0.3, 0.7, 1.0, 2.5]),
    hop_s=st.sampled_from([None, 0.2, 0.7, 1.3, 4.0]),
)
def test_the_seams_between_blocks_leave_no_trace(n_samples, sizes, segment_s, hop_s):
    waveform = np.arange(n_samples, dtype=np.float32)
    pieces, start = [], 0
    while start < n_samples:
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(waveform[start : start + size])
        start += size
    segmentation = Segmentation(segment_s, hop_s, whole_up_to_s=1)
    streamed, at_once = list(segmentation.cut(pieces)), list(segmentation.cut([waveform]))
    assert spans(streamed) == spans(at_once)
    for mine, other in zip(streamed, at_once, strict=True):
        np.testing.assert_array_equal(mine.waveform, other.waveform)
        first = round(mine.start_s * SR)
        np.testing.assert_array_equal(mine.waveform, waveform[first : round(mine.end_s * SR)])


def test_windows_come_while_the_recording_still_streams():
    n_asked = 0

    def endless():
        nonlocal n_asked
        while True:
            n_asked += 1
            yield np.zeros(SR, np.float32)

    stream = Segmentation(segment_s=4, hop_s=1).cut(endless())
    for _ in range(1_000):
        segment = next(stream)
    assert isinstance(segment, Segment)
    assert n_asked == 1_003
    # What is held is a window, not the recording.
    assert (
        len(segment.waveform if segment.waveform.base is None else segment.waveform.base) < 6 * SR
    )


@pytest.mark.parametrize("segment_s", [None, "auto", 2.0])
def test_what_is_shorter_than_the_shortest_recording_is_refused(segment_s):
    with pytest.raises(AudioError, match=r"has 0\.050 s; min_duration_s is 0\.1"):
        cut(noise(0.05), segment_s=segment_s)
    with pytest.raises(AudioError, match=r"0\.000 s"):
        cut(noise(0), segment_s=segment_s)
    assert len(cut(noise(0.1), segment_s=segment_s)) == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"segment_s": 0}, "segment_s must be"),
        ({"segment_s": -1}, "segment_s must be"),
        ({"segment_s": "whole"}, "'auto' or null.*'whole'"),
        ({"segment_s": True}, "segment_s is a number.*bool"),
        ({"segment_s": [4]}, "segment_s is a number.*list"),
        ({"segment_s": float("nan")}, "segment_s must be finite"),
        ({"segment_s": 4, "hop_s": 0}, "hop_s must be"),
        ({"segment_s": 4, "hop_s": "2"}, "hop_s is a number.*str"),
        ({"segment_s": None, "hop_s": 2}, "hop_s needs segment_s"),
        ({"trim_db": -30}, "trim_db must be.*above 0"),
        ({"min_duration_s": None}, "min_duration_s is a number.*NoneType"),
        ({"min_last_s": -1}, "min_last_s must be.*at least 0"),
        ({"whole_up_to_s": float("inf")}, "whole_up_to_s must be finite"),
    ],
)
def test_wrong_settings_are_refused_by_name(wrong, message):
    with pytest.raises(ConfigError, match=message):
        Segmentation(**wrong)


@pytest.mark.parametrize("trim_db", [10, 30, 60])
@pytest.mark.parametrize("n_samples", [1, 511, 512, 2_047, 2_048, 16_000, 40_961])
def test_trimming_equals_librosa(trim_db, n_samples):
    rng = np.random.default_rng(n_samples)
    for _ in range(10):
        waveform = noise(n_samples / SR, seed=rng.integers(1e6))
        loud = np.exp(rng.uniform(-9, 0, 1 + n_samples // 3_000)).astype(np.float32)
        waveform *= np.repeat(loud, 3_000)[:n_samples]
        _, wanted = librosa.effects.trim(waveform, top_db=trim_db)
        assert trim(waveform, trim_db) == tuple(wanted)


@pytest.mark.parametrize("level", [0.0, 1e-6, 1e-5, 2e-4])
def test_trimming_of_near_silence_equals_librosa(level):
    waveform = noise(1, level)
    waveform[:8_000] *= 1e-3
    _, wanted = librosa.effects.trim(waveform, top_db=30)
    assert trim(waveform, 30) == tuple(wanted)


def test_trimming_equals_librosa_on_real_speech(shared_data):
    for path in sorted((shared_data / "ravdess" / "Actor_01").glob("*.flac")):
        waveform, _ = soundfile.read(path, dtype="float32")
        _, wanted = librosa.effects.trim(waveform, top_db=30)
        assert trim(waveform, 30) == tuple(wanted)


def test_digital_silence_is_kept_whole():
    assert spans(cut(np.zeros(3 * SR, np.float32))) == [(0, 3)]


def test_silence_and_nothing_hold_no_speech():
    for n_samples in (0, 1, 399, 400, 16_000):
        assert speech_fraction(np.zeros(n_samples, np.float32)) == 0.0


def test_a_burst_counts_by_its_share():
    waveform = noise(4, 1e-5)
    waveform[SR : 3 * SR] += noise(2, 0.2)
    assert speech_fraction(waveform) == pytest.approx(0.5, abs=0.02)


def test_steady_noise_is_not_speech_however_loud():
    for level in (1e-4, 1e-2, 0.3):
        assert speech_fraction(noise(4, level)) < 0.02


def test_real_speech_is_found_in_steady_noise(shared_data):
    clean, noisy = [], []
    for path in sorted((shared_data / "ravdess" / "Actor_02").glob("*.flac")):
        waveform, _ = soundfile.read(path, dtype="float32")
        level = np.sqrt(np.mean(waveform**2)) / 10  # 20 dB below the speech
        clean.append(speech_fraction(waveform))
        noisy.append(speech_fraction(waveform + noise(len(waveform) / SR, level)))
    assert 0.35 < np.mean(clean) < 0.6
    assert abs(np.mean(clean) - np.mean(noisy)) < 0.12


def test_no_step_of_python_is_made_for_each_frame():
    def n_calls(duration_s):
        waveform, calls = noise(duration_s), []
        sys.setprofile(lambda frame, event, of: calls.append(event))
        try:
            speech_fraction(waveform)
        finally:
            sys.setprofile(None)
        return len(calls)

    n_calls(5)
    assert n_calls(60) == n_calls(5)
