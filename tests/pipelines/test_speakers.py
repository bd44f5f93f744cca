"""Speakers of a recording: predictions normalized by channel, by file, and by the turns of RTTM."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import emodist
from emodist import annotations, cli, synthesis
from emodist.errors import ConfigError, OutputError
from emodist.learning.settings import TrainSettings
from emodist.media.settings import FeaturizeSettings
from emodist.models import judging
from emodist.pipelines import media_job, predict
from emodist.predicting.settings import PredictSettings
from emodist.tables import locate

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo's vlogs, a bundle that normalizes speakers, and turns of two people in each."""
    root = tmp_path_factory.mktemp("speakers")
    synthesis.write_corpus(root / "corpus", n_speakers=4, n_per_emotion=2, n_vlogs=2)
    settings = FeaturizeSettings(
        path=f"{root}/corpus/clips",
        out=f"{root}/clips",
        corpus="folder",
        corpus_settings={"speaker_pattern": "prefix"},
        features=("mfcc", "rms"),
        engine="local",
    )
    media_job.run(settings)
    chosen = TrainSettings(model="logistic_regression", folds="loso", speaker_norm=True)
    judging.train(settings.out, chosen, f"{root}/bundle")
    return root


def run(demo, out, **more):
    settings = PredictSettings(
        bundle=f"{demo}/bundle",
        path=f"{demo}/corpus/vlogs",
        out=str(out),
        engine="local",
        segment_s=4.0,
        hop_s=1.0,
        timelines=("json",),
        **more,
    )
    return predict.run(settings)


@pytest.fixture(scope="module")
def by_channel(demo):
    return run(demo, demo / "channel"), demo / "channel"


@pytest.fixture(scope="module")
def turns(demo, by_channel):
    """Of every film: A until its middle, B from there, nobody for the last ten seconds."""
    lines = []
    for row in locate.table(str(by_channel[1]), "recordings").to_table().to_pylist():
        half, stem = row["duration_s"] / 2, Path(row["uri"]).stem
        lines.append(f"SPEAKER {stem} 1 0.0 {half:.3f} <NA> <NA> A <NA> <NA>")
        lines.append(f"SPEAKER {stem} 1 {half:.3f} {half - 10:.3f} <NA> <NA> B <NA> <NA>")
    (demo / "turns.rttm").write_text("\n".join(lines))
    return str(demo / "turns.rttm")


@pytest.fixture(scope="module")
def by_turns(demo, turns):
    return run(demo, demo / "turns", speakers=turns), demo / "turns"


def rows(out):
    return locate.table(str(out), "predictions").to_table().to_pylist()


def test_the_output_says_on_whom_and_how_much_the_normalization_rests(by_channel):
    summary, out = by_channel
    found = summary["normalized"]
    assert found["by"] == "channel"
    assert found["people"] == len({row["speaker"] or row["uri"] for row in rows(out)})
    # Windows of 4 s every second: a second counts once.
    recordings = locate.table(str(out), "recordings").to_table()
    assert 0 < found["seconds"] <= sum(recordings["duration_s"].to_pylist())
    assert sum(one["segments"] for one in found["speakers"]) > 0
    rests = f"It rests on {found['people_with_enough']} of {found['people']} speakers and"
    assert [note for note in summary["notes"] if rests in note]
    assert json.loads((out / "predict.json").read_text())["summary"]["normalized"] == found
    timeline = json.loads(next(out.glob("timelines/**/*.json")).read_text())
    assert timeline["normalized_by"][0]["seconds"] > 0


def test_a_file_may_be_one_speaker(demo, by_channel):
    summary = run(demo, demo / "channel", speakers="file")
    assert summary["new"] == 0, "the features are the same"
    assert summary["normalized"]["people"] == summary["recordings"] == 2
    # And back: what was made of channels is made again.
    assert run(demo, demo / "channel")["normalized"] == by_channel[0]["normalized"]


def test_turns_make_two_people_of_each_film(by_turns):
    summary, out = by_turns
    found = summary["normalized"]
    assert found["by"] == "turns"
    # Windows of nobody are no person.
    assert sorted(one["speaker"] for one in found["speakers"]) == ["A", "A", "B", "B"]
    assert found["people"] == 4
    assert {row["speaker"] for row in rows(out)} == {"A", "B", None}
    timeline = json.loads(next(out.glob("timelines/**/*.json")).read_text())
    assert [one["speaker"] for one in timeline["normalized_by"]] == ["A", "B"]


def test_windows_in_which_nobody_has_a_turn_are_not_guessed(by_turns):
    nobody = [row for row in rows(by_turns[1]) if row["speaker"] is None]
    assert nobody
    assert {row["reason"] for row in nobody} <= {"no speaker has most of it", "no speech"}
    assert all(row["abstained"] for row in nobody)


def test_rows_are_scaled_by_the_person_whose_turn_it_is(demo, by_channel, by_turns):
    mine = {(r["uri"], r["segment"]): r["confidence"] for r in rows(by_channel[1])}
    theirs = {(r["uri"], r["segment"]): r["confidence"] for r in rows(by_turns[1])}
    assert mine.keys() == theirs.keys()
    assert mine != theirs


def test_features_by_turns_are_another_folder(demo, turns, by_channel):
    with pytest.raises(OutputError, match="made with segments at its default"):
        run(demo, demo / "channel", speakers=turns)


def test_a_word_that_is_no_way_to_name_speakers_is_refused(demo, tmp_path):
    with pytest.raises(ConfigError, match="speakers takes channel, file or a file of turns"):
        run(demo, tmp_path / "out", speakers="chanel")


def test_predictions_leave_in_every_format_as_guesses(demo, by_turns, tmp_path, capsys):
    wanted = None
    for name, target in {
        "csv": "all.csv",
        "rttm": "all.rttm",
        "label_studio": "all.json",
        "audformat": "db/db.yaml",
        "audacity": "audacity/",
        "elan": "elan/",
        "srt": "srt/",
        "text_grid": "praat/",
        "webvtt": "vtt/",
    }.items():
        place = str(tmp_path / target)
        words = ["annotations", "convert", str(by_turns[1]), place, "--to", name, "--json"]
        assert cli.main(words) == 0
        summary = json.loads(capsys.readouterr().out)
        assert summary["spans"] == summary["guesses"] > 0
        found = annotations.read(place)
        assert all(span.is_guess for span in found)
        assert {span.speaker for span in found} <= {"A", "B"}
        said = sorted(
            (Path(span.recording).stem, round(span.start_s, 2), span.label) for span in found
        )
        wanted = wanted or said
        assert said == wanted


def test_subtitles_of_predict_are_read_as_guesses(demo, tmp_path):
    film = next(Path(demo, "corpus", "vlogs").rglob("*.*4*"))
    found = emodist.predict(f"{demo}/bundle", film, segment_s=4, hop_s=1)
    file = tmp_path / "film.vtt"
    file.write_text(found.to_vtt())
    spans = annotations.read(str(file))
    sure = [span for span in found.spans if not span["abstained"]]
    assert [span.label for span in spans] == [span["label"] for span in sure]
    assert all(span.is_guess for span in spans)
    (written,) = found.to_annotations(tmp_path / "film.csv")
    assert "predicted_label" in Path(written).read_text().splitlines()[0]


def test_guesses_do_not_become_labels_of_a_table(demo, by_channel, tmp_path):
    annotations_file = str(tmp_path / "guesses.csv")
    assert cli.main(["annotations", "convert", str(by_channel[1]), annotations_file]) == 0
    settings = FeaturizeSettings(
        path=f"{demo}/corpus/vlogs",
        out=f"{tmp_path}/out",
        features=("rms",),
        segments=annotations_file,
        engine="local",
    )
    summary = media_job.run(settings)
    assert any("are predicted" in note for note in summary["listing"])
    labels = pq.read_table(f"{tmp_path}/out/features", columns=["label"])["label"]
    assert labels.null_count == len(labels) > 0
