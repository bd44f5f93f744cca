"""How media become what the bundle was trained on, and what is made of the answers."""

import pytest

from emodist.errors import ConfigError
from emodist.media.settings import FeaturizeSettings
from emodist.predicting import settings as of
from emodist.predicting.settings import PredictSettings, Rules, ServeSettings
from tests import make

TRAINED = FeaturizeSettings(
    path="clips",
    out="out",
    features=("mfcc", "rms", "log_mel"),
    feature_settings={"mfcc": {"n_mfcc": 13}},
    functionals=("mean", "std"),
    segment_s=4.0,
    hop_s=2.0,
    decoder="moviepy",
    min_speech_fraction=0.3,
    trim_db=None,
)

FEATURIZED = {"job": "featurize", **TRAINED.identity()}


def card(**more):
    return make.card(**{"featurized": FEATURIZED, "columns": ("mfcc",), **more})


def asked(**more):
    return PredictSettings(**{"bundle": "b", "path": "vlogs", "out": "predicted", **more})


def test_media_are_featurized_as_the_training_data_were():
    made = of.featurize_settings(asked(), card())
    assert (made.segment_s, made.hop_s, made.decoder) == (4, 2, "moviepy")
    assert (made.functionals, made.trim_db) == (("mean", "std"), None)
    assert made.path.endswith("/vlogs")
    # Segments without speech stay in the table: the timeline shows them.
    assert made.min_speech_fraction == 0


def test_only_what_the_bundle_wants_is_computed():
    made = of.featurize_settings(asked(), card())
    assert (made.features, made.feature_settings) == (("mfcc",), {"mfcc": {"n_mfcc": 13}})
    assert of.featurize_settings(asked(), card(columns=("rms",))).feature_settings == {}
    # Without a choice, all but images.
    assert of.featurize_settings(asked(), card(columns=None)).features == ("mfcc", "rms")


@pytest.mark.parametrize(
    ("given", "windows"),
    [
        ({}, (4, 2)),
        ({"segment_s": 3.0}, (3, None)),
        ({"segment_s": 3.0, "hop_s": 1.0}, (3, 1)),
        ({"hop_s": 1.0}, (4, 1)),
        ({"segment_s": None}, (None, None)),
    ],
)
def test_windows_are_the_bundles_own_unless_others_are_asked_for(given, windows):
    made = of.featurize_settings(asked(**given), card())
    assert (made.segment_s, made.hop_s) == windows


def test_a_bundle_that_does_not_say_how_its_features_were_made_is_refused():
    with pytest.raises(ConfigError, match="does not say how its features were made"):
        of.featurize_settings(asked(), card(featurized={}))


@pytest.mark.parametrize(("n_classes", "least"), [(2, 0.5), (4, 0.5), (8, 0.25)])
def test_it_abstains_below_twice_chance_and_never_above_a_half(n_classes, least):
    classes = tuple(f"c{n}" for n in range(n_classes))
    assert Rules.of(asked(), "d", card(classes=classes), "energy").min_confidence == least


def test_less_speech_than_in_training_is_too_little():
    def least(card, told_by="energy", **given):
        return Rules.of(asked(**given), "d", card, told_by).min_speech_fraction

    assert least(card()) == least(card(), "silero") == 0.3
    lenient = card(featurized={**FEATURIZED, "min_speech_fraction": 0.0})
    assert (least(lenient), least(lenient, "yamnet")) == (0.1, 0.1)
    # Silero's stretches are padded.
    assert least(lenient, "silero") == 0.2
    assert least(card(), min_speech_fraction=0.0) == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bundle": ""}, "bundle is not set; say which, as in bundle=DIR"),
        ({"min_confidence": 1.5}, "min_confidence must be within 0 and 1; got 1.5"),
        ({"smooth_s": -1.0}, "smooth_s must be 0 or more"),
        ({"timelines": ("json", "srt")}, "timelines takes json, vtt, png; got 'srt'"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        asked(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bundle": ""}, "bundle is not set"),
        ({"port": 0}, "port must be within 1 and 65535; got 0"),
        ({"replicas": 0}, "replicas must be at least 1"),
        ({"max_body_mb": 0.0}, "max_body_mb must be above 0"),
    ],
)
def test_a_service_that_cannot_be_is_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        ServeSettings(**{"bundle": "b", **settings})
