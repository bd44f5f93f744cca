import os

import pandas as pd
import pytest
import soundfile
from matplotlib.figure import Figure

import emodist
from emodist.audio import decode
from emodist.interface.table import Table

WINDOWS = {"segment_s": 1.0, "hop_s": 0.5, "engine": "local", "workers": 1}


@pytest.fixture(scope="module")
def bundle(table, tmp_path_factory):
    out = tmp_path_factory.mktemp("bundle") / "lr"
    return emodist.train(table, model="logistic_regression", folds="loso", out=out)


@pytest.fixture(scope="module")
def vlog(clips, tmp_path_factory):
    """Three clips, one after the other."""
    place = tmp_path_factory.mktemp("vlog") / "vlog.wav"
    with soundfile.SoundFile(place, "w", 16_000, 1) as file:
        for clip in sorted(clips.rglob("*.wav"))[:3]:
            for block in decode.blocks(str(clip)):
                file.write(block)
    return place


@pytest.fixture(scope="module")
def predictions(bundle, vlog):
    return emodist.predict(bundle, vlog, **WINDOWS)


def test_one_recording_is_a_timeline(predictions, vlog):
    spans = predictions.spans
    assert {span["uri"] for span in spans} == {str(vlog)}
    assert [a["end_s"] for a in spans[:-1]] == [b["start_s"] for b in spans[1:]]
    assert spans[0]["start_s"] == 0
    assert predictions.to_vtt().startswith("WEBVTT")
    assert isinstance(predictions.plot(), Figure)
    (timeline,) = predictions.timelines
    assert list(timeline.to_pandas()["end_s"]) == [span["end_s"] for span in spans]
    assert timeline._repr_png_().startswith(b"\x89PNG")


def test_rows_are_those_of_the_table(predictions):
    rows = predictions.to_pandas()
    assert isinstance(rows, pd.DataFrame)
    assert len(rows) == predictions.summary["segments"] > 3
    assert repr(predictions).endswith(f"{len(rows)} rows of 1 recordings")
    assert "guesses of a model" in predictions._repr_html_()


def test_without_out_the_folder_goes_with_the_result(bundle, vlog):
    found = emodist.predict(bundle, vlog, **WINDOWS)
    place = found.uri
    assert os.path.exists(f"{place}/predict.json")
    del found
    assert not os.path.exists(place)


def test_several_recordings_have_several_timelines(bundle, clips, tmp_path):
    found = emodist.predict(bundle, clips, out=tmp_path / "out", **WINDOWS)
    assert len(found.timelines) > 1
    with pytest.raises(emodist.ConfigError, match="take one of `timelines`"):
        found.to_vtt()
    again = emodist.load(tmp_path / "out")
    assert again.spans == found.spans


def test_load_opens_what_the_functions_make(bundle, table):
    assert emodist.load(bundle.uri).classes == bundle.classes
    assert emodist.load(table.uri) == Table(table.uri)
    with pytest.raises(emodist.ConfigError):
        emodist.load("/nowhere/at/all")


def test_a_wrong_keyword_is_the_sentence_of_the_command_line(bundle, vlog):
    with pytest.raises(emodist.ConfigError, match="no setting 'hop'; did you mean 'hop_s'"):
        emodist.predict(bundle, vlog, hop=1)
