"""A classifier's bundle says of raw rows what the model says that was saved."""

import dataclasses

import numpy as np
import pytest
import skops.io

from emodist import registry
from emodist.errors import ConfigError
from emodist.learning import calibration, classifier, folds, speaker_norm
from emodist.learning.settings import TrainSettings
from emodist.learning.temperature import Temperature
from emodist.models import bundle, classifier_bundle
from tests import make

PLAIN = TrainSettings(model="logistic_regression", calibrate=False)


@pytest.mark.slow
@pytest.mark.parametrize("model", registry.names("estimators"))
def test_a_bundle_gives_the_probabilities_of_the_model_that_was_saved(emotional, tmp_path, model):
    settings = TrainSettings(model=model, balance="smote" if model == "mlp" else "weights", pca=5)
    loaded, fitted = make.bundle(emotional, tmp_path / "bundle", settings)
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
    loaded, fitted = make.bundle(emotional, tmp_path / "b", settings)
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
    loaded, _ = make.bundle(emotional, tmp_path / "b", PLAIN)
    fewer = dataclasses.replace(emotional, x=emotional.x[:, :5], names=emotional.names[:5])
    with pytest.raises(ConfigError, match="x_5 is missing"):
        loaded.probabilities(fewer)
    turned = dataclasses.replace(emotional, names=emotional.names[::-1])
    with pytest.raises(ConfigError, match="another order"):
        loaded.probabilities(turned)


def test_a_bundle_with_foreign_code_is_not_loaded(emotional, tmp_path):
    make.bundle(emotional, tmp_path / "b", PLAIN)
    skops.io.dump({"x": folds.Fold("a", np.zeros(1), np.zeros(1))}, tmp_path / "b/model.skops")
    with pytest.raises(ConfigError, match="which is not loaded"):
        bundle.load(str(tmp_path / "b"))


def test_a_bundle_without_its_model_is_refused(emotional, tmp_path):
    make.bundle(emotional, tmp_path / "b", PLAIN)
    (tmp_path / "b" / "model.skops").unlink()
    with pytest.raises(ConfigError, match=r"it has no model\.skops"):
        bundle.load(str(tmp_path / "b"))


def test_the_record_says_what_was_learned_from_and_how(emotional):
    origin = {"uri": "/tables/a", "emodist": "0.2.0", "settings": {"job": "featurize"}}
    fitted, result = Temperature(why="too few rows"), make.judged(emotional)
    about = classifier_bundle.describe(emotional, PLAIN, fitted, result, origin)
    assert (about.kind, about.classes) == ("classifier", ("angry", "happy", "sad"))
    assert about.names == ("x_0", "x_1", "x_2", "x_3", "x_4", "x_5")
    assert (about.columns, about.shape) == (("x",), (6,))
    assert about.featurized == {"job": "featurize"}
    assert about.origin == {"uri": "/tables/a", "emodist": "0.2.0"}
    np.testing.assert_allclose(about.inputs.mean, emotional.x.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(about.inputs.std, emotional.x.std(axis=0), atol=1e-5)
    assert set(classifier_bundle.PACKAGES) == set(about.versions)


def test_a_model_of_a_plugin_that_is_not_here_is_refused_by_its_file(emotional, tmp_path):
    make.bundle(emotional, tmp_path / "b", PLAIN)
    settings = {**PLAIN.identity(), "plugin_files": {"estimators/mine.py": "ab"}}
    with pytest.raises(ConfigError, match=r"the plugin estimators/mine\.py, which is not here"):
        classifier_bundle.read_model(str(tmp_path / "b"), make.card(settings=settings))
