"""What must be said beside predictions."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emodist.media.settings import FeaturizeSettings
from emodist.models import bundle
from emodist.models.card import Learned
from emodist.predicting import about
from emodist.predicting.settings import PredictSettings
from tests import make
from tests.predicting import windows

METRICS = {"uar": 0.5, "intervals": {"uar": [0.4, 0.6]}, "protocol": "group5"}
FEATURIZED = {"segment_s": None, "hop_s": None}


def card(**more):
    settings = {"model": "knn", "speaker_norm": False}
    return make.card(**{"settings": settings, "featurized": FEATURIZED, **more})


@pytest.fixture
def places(tmp_path):
    """Settings of a run over four recordings, two of which the bundle learned from."""
    make.output(tmp_path / "out", make.rows(4))
    (tmp_path / "bundle").mkdir()
    seen = {name: ["x"] * 3 for name in bundle.ROWS.names} | {"segment": [0] * 3}
    learned = pa.Table.from_pydict({**seen, "audio_sha": ["sha1", "sha3", "sha9"]}, bundle.ROWS)
    pq.write_table(learned, tmp_path / "bundle" / "rows.parquet")
    return PredictSettings(
        bundle=f"{tmp_path}/bundle", path=f"{tmp_path}/media", out=f"{tmp_path}/out"
    )


def notes(places, far=(), segment_s=None, **more):
    made = FeaturizeSettings(path=places.path, out=places.out, segment_s=segment_s)
    return about.notes(places, made, card(**more), far)


def test_a_model_is_named_with_what_it_learned_from_and_how_good_it_was():
    start = "knn trained on a (8 rows, 2 speakers)"
    assert about.trained_on(card()) == f"{start}; it was not cross-validated"
    assert about.trained_on(card(metrics=METRICS)) == (
        f"{start}; UAR 0.500 (95% 0.400 to 0.600; chance 0.500) by group5"
    )


def test_acted_speech_is_called_so_and_no_number_is_said_to_hold_elsewhere():
    measured = "Nothing here measured how good the model is on your media"
    acted = Learned("", "", 8, 2, {"tess": "own", "ravdess": "own", "msp_podcast": "own"})
    assert about.caution(card(data=acted)) == f"ravdess and tess is acted speech. {measured}"
    assert about.caution(card()) == measured
    assert not about.is_acted("a_corpus_of_someone_else")


def test_there_is_always_the_model_the_caution_and_what_the_bundle_says(places):
    said = notes(places, notes=("not calibrated",), data=Learned("", "", 8, 2, {"media": "own"}))
    assert said[0].startswith("knn trained on media")
    assert said[1].startswith("Nothing here measured")
    assert said[2] == "not calibrated"


def test_recordings_that_were_learned_from_are_counted_by_their_sound(places):
    assert about.trained_too(places) == (2, 4)
    assert notes(places)[-1].startswith("2 of 4 recordings were in the training data")


def test_nothing_is_said_where_none_was_learned_from(places, tmp_path):
    pq.write_table(bundle.ROWS.empty_table(), tmp_path / "bundle" / "rows.parquet")
    assert not [note for note in notes(places) if "training data" in note]


def test_other_windows_than_those_of_the_training_are_told(places):
    (told,) = [note for note in notes(places, segment_s=4.0) if "segment_s" in note]
    assert told == ("trained on segment_s=null hop_s=null, predicted with segment_s=4 hop_s=null")


def test_a_z_score_per_speaker_is_called_transductive(places):
    said = notes(places, settings={"model": "knn", "speaker_norm": True})
    assert [note for note in said if "transductive" in note]


@pytest.mark.parametrize(
    ("far", "words"),
    [
        (["rms_mean"], "the means of rms_mean lie"),
        (["a", "b", "c", "d", "e"], "the means of a, b, c and 2 more lie"),
    ],
)
def test_media_that_sound_otherwise_are_told_by_their_numbers(places, far, words):
    (told,) = [note for note in notes(places, far) if "unlike" in note]
    assert words in told
    assert "Do not trust the labels" in told


def test_segments_are_counted_by_label_and_abstentions_by_reason(tmp_path):
    why = [None, None, "unsure", "no speech", "no speech"]
    windows.write(tmp_path, windows.table([0.9, 0.1, 0.5, 0.5, 0.5], why))
    windows.write(tmp_path, windows.table([0.2]), "b.parquet")
    assert about.counts(str(tmp_path)) == {
        "labels": {"sad": 2, "angry": 1},
        "abstained": {"no speech": 2, "unsure": 1},
    }
