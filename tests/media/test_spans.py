"""Spans of annotation files, brought to recordings, rows and windows."""

import json

import pytest

from emodist.errors import AnnotationError, ConfigError
from emodist.media import spans
from emodist.media.listing import MediaFile
from emodist.media.settings import FeaturizeSettings
from emodist.media.spans import Said

FILES = [
    MediaFile("a/x.mp4", "/films/a/x.mp4", 10, 1, "1"),
    MediaFile("b/x.mp4", "/films/b/x.mp4", 10, 1, "1"),
    MediaFile("b/y.wav", "/films/b/y.wav", 10, 1, "1"),
    MediaFile("zo\u00eb.wav", "/films/zo\u00eb.wav", 10, 1, "1"),
]


def settings(file, **more):
    return FeaturizeSettings(path="/films", out="/out", segments=str(file), **more)


def attached(tmp_path, *rows, files=FILES, header="uri,start_s,end_s,speaker,label", **more):
    file = tmp_path / "labels.csv"
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return spans.attached(files, settings(file, **more))


def pair(*given, **more):
    found = attached(*given, **more)
    return found.files, found.notes


def said(*rows, speaker=None, label=None):
    return Said(json.dumps([[*row, ""] for row in rows]), speaker, label)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("/films/b/x.mp4", "b/x.mp4"),
        ("file:///films/b/x.mp4", "b/x.mp4"),
        ("b/x.mp4", "b/x.mp4"),
        ("./b/x.mp4", "b/x.mp4"),
        ("b/x", "b/x.mp4"),
        ("y.wav", "b/y.wav"),
        ("y", "b/y.wav"),
        ("zoe\u0308", "zo\u00eb.wav"),
    ],
)
def test_a_recording_is_found_by_its_address_its_path_or_its_name(tmp_path, name, path):
    found, notes = pair(tmp_path, f"{name},0,1,Ann,sad")
    assert [file.path for file in found] == [path]
    assert notes == [f"3 files have no spans in {tmp_path}/labels.csv and are left out"]


def test_a_path_from_the_folder_of_the_annotations_on_is_found(tmp_path):
    files = [MediaFile("c/x.mp4", f"{tmp_path}/films/c/x.mp4")]
    found, _ = pair(tmp_path, "films/c/x.mp4,0,1,,sad", files=files)
    assert len(found) == 1


def test_names_that_are_no_recording_are_named(tmp_path):
    with pytest.raises(AnnotationError, match=r"names 4 recordings .*: p, q, r and 1 more$"):
        attached(tmp_path, *(f"{name},0,1,,sad" for name in "pqrs"))


def test_a_name_of_several_recordings_is_refused_with_their_paths(tmp_path):
    with pytest.raises(AnnotationError, match=r"x \(a/x.mp4, b/x.mp4\); write their paths"):
        attached(tmp_path, "x,0,1,,sad")


def test_the_id_of_a_recording_changes_with_what_its_spans_say_and_with_nothing_else(tmp_path):
    def ids(*rows):
        return {file.path: file.recording_id for file in attached(tmp_path, *rows).files}

    before = ids("b/x,0,1,Ann,sad", "b/x,2,3,Ann,sad", "y,0,1,Ann,sad")
    # Other lines, another order, times written otherwise.
    assert ids("", "y,0:00,1.0,Ann,sad", "b/x.mp4,2,3,Ann,sad", "b/x,0,1,Ann,sad") == before
    after = ids("b/x,0,1,Ann,happy", "b/x,2,3,Ann,sad", "y,0,1,Ann,sad")
    assert after["b/y.wav"] == before["b/y.wav"]
    assert after["b/x.mp4"] != before["b/x.mp4"]
    # It is the same file to whoever looks for its versions.
    assert after["b/x.mp4"][:16] == before["b/x.mp4"][:16] == FILES[1].recording_id[:16]


def test_spans_that_are_too_short_are_counted_and_one_that_is_too_long_fails_its_file(tmp_path):
    found, notes = pair(tmp_path, "y,0,0.05,,sad", "y,1,2,,sad", "a/x,0,700,,sad")
    assert len(json.loads(found[1].spans)) == 1
    assert "1 spans in" in notes[0]
    assert "line 4: a span of 700 s is longer than 600 s" in found[0].problem
    assert "label_policy=majority" in found[0].problem


def test_labels_of_several_annotators_are_refused_with_the_way_to_choose(tmp_path):
    rows = ("y,0,1,sad,r1", "y,0,1,calm,r2")
    with pytest.raises(AnnotationError, match=r"2 annotators \(r1, r2\).*--annotator r1"):
        attached(tmp_path, *rows, header="uri,start_s,end_s,label,annotator")


def test_a_guess_gives_a_span_and_no_label(tmp_path):
    found, notes = pair(
        tmp_path, "y,0,1,sad,0.9", header="uri,start_s,end_s,predicted_label,confidence"
    )
    assert json.loads(found[0].spans) == [[0.0, 1.0, None, None, "line 2"]]
    assert "1 labels in" in notes[0]
    assert "predicted" in notes[0]


def test_where_windows_are_rows_files_without_spans_stay(tmp_path):
    found, notes = pair(tmp_path, "y,0,1,,sad", label_policy="majority", segment_s=4.0)
    assert [file.path for file in found] == [file.path for file in FILES]
    assert not notes
    assert found[0] is FILES[0]


def test_windows_need_to_be_asked_for():
    with pytest.raises(ConfigError, match="label_policy=majority"):
        settings("x.csv", segment_s=4.0)
    with pytest.raises(ConfigError, match="label_policy is of annotations; say which"):
        FeaturizeSettings(path="/films", out="/out", label_policy="majority")


def test_a_window_has_the_label_of_most_of_it_if_that_is_enough():
    one = said((0, 3, "Ann", "sad"), (3, 4, "Bob", "calm"), (7.0, 9.0, "Bob", "calm"))
    row = one.of_window(0, 4, "majority", 0.5)
    assert (row.speaker, row.label) == ("Ann", "sad")
    # A half of it is enough, a little less is not.
    assert one.of_window(5, 9, "majority", 0.5).label == "calm"
    assert one.of_window(5, 9.1, "majority", 0.5).label is None
    assert one.of_window(4, 7, "majority", 0.5).label is None


def test_a_pure_window_holds_one_label_alone():
    one = said((0, 3, "Ann", "sad"), (3, 8, "Ann", "calm"))
    assert one.of_window(0, 4, "pure", 0.5).label is None
    assert one.of_window(0, 4, "pure", 0.5).speaker == "Ann"
    # Neighbours that only touch are not in it.
    assert one.of_window(0, 3, "pure", 0.5).label == "sad"


def test_two_spans_of_one_label_that_overlap_count_once():
    one = said((0, 2, "Ann", "sad"), (1, 2, "Bob", "sad"), (2, 4.5, "Ann", "calm"))
    assert one.of_window(0, 4.5, "majority", 0.4).label == "calm"


def test_overlap_is_the_share_in_which_two_people_speak():
    one = said((0, 4, "Ann", None), (3, 5, "Bob", None), (3.5, 3.75, "Eve", None))
    assert one.of_span(0).overlap == pytest.approx(0.25)
    assert one.of_span(1).overlap == pytest.approx(0.5)
    assert one.of_window(2, 6, "majority", 0.5).overlap == pytest.approx(0.25)
    # One person's spans may overlap too; that is nobody else speaking.
    assert said((0, 4, "Ann", None), (2, 6, "Ann", None)).of_span(0).overlap == 0


def test_what_spans_do_not_say_at_all_the_recording_says():
    turns = said((0, 3, "Ann", None), speaker="channel", label="sad")
    assert (turns.of_span(0).speaker, turns.of_span(0).label) == ("Ann", "sad")
    assert turns.of_window(5, 9, "majority", 0.5).speaker is None
    labels = said((0, 3, None, "calm"), speaker="channel", label="sad")
    assert labels.of_span(0).speaker == "channel"
    assert labels.of_window(5, 9, "majority", 0.5).label is None


def test_windows_over_many_nested_spans_see_those_that_reach_in():
    one = said((0, 1000, "Ann", "sad"), *((i, i + 0.5, "Bob", "calm") for i in range(999)))
    row = one.of_window(500, 504, "majority", 0.5)
    assert (row.speaker, row.label) == ("Ann", "sad")
    assert row.overlap == pytest.approx(0.5)
