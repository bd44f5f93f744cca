import gc
import itertools
import os

import numpy as np
import pytest

import emodist
from emodist import cli, synthesis

pytestmark = pytest.mark.slow

WINDOWS = {"segment_s": 4, "hop_s": 2}
LOCAL = {"engine": "local", "workers": 1}


@pytest.fixture(scope="module")
def bundle(table, tmp_path_factory):
    out = tmp_path_factory.mktemp("bundle") / "lr"
    return emodist.train(table, model="logistic_regression", folds="loso", out=out)


@pytest.fixture(scope="module")
def vlogs(tmp_path_factory):
    made = synthesis.write_corpus(
        tmp_path_factory.mktemp("vlogs"), n_speakers=2, n_per_emotion=1, n_vlogs=2
    )
    return made / "vlogs"


@pytest.fixture(scope="module")
def one(bundle, vlogs):
    film = sorted(path for path in vlogs.glob("*/*.mp4") if "silent" not in path.name)[0]
    return emodist.predict(bundle, film, **WINDOWS, **LOCAL)


@pytest.fixture(scope="module")
def all_of_them(bundle, vlogs, tmp_path_factory):
    out = tmp_path_factory.mktemp("predicted") / "out"
    return emodist.predict(bundle, vlogs, out=out, **WINDOWS, **LOCAL)


def test_one_film_has_spans_without_a_gap_and_no_folder_is_named(one):
    (timeline,) = one.timelines
    spans = one.spans
    assert spans == [{"uri": timeline.uri, **span} for span in timeline.spans]
    assert list(timeline.to_pandas()["end_s"]) == [span["end_s"] for span in spans]
    assert spans[0]["start_s"] == 0
    for before, after in itertools.pairwise(spans):
        assert before["end_s"] == after["start_s"]
    assert set(spans[0]) == {
        *("uri", "start_s", "end_s", "label", "confidence", "abstained", "reason")
    }
    rows = one.to_pandas()
    assert rows["start_s"].is_monotonic_increasing
    assert spans[-1]["end_s"] == pytest.approx(rows["end_s"].max(), abs=1e-3)


def test_a_film_is_shown_as_a_timeline_that_says_it_is_predicted(one):
    content, size = one._repr_png_()
    assert content.startswith(b"\x89PNG")
    assert size["width"] < 900
    assert one._repr_html_() is None
    assert one.plot().axes[0].get_title(loc="left").endswith(".mp4 (predicted)")
    assert "note: " in str(one)


def test_subtitles_and_spans_are_those_that_the_command_writes(all_of_them):
    for timeline in all_of_them.timelines:
        channel, name = timeline.uri.split("/")[-2:]
        written = f"{all_of_them.uri}/timelines/{channel}/{name}.vtt"
        with open(written, encoding="utf-8") as file:
            assert file.read() == timeline.to_vtt()


def test_several_recordings_are_told_apart(all_of_them):
    uris = [timeline.uri for timeline in all_of_them.timelines]
    assert list(dict.fromkeys(span["uri"] for span in all_of_them.spans)) == uris == sorted(uris)
    assert len(uris) == 2
    assert all_of_them._repr_png_() is None
    said = {**all_of_them.summary["labels"], **all_of_them.summary["abstained"]}
    assert all_of_them._repr_html_().count("<tr>") == 1 + len(said)
    with pytest.raises(emodist.ConfigError, match="2 recordings, not one; take one of `timelines`"):
        all_of_them.to_vtt()


def test_what_failed_is_in_the_table(all_of_them):
    assert "silent_film" in all_of_them.table.to_pandas("failures")["uri"].item()


def test_what_was_made_is_loaded_again(all_of_them, bundle, table):
    again = emodist.load(all_of_them.uri)
    assert again == all_of_them
    assert again.spans == all_of_them.spans
    assert again.to_arrow().equals(all_of_them.to_arrow())
    assert repr(emodist.load(bundle.uri)) == repr(bundle)
    assert emodist.load(table.uri) == table
    assert len(emodist.load(f"{table.uri}/features")) == len(table)
    with pytest.raises(emodist.ConfigError, match="no table"):
        emodist.load("/nowhere")


def test_the_command_prints_the_same_run(all_of_them, bundle, vlogs, capsys):
    words = ["predict", bundle.uri, f"{vlogs}", "--out", all_of_them.uri, "--engine", "local"]
    assert cli.main([*words, "segment_s=4", "hop_s=2"]) == 0
    shown = capsys.readouterr()
    assert [line for line in shown.err.splitlines() if line.startswith("note: ")] == [
        f"note: {note}" for note in all_of_them.notes
    ]
    assert "nothing new to do" in shown.out


def test_the_folder_that_nobody_named_goes_with_the_result(bundle, clips):
    clip = next(clips.glob("sad/*.wav"))
    found = emodist.predict(bundle, clip, **LOCAL)
    assert found.to_pandas()["label"].item() in bundle.classes
    assert len(found.spans) == 1
    np.testing.assert_allclose(found.spans[0]["end_s"], found.to_pandas()["end_s"], atol=1e-3)
    place = found.uri
    assert not os.path.exists(f"{place}/timelines")
    del found
    gc.collect()
    assert not os.path.exists(place)


def test_media_that_cannot_be_read_are_no_prediction_and_are_told(bundle, tmp_path, capsys):
    (tmp_path / "broken.wav").write_bytes(b"RIFF nothing")
    found = emodist.predict(bundle, tmp_path / "broken.wav", **LOCAL)
    assert "broken.wav" in capsys.readouterr().err
    assert found.spans == []
    assert repr(found) == "Predictions of 0 segments in 0 recordings: no label"
    assert found._repr_png_() is None


def test_a_bundle_that_is_none_is_told(tmp_path):
    with pytest.raises(emodist.ConfigError, match="is no bundle"):
        emodist.predict(tmp_path, "a.mp4")


def test_a_wrong_keyword_is_the_sentence_of_the_command_line(bundle):
    with pytest.raises(emodist.ConfigError, match="no setting 'hop'; did you mean 'hop_s'"):
        emodist.predict(bundle, "a.mp4", hop=1)
