"""Windows become steps and spans; the numbers are worked out on paper."""

import numpy as np
import pytest

from emodist.predicting import timeline
from emodist.predicting.timeline import UNSURE, Steps


def smooth(windows, **settings) -> Steps:
    """Windows as (start, end, probability of the first of two classes, reason)."""
    starts, ends, first, reasons = zip(*windows, strict=True)
    p = np.array(first, float)
    return timeline.smooth(
        np.array(starts, float),
        np.array(ends, float),
        np.column_stack([p, 1 - p]),
        np.array([*reasons, None], object)[:-1],
        **settings,
    )


OVERLAPPING = [(0, 4, 1.0, None), (2, 6, 0.5, None), (4, 8, 0.0, None)]


def test_a_step_is_the_mean_of_the_windows_that_cover_it():
    steps = smooth(OVERLAPPING)
    np.testing.assert_array_equal(steps.start_s, [0, 2, 4, 6])
    np.testing.assert_array_equal(steps.end_s, [2, 4, 6, 8])
    np.testing.assert_allclose(steps.probabilities[:, 0], [1.0, 0.75, 0.25, 0.0])
    np.testing.assert_array_equal(steps.label, [0, 0, 1, 1])
    np.testing.assert_allclose(steps.confidence, [1.0, 0.75, 0.75, 1.0])


def test_smoothing_weighs_each_window_by_how_far_it_reaches_in():
    # Around the first step's middle, 1 s, six seconds reach from -2 to 4: 4 s and 2 s.
    steps = smooth(OVERLAPPING, smooth_s=6)
    assert steps.probabilities[0, 0] == pytest.approx((4 * 1.0 + 2 * 0.5) / 6)
    # Around 3 s, from 0 to 6: 4 s, 4 s and 2 s.
    assert steps.probabilities[1, 0] == pytest.approx((4 * 1.0 + 4 * 0.5 + 2 * 0.0) / 10)


def test_windows_that_do_not_overlap_are_their_own_steps():
    steps = smooth([(0, 4, 0.9, None), (4, 7.5, 0.2, None)])
    np.testing.assert_allclose(steps.probabilities[:, 0], [0.9, 0.2])
    np.testing.assert_array_equal(steps.end_s, [4, 7.5])


def test_nothing_is_said_where_no_window_was():
    steps = smooth([(0, 1, 0.9, None), (5, 6, 0.9, None)], smooth_s=20)
    np.testing.assert_array_equal(steps.start_s, [0, 5])
    assert len(timeline.spans(steps, ["a", "b"])) == 2


def test_a_window_without_speech_has_no_say_and_a_step_of_such_windows_gives_the_reason():
    steps = smooth([(0, 4, 0.9, None), (2, 6, 0.0, "no speech"), (6, 8, 0.0, "no speech")])
    np.testing.assert_allclose(steps.probabilities[:2, 0], [0.9, 0.9])
    assert steps.reason.tolist() == [None, None, "no speech", "no speech"]
    assert np.isnan(steps.probabilities[2:]).all()
    assert steps.label.tolist() == [0, 0, -1, -1]


def test_smoothing_does_not_speak_for_a_silent_step():
    steps = smooth([(0, 2, 0.9, None), (2, 4, 0.5, "no speech"), (4, 6, 0.9, None)], smooth_s=10)
    assert steps.reason.tolist() == [None, "no speech", None]


def test_a_step_below_the_least_confidence_is_unsure():
    steps = smooth([(0, 1, 0.9, None), (1, 2, 0.55, None)], min_confidence=0.6)
    assert steps.reason.tolist() == [None, UNSURE]


def test_a_recording_where_nothing_is_usable_abstains_throughout():
    steps = smooth([(0, 4, 0.5, "no speech"), (4, 8, 0.5, "no speech")])
    assert timeline.spans(steps, ["a", "b"]) == [
        {
            **{"start_s": 0.0, "end_s": 8.0, "label": None, "confidence": None},
            **{"abstained": True, "reason": "no speech"},
        }
    ]


def test_spans_join_neighbours_with_one_label_and_average_by_time():
    steps = smooth(
        [(0, 1, 0.9, None), (1, 4, 0.7, None), (4, 5, 0.1, None), (5, 6, 0.55, None)],
        min_confidence=0.6,
    )
    found = timeline.spans(steps, ["a", "b"])
    assert [(s["start_s"], s["end_s"], s["label"], s["reason"]) for s in found] == [
        (0, 4, "a", None),
        (4, 5, "b", None),
        (5, 6, None, UNSURE),
    ]
    assert [s["confidence"] for s in found] == [0.75, 0.9, 0.55]


def test_subtitles_are_webvtt():
    spans = [
        {"start_s": 0, "end_s": 61.5, "label": "happy", "confidence": 0.756, "abstained": False,
         "reason": None},
        {"start_s": 61.5, "end_s": 62, "label": None, "confidence": 0.2, "abstained": True,
         "reason": UNSURE},
        {"start_s": 62, "end_s": 70, "label": None, "confidence": None, "abstained": True,
         "reason": "no speech"},
        {"start_s": 3600, "end_s": 3601, "label": "<b>&", "confidence": 1.0, "abstained": False,
         "reason": None},
    ]  # fmt: skip
    assert timeline.vtt(spans, "one --> two") == (
        "WEBVTT\n\nNOTE\none to two\n\n"
        "00:00:00.000 --> 00:01:01.500\nhappy 76%\n\n"
        "00:01:01.500 --> 00:01:02.000\nunsure\n\n"
        "01:00:00.000 --> 01:00:01.000\n&lt;b&gt;&amp; 100%\n"
    )


def test_a_day_of_windows_has_a_step_for_each_second():
    starts = np.arange(20_000.0)
    p = np.random.default_rng(0).random(20_000)
    steps = timeline.smooth(
        starts, starts + 4, np.column_stack([p, 1 - p]), np.full(20_000, None, object), 4.0
    )
    assert len(steps) == 20_003
