"""The timeline of a recording, as files."""

import json

import numpy as np
import pytest

from emodist.models.opened import Opened
from emodist.predicting import files
from emodist.predicting.settings import Rules
from tests import make
from tests.predicting import windows

RULES = Rules("/bundles/b", "d1", "/media", 0.6, 0.1, 0.0, ("json", "vtt", "png"))
LOADED = Opened(None, make.card(), "/bundles/b")


def rules(**more):
    return Rules(**{**RULES.__dict__, **more})


def write(out, table, of=RULES):
    files.write(str(out), table.to_batches(), LOADED, of)
    return sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())


def test_a_recording_has_its_files_where_it_lies_below_what_was_predicted(tmp_path):
    assert write(tmp_path, windows.table([0.9, 0.8, 0.1])) == [
        f"timelines/channel/a.mp4.{suffix}" for suffix in ("json", "png", "vtt")
    ]


@pytest.mark.parametrize("only", [("vtt",), ()])
def test_files_that_were_not_asked_for_are_not_made(tmp_path, only):
    made = write(tmp_path, windows.table([0.9, 0.8]), rules(timelines=only))
    assert made == [f"timelines/channel/a.mp4.{name}" for name in only]


def test_one_window_is_no_timeline(tmp_path):
    assert write(tmp_path, windows.table([0.9])) == []


def test_the_json_says_by_what_and_by_which_rules_it_was_predicted(tmp_path):
    write(tmp_path, windows.table([0.9, 0.9, 0.1]), rules(timelines=("json",)))
    told = json.loads((tmp_path / "timelines/channel/a.mp4.json").read_text())
    assert told["bundle"] == {"uri": "/bundles/b", "digest": "d1"}
    assert told["trained_on"].startswith("knn trained on a")
    assert (told["min_confidence"], told["smooth_s"]) == (0.6, 0)
    # Windows of 2 s every second: at 2 to 3 s, 0.9 and 0.1 are 0.5, which is unsure.
    assert [(s["start_s"], s["end_s"], s["label"], s["reason"]) for s in told["spans"]] == [
        (0, 2, "angry", None),
        (2, 3, None, "unsure"),
        (3, 4, "sad", None),
    ]
    assert told["steps"]["probabilities"]["angry"] == [0.9, 0.9, 0.5, 0.1]


def test_where_nothing_is_usable_there_is_null_and_a_reason(tmp_path):
    table = windows.table([0.9, 0.9], ["no speech", "no speech"])
    write(tmp_path, table, rules(timelines=("json",)))
    steps = json.loads((tmp_path / "timelines/channel/a.mp4.json").read_text())["steps"]
    assert steps["label"] == steps["confidence"] == [None, None, None]
    assert steps["reason"] == ["no speech"] * 3


def test_a_window_that_is_only_unsure_still_has_its_say():
    steps, _ = files.timed(windows.table([0.9, 0.55], [None, "unsure"]), windows.CLASSES, RULES)
    np.testing.assert_allclose(steps.probabilities[:, 0], [0.9, 0.725, 0.55], rtol=1e-6)


def test_subtitles_and_picture_say_that_it_is_predicted(tmp_path):
    write(tmp_path, windows.table([0.9, 0.8]))
    subtitles = (tmp_path / "timelines/channel/a.mp4.vtt").read_text()
    assert subtitles.startswith("WEBVTT")
    assert "Nothing here measured how good the model is on your media" in subtitles
    steps, spans = files.timed(windows.table([0.9, 0.8]), windows.CLASSES, RULES)
    drawn = files.figure("/media/channel/a.mp4", steps, spans, windows.CLASSES)
    words = [drawn.get_suptitle(), *(axes.get_title(loc="left") for axes in drawn.axes)]
    words += [axes.get_title() for axes in drawn.axes]
    assert "a.mp4 (predicted)" in words
