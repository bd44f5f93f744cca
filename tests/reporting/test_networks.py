"""Networks and blends in a report, from evaluations that were really made."""

import json

import pytest

from emodist import cli
from emodist.errors import ConfigError
from emodist.learning.settings import TrainSettings
from emodist.models import judging
from emodist.network_training.settings import NetworkSettings
from tests.reporting.tables import write_table
from tests.reporting.test_report import made

pytestmark = pytest.mark.tf
NET = {"model": "mlp_net", "model_settings": {"width": 4, "depth": 1}, "folds": "group2"}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    root = tmp_path_factory.mktemp("networks")
    table = write_table(root / "t")
    judging.evaluate(table, NetworkSettings(epochs=3, seed=5, **NET), f"{root}/net")
    words = ["--model", "logistic_regression", "--folds", "group2", "--out", f"{root}/blend"]
    more = ["--with", "linear_svm,lda", "--against", "lda"]
    assert cli.main(["evaluate", str(table), *words, *more]) == 0
    _, seen = made(table, root / "out", evaluations=[f"{root}/net", f"{root}/blend"])
    return root, table, seen


def test_a_networks_curves_are_those_of_its_folds(page):
    root, _, seen = page
    about = json.loads((root / "net" / "evaluation.json").read_text())
    folds = about["history"]["mlp_net"]
    assert set(folds) == {"group2/1", "group2/2"}
    assert [row["epoch"] for row in folds["group2/1"]] == [1, 2, 3]
    assert (root / "out" / "learning_1_mlp_net.png").stat().st_size > 5000
    assert "How mlp_net learned in each fold" in seen.text


def test_networks_and_blends_are_named_by_what_they_are(page):
    _, _, seen = page
    assert "mlp_net mlp_net.width=4 mlp_net.depth=1 seed=5 epochs=3" in seen.text
    assert "logistic_regression + linear_svm + lda" in seen.text
    assert "--with linear_svm,lda --against lda" in seen.text
    assert "not for networks and blends" in seen.text


def test_a_blend_is_the_mean_of_its_models(page):
    _, table, _ = page
    lr = TrainSettings(model="logistic_regression", folds="group2")
    _, first, _ = judging.cross_validated(str(table), lr)
    _, other, _ = judging.cross_validated(str(table), TrainSettings(model="lda", folds="group2"))
    mean = (first.probabilities + other.probabilities) / 2
    found = judging.evaluate(str(table), lr, blend=["lda"]).evaluation
    y, _ = judging.labelled(str(table), None).targets()
    is_right = mean.argmax(axis=1) == y[first.rows]
    assert found.weighted_accuracy == pytest.approx(is_right.mean())


def test_a_model_is_not_blended_with_itself(page):
    _, table, _ = page
    for blend in (["knn"], ["lda", "lda"]):
        with pytest.raises(ConfigError, match="--with takes other models"):
            judging.evaluate(str(table), TrainSettings(model="knn"), blend=blend)
