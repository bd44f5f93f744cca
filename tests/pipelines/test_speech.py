"""Speech and other sound, from media to predictions; voice, rain, music and bells are SYNTHETIC."""

import itertools
import json

import numpy as np
import pyarrow as pa
import pytest
import soundfile

from emodist import cli, synthesis
from emodist.audio import decode, silero
from emodist.audio.readers import Account
from emodist.errors import ConfigError
from emodist.learning.settings import TrainSettings
from emodist.media import stages
from emodist.media.settings import FeaturizeSettings
from emodist.models import judging
from emodist.pipelines import media_job
from emodist.predicting import single
from emodist.predicting.settings import ServeSettings
from emodist.synthesis.prosody import Speaker
from emodist.synthesis.voice import utterance
from tests.audio import sounds
from tests.pipelines.conftest import table

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not silero.is_installed(), reason="needs the extra [speech]"),
]
SR = 16_000


@pytest.fixture(scope="module")
def vlog():
    """Ten seconds of rain, six of a voice, ten of music, six of a voice, ten of bells.

    The voice is nearer than the rest: after loud noise, Silero hears it late.
    """
    rng = np.random.default_rng(5)
    speaker = Speaker.draw("v", rng, is_low=False)
    happy = np.concatenate([utterance(speaker, "happy", rng, 3.0) for _ in range(2)])
    sad = np.concatenate([utterance(speaker, "sad", rng, 3.0) for _ in range(2)])
    far = [0.1 * sound(10) for sound in (sounds.rain, sounds.music, sounds.bells)]
    return np.concatenate([far[0], happy, far[1], sad, far[2]])


@pytest.fixture(scope="module")
def media(tmp_path_factory, vlog):
    folder = tmp_path_factory.mktemp("media")
    for kind in ("rain", "music", "bells"):
        soundfile.write(folder / f"{kind}.flac", getattr(sounds, kind)(20), SR)
    soundfile.write(folder / "vlog.flac", vlog, SR)
    return folder


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    """Two bundles: of whole clips, and of segments that are stretches of speech."""
    root = tmp_path_factory.mktemp("bundles")
    synthesis.write_corpus(root / "corpus", n_speakers=2, n_per_emotion=2, n_vlogs=1)
    for name, more in (("whole", {}), ("speech", {"cut": "speech"})):
        settings = FeaturizeSettings(
            path=f"{root}/corpus/clips",
            out=f"{root}/{name}",
            corpus="folder",
            corpus_settings={"speaker_pattern": "prefix"},
            features=("mfcc", "rms"),
            engine="local",
            **more,
        )
        media_job.run(settings)
        chosen = TrainSettings(model="lda", folds="loso")
        judging.train(settings.out, chosen, f"{root}/bundle_{name}")
    return root


def predicted(bundle, media, out, *words):
    command = ["predict", str(bundle), str(media), "--out", str(out), "--engine", "local"]
    assert cli.main([*command, "timelines=json", *words]) == 0
    rows = table(out, "predictions").to_pylist()
    return {
        name: [row for row in rows if row["uri"].endswith(f"{name}.flac")]
        for name in ("rain", "music", "bells", "vlog")
    }


def test_rain_music_and_bells_get_no_emotion(bundles, media, tmp_path):
    rows = predicted(bundles / "bundle_whole", media, tmp_path, "segment_s=4", "hop_s=1")
    for name in ("rain", "music", "bells"):
        assert len(rows[name]) == 17
        assert {row["reason"] for row in rows[name]} == {"no speech"}
        assert all(row["abstained"] for row in rows[name])
    for row in rows["vlog"]:
        start, end = row["start_s"], row["end_s"]
        if end <= 10 or (start >= 16 and end <= 26) or start >= 32:
            assert row["reason"] == "no speech", row
        if (start >= 10 and end <= 16) or (start >= 26 and end <= 32):
            assert row["reason"] != "no speech", row
            assert row["speech_fraction"] > 0.7
    record = json.loads((tmp_path / "run.json").read_text())
    assert record["settings"]["speech"] == record["runs"][-1]["speech"] == "silero"


def test_by_their_level_they_would_get_one_and_the_notes_say_so(bundles, media, tmp_path):
    rows = predicted(bundles / "bundle_whole", media, tmp_path, "segment_s=4", "speech=energy")
    assert any(row["reason"] != "no speech" for row in rows["rain"])
    notes = json.loads((tmp_path / "predict.json").read_text())["summary"]["notes"]
    assert any("takes music and rain for speech too" in note for note in notes)


def test_a_bundle_of_stretches_of_speech_predicts_stretches_of_speech(bundles, media, tmp_path):
    rows = predicted(bundles / "bundle_speech", media, tmp_path)
    assert (rows["rain"], rows["music"], rows["bells"]) == ([], [], [])
    times = [(row["start_s"], row["end_s"]) for row in rows["vlog"]]
    assert len(times) == 2
    np.testing.assert_allclose(times, [(10, 16), (26, 32)], atol=1.0)
    timeline = json.loads((tmp_path / "timelines" / "vlog.flac.json").read_text())
    assert timeline["spans"][0]["start_s"] == pytest.approx(10, abs=1.0)


def test_its_windows_may_still_be_asked_for(bundles, media, tmp_path):
    rows = predicted(bundles / "bundle_speech", media / "vlog.flac", tmp_path, "segment_s=4")
    assert [row["start_s"] for row in rows["vlog"]] == [*range(0, 41, 4)]
    notes = json.loads((tmp_path / "predict.json").read_text())["summary"]["notes"]
    assert "trained on segments of cut=speech, predicted on windows" in notes


def test_the_service_says_what_predict_says(bundles, media):
    served = single.settled(ServeSettings(bundle=f"{bundles}/bundle_whole"))
    assert served.speech == "silero"
    predictor = single.Predictor(served)
    try:
        found = predictor(f"{media}/music.flac", "4", "1")
        voice = predictor(f"{media}/vlog.flac", "4", "1")
    finally:
        predictor.close()
    assert {row["reason"] for row in found["segments"]} == {"no speech"}
    assert max(row["speech_fraction"] for row in voice["segments"]) > 0.7


def test_a_service_that_cannot_tell_speech_as_it_is_asked_does_not_start(bundles, monkeypatch):
    monkeypatch.setattr(silero, "is_installed", lambda: False)
    with pytest.raises(ConfigError, match="speech=silero needs the packages"):
        single.settled(ServeSettings(bundle=f"{bundles}/bundle_whole", speech="silero"))
    assert single.settled(ServeSettings(bundle=f"{bundles}/bundle_whole")).speech == "energy"


@pytest.mark.parametrize("more", [{"segment_s": 4.0, "hop_s": 1.5}, {"cut": "speech"}])
def test_rows_do_not_depend_on_where_blocks_of_sound_end(media, vlog, monkeypatch, more):
    settings = FeaturizeSettings(
        path="-", out="-", features=("rms",), speech="silero", min_speech_fraction=0.1, **more
    )
    stage, nobody = stages.Featurize(settings), {"speaker": None, "label": None}
    found = []
    for sizes in ([len(vlog)], [1000, 480_000, 7], [4096] * 300):
        edges = [0, *itertools.accumulate(sizes), len(vlog)]
        blocks = [vlog[a:b] for a, b in itertools.pairwise(edges) if a < len(vlog)]
        heard = decode.Blocks((block for block in blocks), Account())
        monkeypatch.setattr(decode, "blocks", lambda *_, heard=heard, **__: heard)
        recordings = [{"recording_id": "vlog", "uri": f"{media}/vlog.flac", **nobody}]
        batches = [part for part in stage(recordings) if isinstance(part, pa.RecordBatch)]
        found.append(pa.Table.from_batches(batches))
    assert found[0].num_rows > 1
    assert found[0] == found[1] == found[2]
