"""Annotations in, a row for each span out; and what becomes of the output when they change."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile

from emodist import cli, features
from emodist.audio import decode
from emodist.errors import ConfigError, OutputError
from emodist.media.settings import ExtractSettings
from emodist.pipelines import media_job
from tests.pipelines.conftest import featurize, settings, table, write_clip

pytestmark = pytest.mark.slow

ROWS = ["x,0.5,1.75,Ann,sad", "x,2,4,Bob,calm", "x,3.5,5,Ann,sad", "sub/y,0,3,Ann,happy"]


@pytest.fixture
def films(tmp_path):
    for index, name in enumerate(("x", "sub/y", "z")):
        write_clip(tmp_path / "films" / f"{name}.wav", index, 6.0)
    return tmp_path / "films"


@pytest.fixture
def labels(tmp_path):
    def write(*rows):
        file = tmp_path / "labels.csv"
        file.write_text("\n".join(["uri,start_s,end_s,speaker,label", *rows]))
        return str(file)

    return write


def by_span(films, out, file, **more):
    return featurize(films, out, corpus="media", segments=file, **more)


def shown(out):
    rows = table(out).to_pylist()
    return sorted(
        (row["uri"].rpartition("/")[2], row["segment"], row["start_s"], row["end_s"],
         row["speaker"], row["label"])
        for row in rows
    )  # fmt: skip


def test_each_span_is_a_row_with_its_speaker_and_label(films, labels, tmp_path):
    out = tmp_path / "out"
    summary = by_span(films, out, labels(*ROWS))
    assert (summary["recordings"], summary["segments"]) == (2, 4)
    assert summary["listing"] == [f"1 files have no spans in {labels(*ROWS)} and are left out"]
    assert shown(out) == [
        ("x.wav", 0, 0.5, 1.75, "Ann", "sad"),
        ("x.wav", 1, 2.0, 4.0, "Bob", "calm"),
        ("x.wav", 2, 3.5, 5.0, "Ann", "sad"),
        ("y.wav", 0, 0.0, 3.0, "Ann", "happy"),
    ]
    rows = {(r["uri"].rpartition("/")[2], r["segment"]): r for r in table(out).to_pylist()}
    assert rows["x.wav", 1]["overlap"] == pytest.approx(0.25)
    # The numbers are those of the piece alone.
    with open(films / "x.wav", "rb") as file:
        waveform = np.concatenate(list(decode.blocks(file)))
    built = features.build_features(("rms",), {})
    alone = features.extract(
        waveform[32_000:64_000], built, ("mean", "std", "p10", "p90"), 2048, 512
    )
    np.testing.assert_allclose(rows["x.wav", 1]["rms"], alone["rms"], rtol=1e-6)


def test_only_recordings_whose_spans_have_changed_are_done_again(films, labels, tmp_path):
    out = tmp_path / "out"
    by_span(films, out, labels(*ROWS))
    before = table(out).to_pylist()
    assert by_span(films, out, labels(*ROWS[::-1]))["new"] == 0
    edited = [*ROWS[:3], "sub/y,0,3,Ann,angry", "sub/y,4,5,Ann,sad"]
    found = by_span(films, out, labels(*edited))
    assert (found["new"], found["changed"], found["segments"]) == (1, 1, 5)
    assert [row[3:] for row in shown(out) if row[0] == "y.wav"] == [
        (3.0, "Ann", "angry"),
        (5.0, "Ann", "sad"),
    ]

    def of_x(rows):
        return [row for row in rows if row["uri"].endswith("x.wav")]

    assert of_x(table(out).to_pylist()) == of_x(before)
    assert table(out, "recordings").num_rows == 2


def test_rows_of_spans_that_are_no_more_go(films, labels, tmp_path):
    out = tmp_path / "out"
    by_span(films, out, labels(*ROWS))
    found = by_span(films, out, labels(*ROWS[:3]))
    assert found["segments"] == 3
    assert {row[0] for row in shown(out)} == {"x.wav"}
    assert by_span(films, out, labels(*ROWS[:3]))["new"] == 0


def test_annotations_that_are_what_they_were_before_count_again(films, labels, tmp_path):
    out = tmp_path / "out"
    by_span(films, out, labels(*ROWS))
    first = shown(out)
    for _ in range(2):
        by_span(films, out, labels(*ROWS[:3]))
        assert len(shown(out)) == 3
        assert by_span(films, out, labels(*ROWS))["new"] == 1
        assert shown(out) == first
        assert by_span(films, out, labels(*ROWS))["new"] == 0


def test_an_interrupted_run_ends_as_an_undisturbed_one(films, labels, tmp_path, monkeypatch):
    by_span(films, tmp_path / "whole", labels(*ROWS))

    def die(*given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(media_job, "_work", die)
        with pytest.raises(KeyboardInterrupt):
            by_span(films, tmp_path / "cut", labels(*ROWS))
    assert by_span(films, tmp_path / "cut", labels(*ROWS))["new"] == 2
    assert table(tmp_path / "cut") == table(tmp_path / "whole")


def test_a_folder_without_annotations_is_not_gone_on_with_by_them(films, labels, tmp_path):
    featurize(films, tmp_path / "out", corpus="media")
    with pytest.raises(OutputError, match="made with segments at its default, now it is /"):
        by_span(films, tmp_path / "out", labels(*ROWS))


def test_a_span_beyond_its_recording_is_a_failure_that_names_its_line(films, labels, tmp_path):
    out = tmp_path / "out"
    found = by_span(films, out, labels(*ROWS, "z,5,5.9,Ann,sad", "z,5,7.2,Ann,sad"))
    assert (found["recordings"], found["failed"], found["segments"]) == (2, 1, 4)
    (failure,) = table(out, "failures").to_pylist()
    assert (
        "the span of line 7 is 5.000 to 7.200 s, and the recording has 6.000 s"
        in (failure["message"])
    )
    # What was cut before the end was met is not there either.
    assert len(shown(out)) == 4


def test_windows_have_the_label_of_most_of_them(films, labels, tmp_path):
    out = tmp_path / "out"
    file = labels("x,0,2.5,Ann,sad", "x,2.5,6,Bob,calm")
    by_span(films, out, file, label_policy="majority", segment_s=2.0)
    assert [row[2:] for row in shown(out) if row[0] == "x.wav"] == [
        (0.0, 2.0, "Ann", "sad"),
        (2.0, 4.0, "Bob", "calm"),
        (4.0, 6.0, "Bob", "calm"),
    ]
    # Windows of films that nobody annotated have no label.
    assert {row[4:] for row in shown(out) if row[0] == "z.wav"} == {(None, None)}


def test_variants_of_spans_are_spans_too(films, labels, tmp_path):
    out = tmp_path / "out"
    found = by_span(films, out, labels(*ROWS), augment=("noise",))
    assert (found["recordings"], found["variants"], found["segments"]) == (4, 2, 8)
    assert len(set(shown(out))) == 4


def test_a_list_with_times_is_refused_with_the_right_words(films, labels, tmp_path, capsys):
    file = labels("films/x.wav,0,1,Ann,sad", "films/x.wav,1,2,Ann,calm")
    assert cli.main(["featurize", file, "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "labels.csv holds spans of recordings" in told
    assert "emodist featurize FOLDER segments=labels.csv" in told
    with pytest.raises(ConfigError, match="holds spans"):
        media_job.run(ExtractSettings(path=file, out=str(tmp_path / "out")))


def test_a_plan_counts_spans(films, labels, tmp_path, capsys):
    words = [str(films), f"segments={labels(*ROWS)}", "features=rms", "--json"]
    assert cli.main(["plan", *words]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["files"], found["segments"]) == (2, 4)


def test_hours_with_thousands_of_spans_need_no_more_memory_than_minutes(tmp_path, labels):
    film = tmp_path / "films" / "long.flac"
    film.parent.mkdir()
    minute = np.random.default_rng(0).normal(0, 0.05, 60 * 16_000).astype(np.float32)
    with soundfile.SoundFile(film, "w", 16_000, 1) as file:
        for _ in range(60):
            file.write(minute)
    rows = [f"long,{i * 3.4:.2f},{i * 3.4 + 5:.2f},S{i % 5},sad" for i in range(1000)]
    found = by_span(film.parent, tmp_path / "out", labels(*rows), features=("rms",))
    assert found["segments"] == 1000
    rows = table(tmp_path / "out")
    assert rows["segment"].to_pylist() == list(range(1000))
    assert pq.read_metadata(next((tmp_path / "out" / "plan").iterdir())).num_rows == 1
    assert settings(film, tmp_path / "x").segments is None
