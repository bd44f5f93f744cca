"""What a process that stays lets itself be asked; its numbers are compared in `test_serve`."""

import pytest

from emodist.errors import ConfigError
from emodist.learning.settings import TrainSettings
from emodist.media.settings import FeaturizeSettings
from emodist.predicting import single
from emodist.predicting.settings import ServeSettings
from tests import make
from tests.predicting import windows


def test_a_folder_that_is_no_bundle_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="is no bundle"):
        single.check(ServeSettings(bundle=str(tmp_path)))


def test_a_bundle_of_a_foreign_table_does_not_say_how_its_features_were_made(emotional, tmp_path):
    make.bundle(emotional, tmp_path, TrainSettings(model="lda", calibrate=False))
    with pytest.raises(ConfigError, match="does not say how its features were made"):
        single.check(ServeSettings(bundle=str(tmp_path)))


@pytest.mark.parametrize(
    ("segment_s", "hop_s", "least"),
    [(4.0, 0.2, 0.25), (1.0, 0.05, 0.1), ("auto", 0.1, 0.25)],
)
def test_windows_that_would_keep_it_busy_for_days_are_refused(segment_s, hop_s, least):
    made = FeaturizeSettings(path="media", out="out", segment_s=segment_s, hop_s=hop_s)
    with pytest.raises(ConfigError, match=rf"hop_s must be at least {least:g}"):
        single._check_work(made)


@pytest.mark.parametrize(("segment_s", "hop_s"), [(None, None), (4.0, None), (4.0, 0.25)])
def test_other_windows_are_taken(segment_s, hop_s):
    made = FeaturizeSettings(path="media", out="out", segment_s=segment_s, hop_s=hop_s)
    assert single._check_work(made) is None


def test_where_it_abstains_there_is_a_reason_and_no_label():
    sure, silent = single._segments(
        windows.table([0.9, 0.7], [None, "no speech"]), ("angry", "sad")
    )
    assert (sure["label"], sure["abstained"], sure["reason"]) == ("angry", False, None)
    assert (silent["label"], silent["abstained"], silent["reason"]) == (None, True, "no speech")
    assert sure["probabilities"] == pytest.approx({"angry": 0.9, "sad": 0.1})


def test_settings_of_the_service_are_those_of_the_predictions(tmp_path):
    served = ServeSettings(bundle=str(tmp_path), min_confidence=0.7, max_duration_s=60.0)
    settings = single._predict_settings(served, "/b", "/out", ["segment_s=2"])
    assert (settings.min_confidence, settings.max_duration_s) == (0.7, 60)
    assert (settings.bundle, settings.out, settings.segment_s) == ("/b", "/out", 2)
    assert settings.timelines == ()


def test_a_bundle_on_this_machine_is_read_where_it_lies(tmp_path):
    assert single._local(str(tmp_path), "/elsewhere") == str(tmp_path)
