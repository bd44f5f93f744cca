"""What tells speech in a run is settled before it begins, and stands in the folder's record."""

import dataclasses
import json

import pytest

from emodist import config
from emodist.audio import silero
from emodist.errors import ConfigError, OutputError
from emodist.media import output, speech
from emodist.media.settings import ExtractSettings, FeaturizeSettings


@pytest.fixture(params=[True, False], ids=["with the extra", "without"])
def is_installed(request, monkeypatch):
    monkeypatch.setattr(silero, "is_installed", lambda: request.param)
    return request.param


@pytest.fixture
def without(monkeypatch):
    monkeypatch.setattr(silero, "is_installed", lambda: False)


def settings(tmp_path, **more):
    return FeaturizeSettings(path=f"{tmp_path}/in", out=f"{tmp_path}/out", **more)


def test_windows_of_vlogs_have_silero_where_it_is_installed(tmp_path, is_installed, capsys):
    found = speech.settled(settings(tmp_path))
    assert found.speech == ("silero" if is_installed else "energy")
    lines = capsys.readouterr().err.splitlines()
    if is_installed:
        assert not lines
    else:
        (line,) = lines
        assert "speech=energy" in line
        assert 'pip install "emodist[speech]"' in line


@pytest.mark.parametrize("more", [{"corpus": "folder"}, {"segment_s": None}])
def test_labelled_clips_and_whole_recordings_have_their_level(tmp_path, more, is_installed, capsys):
    assert speech.settled(settings(tmp_path, **more)).speech == "energy"
    assert capsys.readouterr().err == ""


def test_what_is_to_be_predicted_is_mixed_however_it_comes(tmp_path, is_installed):
    found = speech.settled(settings(tmp_path, corpus="folder", segment_s=None), is_mixed=True)
    assert found.speech == ("silero" if is_installed else "energy")


def test_yamnet_tells_speech_where_its_network_runs_anyway(tmp_path, is_installed):
    chosen = settings(tmp_path, features=("rms", "yamnet_scores"))
    assert speech.settled(chosen).speech == "yamnet"
    assert "speech" not in speech.settled(chosen).identity()


@pytest.mark.parametrize("more", [{"speech": "silero"}, {"cut": "speech"}])
def test_what_is_asked_for_and_not_there_is_refused_in_one_line(tmp_path, more, without):
    with pytest.raises(ConfigError, match=r'needs the packages of an extra: pip install "emodist'):
        speech.settled(settings(tmp_path, **more))


def test_settings_without_the_new_ones_have_the_identity_that_they_had(tmp_path):
    plain = settings(tmp_path)
    assert not {"speech", "cut", "merge_gap_s", "min_segment_s"} & plain.identity().keys()
    level = dataclasses.replace(plain, speech="energy")
    assert level.fingerprint() == plain.fingerprint()
    assert dataclasses.replace(plain, speech="silero").fingerprint() != plain.fingerprint()


def test_a_folder_goes_on_as_it_was_begun(tmp_path, monkeypatch):
    monkeypatch.setattr(silero, "is_installed", lambda: False)
    begun = speech.settled(settings(tmp_path))
    output.begin(begun)
    monkeypatch.setattr(silero, "is_installed", lambda: True)
    again = speech.settled(settings(tmp_path))
    assert again.speech == "energy"
    output.begin(again)


def test_a_folder_that_was_begun_with_silero_is_not_gone_on_with_by_level(tmp_path, monkeypatch):
    begun = speech.settled(settings(tmp_path, speech="silero"))
    output.begin(begun)
    (tmp_path / "out" / "plan").mkdir()
    (tmp_path / "out" / "plan" / "00000.parquet").touch()
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["settings"]["speech"] == "silero"
    assert {"faster-whisper", "onnxruntime"} <= record["versions"].keys()
    monkeypatch.setattr(silero, "is_installed", lambda: False)
    with pytest.raises(ConfigError, match="speech=silero needs the packages"):
        speech.settled(settings(tmp_path))
    with pytest.raises(OutputError, match="made with speech=silero, now it is at its default"):
        output.begin(speech.settled(settings(tmp_path, speech="energy")))


def test_a_job_without_features_has_nothing_to_settle(tmp_path):
    extract = ExtractSettings(path=f"{tmp_path}/in", out=f"{tmp_path}/out")
    assert speech.of_job(extract) is extract


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["speech=yamnet"], "needs yamnet or yamnet_scores among the features"),
        (["cut=speech", "speech=energy"], "cut=speech needs speech=silero; got energy"),
        (["cut=speech", "segment_s=4"], "leave segment_s and hop_s out"),
        (["max_segment_s=5"], "max_segment_s needs cut=speech"),
        (["cut=speech", "merge_gap_s=0"], r"merge_gap_s must be at least 0\.1; got 0"),
        (["speech=webrtc"], "speech takes auto or energy or silero or yamnet; got 'webrtc'"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(tmp_path, words, said):
    with pytest.raises(ConfigError, match=said):
        config.load(FeaturizeSettings, None, words, path=f"{tmp_path}/in", out=f"{tmp_path}/out")
