"""Stretches of speech and segments made of them; a model that hears loudness stands for Silero."""

import itertools
import weakref

import numpy as np
import pytest

from emodist.audio import speech
from emodist.audio.segments import Segmentation
from emodist.audio.silero import WINDOW, Listener
from emodist.audio.speech import SpeechCut, Stretches
from emodist.errors import AudioError, ConfigError

SR = 16_000


class Loudness:
    """Of each window, its largest sample is the probability."""

    def listen(self):
        return Listener(self)

    def run(self, windows, states):
        return windows[:, -WINDOW:].max(axis=1), states


def sound(*levels_and_seconds):
    parts = [np.full(round(s * SR), level, np.float32) for level, s in levels_and_seconds]
    return np.concatenate(parts)


def blocks(waveform, *borders):
    edges = [0, *(round(border * SR) for border in borders), len(waveform)]
    return [waveform[a:b] for a, b in itertools.pairwise(edges)]


def cut(waveform, rules, *borders):
    found = rules.cut(blocks(waveform, *borders), Loudness())
    return [segment for segment in found if segment is not None]


def times(segments):
    return [(round(segment.start_s, 3), round(segment.end_s, 3)) for segment in segments]


def plain(probabilities, n_samples):
    """The rule again, with the whole recording at hand."""
    spans, start, quiet = [], None, None
    for index, p in enumerate(probabilities):
        if p >= 0.3:
            start, quiet = (index if start is None else start), None
        elif start is not None and p < 0.15:
            quiet = index if quiet is None else quiet
            if (index - quiet) * 512 >= 8000:
                spans.append((start * 512, quiet * 512))
                start = quiet = None
    if start is not None:
        end = len(probabilities) if quiet is None else quiet
        spans.append((start * 512, min(end * 512, n_samples)))
    long = [(a, b) for a, b in spans if b - a >= 1600]
    return [(max(0, a - 3200), min(n_samples, b + 3200)) for a, b in long]


@pytest.mark.parametrize("seed", range(20))
def test_stretches_are_those_of_the_rule_applied_to_the_whole(seed):
    rng = np.random.default_rng(seed)
    # Moods that last: else nothing is ever quiet for long.
    moods = np.repeat(rng.uniform(0, 0.6, 60), rng.integers(1, 30, 60))
    probabilities = (moods * rng.uniform(0.3, 1, len(moods))).astype(np.float32)
    n_samples = len(moods) * WINDOW - int(rng.integers(0, WINDOW))
    stretches = Stretches()
    for part in np.array_split(probabilities, 7):
        stretches.hear(part)
    stretches.end(n_samples)
    assert list(stretches.closed) == plain(probabilities.tolist(), n_samples)


@pytest.mark.parametrize("seed", range(10))
def test_what_is_known_never_changes(seed):
    rng = np.random.default_rng(seed)
    moods = np.repeat(rng.uniform(0, 0.6, 40), rng.integers(1, 30, 40)).astype(np.float32)
    whole = Stretches()
    whole.hear(moods)
    whole.end(len(moods) * WINDOW)
    is_speech = np.zeros(len(moods) * WINDOW)
    for start, end in whole.closed:
        is_speech[start:end] = 1
    step, asked = Stretches(), 0
    for number, p in enumerate(moods, 1):
        step.hear(np.array([p]))
        known = int(min(step.known, number * WINDOW))
        if known > asked:
            expected = is_speech[asked:known].mean()
            assert step.fraction(asked, known) == pytest.approx(expected), number
            asked = known
    # It lags by the gap, the padding and the least voice, and by no more.
    assert len(moods) * WINDOW - asked <= 0.8 * SR + WINDOW


def test_a_pause_is_part_of_a_stretch_and_a_longer_one_ends_it():
    waveform = sound((0, 1), (1, 1), (0, 0.4), (1, 1), (0, 2), (1, 1), (0, 1))
    found = speech.spans([waveform], Loudness())
    np.testing.assert_allclose(found, [(0.8, 3.6), (5.2, 6.6)], atol=0.04)


def test_a_sound_of_a_moment_is_no_speech():
    assert speech.spans([sound((0, 1), (1, 0.05), (0, 1))], Loudness()) == []


@pytest.mark.parametrize("borders", [(), (0.1, 0.1, 3.3), tuple(np.arange(0.05, 21, 0.05))])
@pytest.mark.parametrize("hop_s", [None, 0.5, 6.0])
def test_windows_have_their_share_of_speech_however_the_blocks_fall(borders, hop_s):
    waveform = sound((0, 3), (1, 5), (0, 0.3), (0.5, 2), (0, 4), (1, 3), (0, 3.7))
    cutting = Segmentation(segment_s=4.0, hop_s=hop_s)
    given = blocks(waveform, *borders)
    found = list(speech.judged(cutting.cut, given, Loudness()))
    without = list(cutting.cut(given))
    assert times(found) == times(without)
    spans = speech.spans([waveform], Loudness())
    for segment, same in zip(found, without, strict=True):
        np.testing.assert_array_equal(segment.waveform, same.waveform)
        inside = [min(segment.end_s, b) - max(segment.start_s, a) for a, b in spans]
        expected = sum(max(0, s) for s in inside) / (segment.end_s - segment.start_s)
        assert segment.speech_fraction == pytest.approx(expected)


def test_a_whole_trimmed_recording_has_a_share_of_speech():
    waveform = sound((0, 2), (1, 2), (0, 2))
    (found,) = speech.judged(Segmentation().cut, [waveform], Loudness())
    assert 0.9 < found.speech_fraction <= 1.0


@pytest.mark.parametrize("borders", [(), (0.01, 5.0), tuple(np.arange(0.03, 30, 0.03))])
def test_segments_of_speech_are_its_stretches_however_the_blocks_fall(borders):
    waveform = sound((0, 3), (1, 5), (0, 0.3), (0.5, 2), (0, 4), (1, 3), (0, 5), (1, 0.2), (0, 9))
    rules = SpeechCut(min_segment_s=0.7)
    found = cut(waveform, rules, *borders)
    np.testing.assert_allclose(times(found), [(2.8, 10.5), (14.1, 17.5)], atol=0.04)
    assert [segment.index for segment in found] == [0, 1]
    for segment in found:
        start, end = round(segment.start_s * SR), round(segment.end_s * SR)
        np.testing.assert_array_equal(segment.waveform, waveform[start:end])
        assert segment.speech_fraction == 1.0


def test_a_wider_gap_joins_what_a_narrow_one_keeps_apart():
    waveform = sound((1, 2), (0, 0.8), (1, 2), (0, 2))
    assert len(cut(waveform, SpeechCut())) == 2
    assert len(cut(waveform, SpeechCut(merge_gap_s=1.0))) == 1


def test_long_speech_is_cut_where_it_is_least_probable_and_nothing_is_lost():
    waveform = sound((0, 1), (1, 11), (0.2, 0.1), (1, 20), (0, 3))
    found = times(cut(waveform, SpeechCut(max_segment_s=15.0)))
    assert found[0] == pytest.approx((0.8, 12.05), abs=0.06)
    assert all(a[1] == b[0] for a, b in itertools.pairwise(found))
    assert found[-1][1] == pytest.approx(32.3, abs=0.05)
    assert all(0.5 <= end - start <= 15 for start, end in found)


@pytest.mark.parametrize("seed", range(5))
def test_segments_are_within_their_bounds_and_apart(seed):
    rng = np.random.default_rng(seed)
    parts = [(float(rng.uniform(0, 1)), float(rng.uniform(0.05, 3))) for _ in range(80)]
    waveform, rules = sound(*parts), SpeechCut(merge_gap_s=0.3, min_segment_s=1, max_segment_s=6)
    found = times(cut(waveform, rules))
    assert len(found) > 5
    assert all(1 <= round(end - start, 3) <= 6.3 for start, end in found)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(found))
    assert found == times(cut(waveform, rules, *np.arange(0.5, len(waveform) / SR, 0.5)))


def test_it_holds_no_more_than_a_segment_and_what_is_not_judged_yet():
    made, most = [], 0

    def minutes():
        nonlocal most
        for number in range(600):
            block = np.full(SR, number % 40 < 30, np.float32)
            made.append(weakref.ref(block))
            most = max(most, sum(held() is not None for held in made))
            yield block

    rules = SpeechCut(max_segment_s=5.0)
    for _ in rules.cut(minutes(), Loudness()):
        pass
    # Thirty seconds at a time are speech, blocks have one, and a batch of windows too.
    assert most <= 9


def test_a_recording_that_is_too_short_is_refused():
    with pytest.raises(AudioError, match=r"the recording has 0\.050 s"):
        cut(sound((1, 0.05)), SpeechCut())


def test_silence_has_no_segments_and_gives_signs_of_life():
    found = list(SpeechCut().cut(blocks(sound((0, 30)), 10, 20), Loudness()))
    assert found == [None] * 4


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"merge_gap_s": 0.05}, r"merge_gap_s must be at least 0\.1"),
        ({"min_segment_s": -1.0}, "min_segment_s must be at least 0"),
        ({"max_segment_s": float("inf")}, "max_segment_s must be at least 1"),
        ({"max_segment_s": 2.0, "min_segment_s": 1.5}, "at least twice min_segment_s"),
    ],
)
def test_bounds_that_cannot_be_are_refused(given, said):
    with pytest.raises(ConfigError, match=said):
        SpeechCut(**given)
