"""A result is followed back to its file, and a broken link is noticed."""

import json
import shutil

import pytest
import soundfile

from emodist import cli, storage, trace
from emodist.errors import ConfigError
from emodist.trace import Places
from tests.pipelines.conftest import featurize, write_clip

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Clips of four speakers, their table, an evaluation, a bundle, and predictions."""
    root = tmp_path_factory.mktemp("made")
    for index in range(24):
        label = ("happy", "sad")[index % 2]
        write_clip(root / "clips" / label / f"s{index // 6}_{index}.wav", index, 0.6)
    (root / "clips" / "sad" / "s0_broken.wav").write_bytes(b"no sound")
    featurize(root / "clips", root / "table", corpus_settings={"speaker_pattern": "prefix"})
    write_clip(root / "media" / "channel" / "vlog.wav", 99, 6.0)
    chosen = [f"{root}/table", "--model", "logistic_regression", "--folds", "loso"]
    assert cli.main(["evaluate", *chosen, "--out", f"{root}/evaluation"]) == 0
    assert cli.main(["train", *chosen, "--out", f"{root}/bundle"]) == 0
    more = ["segment_s=2", "timelines=vtt"]
    words = [f"{root}/bundle", f"{root}/media", "--out", f"{root}/predicted", *more]
    assert cli.main(["predict", *words]) == 0
    return root


def test_a_clip_is_followed_from_its_fold_to_its_file(made, capsys):
    places = ["--evaluation", f"{made}/evaluation", "--bundle", f"{made}/bundle"]
    assert cli.main(["trace", "s1_7.wav", *places, "--verify", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["recording"]["uri"] == f"{made}/clips/sad/s1_7.wav"
    assert (found["file"]["state"], found["file"]["sound"]) == ("same size", "same")
    features = found["features"]
    assert features["settings"]["features"] == ["mfcc", "rms"]
    assert features["versions"]["soxr"]
    assert [row["segment"] for row in features["segments"]] == [0]
    assert storage.exists(f"{made}/table/{features['files'][0]}")
    evaluation = found["evaluation"]
    (row,) = evaluation["rows"]
    assert (row["label"], row["predicted"] in ("happy", "sad")) == ("sad", True)
    (fold,) = evaluation["folds"].values()
    assert fold == {"n_test": 6, "test_speakers": ["s1"]}
    assert evaluation["rows_now"] == "same"
    assert evaluation["settings"]["model"] == "logistic_regression"
    assert found["bundle"]["learned_from_this_recording"] is True
    assert found["bundle"]["data"]["fingerprint"] == evaluation["data"]["fingerprint"]
    assert found["bundle"]["origin"]["uri"] == f"{made}/table"


def test_a_prediction_leads_to_its_bundle_and_the_table_behind_that(made, capsys):
    assert cli.main(["trace", "vlog.wav", "--table", f"{made}/predicted"]) == 0
    text = capsys.readouterr().out
    for part in (
        "segment 2   4.00 to 6.00 s",
        f"bundle: {made}/bundle",
        "the one that predicted",
        f"from {made}/table; it did not learn from this recording",
        "segment_s=2.0",
        f"{made}/media/channel/vlog.wav (same size)",
    ):
        assert part in text
    assert cli.main(["trace", "vlog.wav", "--table", f"{made}/predicted", "--segment", "1"]) == 0
    text = capsys.readouterr().out
    assert "segment 1 " in text
    assert "segment 2 " not in text


def test_a_recording_is_named_by_id_prefix_path_or_the_end_of_a_path(made):
    places = Places(table=f"{made}/table")
    whole = trace.trace(f"{made}/clips/happy/s0_0.wav", places)["recording"]
    for word in (whole["recording_id"], whole["recording_id"][:10], "happy/s0_0.wav", "s0_0.wav"):
        assert trace.trace(word, places)["recording"] == whole


def test_a_file_that_failed_says_why(made, capsys):
    assert cli.main(["trace", "s0_broken.wav", "--table", f"{made}/table", "--verify"]) == 0
    assert "failed at decode: " in capsys.readouterr().out


def test_other_sound_under_the_same_name_is_noticed(made, tmp_path):
    shutil.copytree(made / "clips", tmp_path / "clips")
    featurize(tmp_path / "clips", tmp_path / "own", corpus_settings={"speaker_pattern": "prefix"})
    file = tmp_path / "clips" / "happy" / "s0_0.wav"
    sound, rate = soundfile.read(file)
    soundfile.write(file, sound[::-1], rate)
    places = Places(table=f"{tmp_path}/own")
    assert trace.trace("s0_0.wav", places)["file"]["state"] == "same size"
    assert trace.trace("s0_0.wav", places, verify=True)["file"]["sound"].startswith("differs: ")
    soundfile.write(file, sound[:-9], rate)
    assert trace.trace("s0_0.wav", places)["file"]["state"].startswith("changed: ")
    file.unlink()
    assert trace.trace("s0_0.wav", places)["file"] == {"state": "missing"}


def test_another_bundle_in_the_place_of_the_one_that_predicted_is_noticed(made, tmp_path):
    shutil.copytree(made / "bundle", tmp_path / "bundle")
    about = json.loads((tmp_path / "bundle" / "bundle.json").read_text())
    (tmp_path / "bundle" / "bundle.json").write_text(json.dumps({**about, "temperature": 9.0}))
    places = Places(table=f"{made}/predicted", bundle=f"{tmp_path}/bundle")
    assert trace.trace("vlog.wav", places)["bundle"]["is_the_one_that_predicted"] is False


@pytest.mark.parametrize(
    ("word", "table", "message"),
    [
        ("nothing.wav", "table", "has no recording 'nothing.wav'"),
        ("s0_0.wav", "clips", "is no output folder"),
        ("s0_0.wav", None, "needs --table, --predictions or --evaluation"),
    ],
)
def test_a_wrong_request_is_refused(made, word, table, message):
    with pytest.raises(ConfigError, match=message):
        trace.trace(word, Places(table=table and f"{made}/{table}"))


def test_a_word_that_means_several_recordings_is_refused(made, tmp_path):
    for folder in ("a", "b"):
        write_clip(tmp_path / "in" / folder / "same.wav", 1, 0.5)
    featurize(tmp_path / "in", tmp_path / "out", corpus="media")
    with pytest.raises(ConfigError, match=r"may be 2 recordings .*; say more"):
        trace.trace("same.wav", Places(table=f"{tmp_path}/out"))


def test_places_that_hold_something_else_are_refused(made):
    table, other = f"{made}/table", f"{made}/bundle"
    for places, message in (
        (Places(table=table, predictions=table), "is it the output of `emodist predict`"),
        (Places(table=table, evaluation=other), "is it the output of `emodist evaluate --out`"),
        (Places(table=table, bundle=table), "is no bundle"),
    ):
        with pytest.raises(ConfigError, match=message):
            trace.trace("s0_0.wav", places)
