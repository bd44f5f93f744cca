import json

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.inspection import permutation_importance
from sklearn.metrics import roc_auc_score
from sklearn.utils.validation import check_is_fitted

import emodist
from emodist import cli
from emodist.learning import dataset
from emodist.learning.evaluation import Evaluation

pytestmark = pytest.mark.slow

LR = {"model": "logistic_regression", "folds": "loso"}


@pytest.fixture(scope="module")
def bundle(table, tmp_path_factory):
    return emodist.train(table, out=tmp_path_factory.mktemp("bundle") / "lr", **LR)


@pytest.fixture(scope="module")
def scaled(table, tmp_path_factory):
    out = tmp_path_factory.mktemp("bundle") / "scaled"
    return emodist.train(table, speaker_norm=True, out=out, **LR)


def test_a_bundle_says_what_it_is_and_how_good(bundle, table):
    judged = emodist.evaluate(table, **LR)
    assert repr(bundle) == f"ClassifierBundle({bundle.uri!r}): {judged.line}"
    assert bundle.judgement.to_dict() == judged.to_dict()
    assert bundle.plot().axes[0].get_ylabel() == "truth"
    assert bundle._repr_png_()[0].startswith(b"\x89PNG")


def test_train_prints_what_the_bundle_says(table, bundle, tmp_path, capsys):
    words = ["train", table.uri, "--model", "logistic_regression", "folds=loso"]
    assert cli.main([*words, "--out", f"{tmp_path}/b"]) == 0
    assert capsys.readouterr().out == f"{bundle}\nwrote {tmp_path}/b\n"
    assert cli.main([*words, "--out", f"{tmp_path}/b", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown == json.loads(json.dumps(bundle.judgement.to_dict()))


def test_an_evaluation_comes_back_from_its_json(table):
    found = emodist.evaluate(table, **LR).evaluation
    again = Evaluation.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again.to_dict() == found.to_dict()
    np.testing.assert_array_equal(again.confusion, found.confusion)
    assert again.classes == found.classes


def test_out_of_fold_rows_are_not_in_a_bundle(bundle):
    with pytest.raises(emodist.ConfigError, match="does not keep its out-of-fold predictions"):
        bundle.judgement.to_pandas()


def test_the_estimator_gives_the_probabilities_of_the_bundle(table, bundle):
    x, y = table.xy()
    model = bundle.estimator
    found = model.predict_proba(x)
    np.testing.assert_array_equal(found, bundle.probabilities(dataset.load(table.uri)))
    assert list(model.classes_) == list(bundle.classes)
    np.testing.assert_array_equal(model.predict(x), model.classes_[found.argmax(axis=1)])
    # It learned from these rows.
    assert model.score(x, y) == 1.0
    assert roc_auc_score(y, found, multi_class="ovr", labels=model.classes_) == 1.0


def test_columns_of_a_data_frame_are_found_by_name(table, bundle):
    frame, y = table.xy(as_frame=True)
    mixed = frame[frame.columns[::-1]].assign(more=1.0)
    expected = bundle.estimator.predict_proba(frame)
    np.testing.assert_array_equal(bundle.estimator.predict_proba(mixed), expected)
    with pytest.raises(emodist.ConfigError, match="numbers; mfcc_1_mean is missing"):
        bundle.estimator.predict(pd.DataFrame({"rms_mean": y}))
    with pytest.raises(emodist.ConfigError, match=r"takes rows of shape \(\d+,\); got \(4,\)"):
        bundle.estimator.predict(table.xy(features=["rms"])[0])


def test_scikit_learn_takes_it_for_a_fitted_classifier(table, bundle):
    x, y = table.xy()
    model = bundle.estimator
    check_is_fitted(model)
    assert is_classifier(model)
    assert clone(model).fit(x, y).predict(x[:1]) == model.predict(x[:1])
    narrow = permutation_importance(model, x[:10], y[:10], n_repeats=1, random_state=0)
    assert narrow.importances.shape == (x.shape[1], 1)


def test_a_speaker_normalized_bundle_asks_who_speaks(table, scaled):
    x, _, groups = table.xy(groups="speaker")
    with pytest.raises(emodist.ConfigError, match="say who speaks"):
        scaled.estimator.predict(x)
    found = scaled.estimator.predict_proba(x, groups=groups)
    expected = scaled.probabilities(dataset.load(table.uri))
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.tf
def test_a_network_is_an_estimator_too(table, tmp_path):
    pytest.importorskip("tensorflow")
    found = emodist.train(table, model="mlp_net", epochs=2, out=tmp_path / "net")
    assert "not cross-validated" in repr(found)
    assert found._repr_png_() is None
    assert "2 epochs" in str(found)
    x, y = table.xy(features=found.columns)
    shown = found.estimator.predict_proba(x)
    expected = found.probabilities(dataset.load(table.uri, found.columns))
    np.testing.assert_allclose(shown, expected, atol=1e-6)
    assert set(found.estimator.predict(x)) <= set(y)
