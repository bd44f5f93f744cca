"""A classifier's bundle says of raw rows what the model says that was saved."""

import dataclasses
import json

import numpy as np
import pytest
import skops.io

import emodist
from emodist import registry
from emodist.errors import ConfigError
from emodist.learning import calibration, classifier, folds, speaker_norm
from emodist.learning.settings import TrainSettings
from emodist.models import bundle, card, classifier_bundle
from tests import make

PLAIN = TrainSettings(model="logistic_regression", calibrate=False)


def saved(data, out, settings=PLAIN):
    """A bundle of all rows, loaded again, and its fitted pipeline."""
    fitted, temperature = classifier.fit(data, settings)
    result = make.judged(data, model=settings.model)
    about = classifier_bundle.describe(data, settings, temperature, result, {})
    bundle.save(str(out), fitted, about, data)
    return bundle.load(str(out)), fitted


@pytest.mark.slow
@pytest.mark.parametrize("model", registry.names("estimators"))
def test_a_bundle_gives_the_probabilities_of_the_model_that_was_saved(emotional, tmp_path, model):
    settings = TrainSettings(model=model, balance="smote" if model == "mlp" else "weights", pca=5)
    loaded, fitted = saved(emotional, tmp_path / "bundle", settings)
    found = loaded.probabilities(emotional)
    expected = fitted.predict_proba(classifier.inputs(emotional, settings))
    temperature = loaded.card.temperature
    assert temperature != 1
    expected = calibration.apply_temperature(expected, temperature)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert loaded.classes == ("angry", "happy", "sad")
    assert loaded.columns == ("x",)
    assert loaded.card.metrics["protocol"].endswith("speaker-independent")
    assert loaded.card.data.n_speakers == 10
    assert loaded.card.data.corpora == {"media": "your own"}


def test_a_bundle_scales_raw_rows_by_speaker_itself(emotional, tmp_path):
    settings = dataclasses.replace(PLAIN, speaker_norm=True)
    loaded, fitted = saved(emotional, tmp_path / "b", settings)
    expected = fitted.predict_proba(classifier.inputs(emotional, settings))
    expected = calibration.apply_temperature(expected, 1.0)
    np.testing.assert_allclose(loaded.probabilities(emotional), expected, rtol=1e-9)
    # What is known of a speaker scales rows that come alone.
    known = speaker_norm.of(emotional.x, emotional)
    some = emotional.select(np.array([3, 100]))
    np.testing.assert_allclose(loaded.probabilities(some, known), expected[[3, 100]], rtol=1e-9)
    alone = loaded.probabilities(some)
    assert not np.allclose(alone, expected[[3, 100]], atol=0.05)


def test_a_bundle_refuses_numbers_of_other_feature_settings(emotional, tmp_path):
    loaded, _ = saved(emotional, tmp_path / "b")
    fewer = dataclasses.replace(emotional, x=emotional.x[:, :5], names=emotional.names[:5])
    with pytest.raises(ConfigError, match="x_5 is missing"):
        loaded.probabilities(fewer)
    turned = dataclasses.replace(emotional, names=emotional.names[::-1])
    with pytest.raises(ConfigError, match="another order"):
        loaded.probabilities(turned)


def test_a_bundle_with_foreign_code_is_not_loaded(emotional, tmp_path):
    saved(emotional, tmp_path / "b")
    skops.io.dump({"x": folds.Fold("a", np.zeros(1), np.zeros(1))}, tmp_path / "b/model.skops")
    with pytest.raises(ConfigError, match="which is not loaded"):
        bundle.load(str(tmp_path / "b"))


def test_no_bundle_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="is no bundle"):
        bundle.load(str(tmp_path))


def test_a_bundle_without_its_model_is_refused(emotional, tmp_path):
    saved(emotional, tmp_path / "b")
    (tmp_path / "b" / "model.skops").unlink()
    with pytest.raises(ConfigError, match=r"it has no model\.skops"):
        bundle.load(str(tmp_path / "b"))


def test_the_record_is_read_as_it_was_written(emotional, tmp_path):
    loaded, _ = saved(emotional, tmp_path / "b")
    assert loaded.card.format == 2
    card.write(str(tmp_path / "again"), loaded.card)
    assert card.read(str(tmp_path / "again")) == loaded.card
    told = json.loads((tmp_path / "b" / "bundle.json").read_text())
    assert told == loaded.card.to_dict()
    assert (told["kind"], told["emodist"]) == ("classifier", emodist.__version__)


def test_a_bundle_from_the_future_is_refused_with_both_versions(emotional, tmp_path):
    saved(emotional, tmp_path / "b")
    file = tmp_path / "b" / "bundle.json"
    told = json.loads(file.read_text())
    file.write_text(json.dumps({**told, "format": 3, "emodist": "9.1.0"}))
    with pytest.raises(
        ConfigError, match=rf"format 3, written by emodist 9\.1\.0; .*{emodist.__version__}"
    ):
        bundle.load(str(tmp_path / "b"))


def test_a_record_that_lacks_what_it_takes_says_what(emotional, tmp_path):
    saved(emotional, tmp_path / "b")
    file = tmp_path / "b" / "bundle.json"
    told = json.loads(file.read_text())
    del told["classes"]
    file.write_text(json.dumps(told))
    with pytest.raises(ConfigError, match="has no 'classes'"):
        bundle.load(str(tmp_path / "b"))
    file.write_text("{")
    with pytest.raises(ConfigError, match="is no JSON"):
        bundle.load(str(tmp_path / "b"))


def test_records_of_the_first_release_are_read(tmp_path):
    """As its two writers made them: without `format`, and of a classifier without `kind`."""
    shared = {
        "emodist": "0.1.0",
        "classes": ["angry", "sad"],
        "temperature": 1.5,
        "featurized": {"job": "featurize"},
        "origin": {"uri": "/tables/a"},
        "versions": {"numpy": "2.3.0"},
        "data": {"fingerprint": "ab" * 32, "n_rows": 8, "n_speakers": 2, "corpora": {"a": "own"}},
    }
    written = {
        "classifier": {
            "settings": {"model": "knn", "features": ["rms"], "speaker_norm": True},
            "names": ["rms_mean", "rms_std"],
            "metrics": {"uar": 0.5},
            "inputs": {"mean": [0.0, 1.0], "std": [1.0, 2.0]},
        },
        "network": {
            "kind": "network",
            "settings": {"model": "deep_cnn", "features": None, "speaker_norm": False},
            "columns": ["log_mel"],
            "names": ["log_mel"],
            "shape": [128, 64],
            "metrics": None,
            "development": None,
            "best_epoch": {"epoch": 3.0},
            "n_epochs": 4,
        },
    }
    for kind, own in written.items():
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "bundle.json").write_text(json.dumps({**shared, **own}))
    one, two = (card.read(str(tmp_path / kind)) for kind in written)
    assert (one.format, one.kind, one.columns, one.shape) == (1, "classifier", ("rms",), (2,))
    assert one.inputs == card.Inputs((0.0, 1.0), (1.0, 2.0))
    assert one.speaker_norm
    assert (one.data.fingerprint, one.data.numbers) == (None, "ab" * 32)
    assert (two.kind, two.columns, two.shape, two.n_epochs) == (
        "network",
        ("log_mel",),
        (128, 64),
        4,
    )
    assert two.notes == ()
