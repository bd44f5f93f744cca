"""Pieces at given times, from samples that come in blocks of any size."""

import numpy as np
import pytest

from emodist.audio import spans
from emodist.errors import AudioError

RATE = 16_000


def blocks(n_samples, size):
    ramp = np.arange(n_samples, dtype=np.float32)
    return [ramp[i : i + size] for i in range(0, n_samples, size)]


@pytest.mark.parametrize("size", [1000, 16_000, 1_000_000])
def test_a_piece_has_exactly_the_samples_of_its_times(size):
    rng = np.random.default_rng(0)
    starts = np.sort(rng.integers(0, 9 * RATE, 200))
    ends = starts + rng.integers(1, RATE, 200)
    times = list(zip((starts / RATE).tolist(), (ends / RATE).tolist(), strict=True))
    found = [piece for piece in spans.cut(blocks(10 * RATE, size), times) if piece]
    assert [piece.index for piece in found] == list(range(200))
    for piece, (start_s, end_s) in zip(found, times, strict=True):
        wanted = np.arange(round(start_s * RATE), round(end_s * RATE), dtype=np.float32)
        np.testing.assert_array_equal(piece.waveform, wanted)
        assert (piece.start_s, piece.end_s) == (start_s, end_s)


def test_all_of_a_recording_is_taken_also_after_the_last_span():
    stream = iter(blocks(RATE * 5, 1000))
    list(spans.cut(stream, [(0.0, 1.0)]))
    assert next(stream, None) is None


def test_each_block_gives_a_sign_of_life():
    found = list(spans.cut(blocks(RATE * 5, RATE), [(1.5, 2.5)]))
    assert [piece is not None for piece in found] == [False, False, True, False, False]


def test_a_span_that_ends_a_little_after_the_recording_ends_with_it():
    (piece,) = (p for p in spans.cut(blocks(RATE, 4000), [(0.5, 1.5)]) if p)
    assert (piece.start_s, piece.end_s, len(piece.waveform)) == (0.5, 1.0, RATE // 2)


@pytest.mark.parametrize("times", [(0.5, 1.51), (1.0, 1.2), (7.0, 8.0)])
def test_a_span_beyond_the_recording_is_refused_with_its_times(times):
    with pytest.raises(AudioError, match=rf"line 7 is {times[0]:.3f} to .* has 1.000 s; .*0.5 s"):
        list(spans.cut(blocks(RATE, 4000), [times], lambda index: "line 7"))


def test_no_more_is_held_than_the_longest_span_and_a_block():
    def long():
        for _ in range(600):
            yield np.zeros(RATE, np.float32)

    times = [(float(i), i + 2.5) for i in range(590)]
    longest = max(
        piece.waveform.base.size for piece in spans.cut(long(), times) if piece is not None
    )
    assert longest <= 4 * RATE


def test_times_of_a_film_whose_sound_begins_late_are_those_of_the_film():
    times = [(0.5, 2.0), (2.0, 3.0)]
    first, second = (
        piece for piece in spans.cut(blocks(3 * RATE, 1000), times, offset_s=lambda: 1.5) if piece
    )
    np.testing.assert_array_equal(first.waveform, np.arange(RATE // 2))
    np.testing.assert_array_equal(second.waveform, np.arange(RATE // 2, RATE * 3 // 2))
    assert (first.start_s, first.end_s, second.start_s, second.end_s) == (0, 0.5, 0.5, 1.5)
    with pytest.raises(AudioError, match=r"span 0 is 0\.500 to 1\.000 s, .* begins at 1\.500 s"):
        list(spans.cut(blocks(RATE, 1000), [(0.5, 1.0)], offset_s=lambda: 1.5))
