"""What the functions over tables give back: numbers as on the command line, rows, pictures."""

import json
import re

import numpy as np
import pytest
from matplotlib.figure import Figure

import emodist
from emodist import cli

pytestmark = pytest.mark.slow

PNG = b"\x89PNG"
QUICK = {"k_max": 4, "n_resamples": 2}


@pytest.fixture(scope="module")
def result(table, tmp_path_factory):
    out = tmp_path_factory.mktemp("evaluation") / "lr"
    return emodist.evaluate(
        table, model="logistic_regression", folds="loso", against="knn", blend="lda", out=out
    )


def test_an_evaluation_has_the_numbers_of_the_command_line(table, result, capsys):
    words = ["evaluate", table.uri, "--model", "logistic_regression", "folds=loso"]
    assert cli.main([*words, "--against", "knn", "--with", "lda"]) == 0
    assert capsys.readouterr().out == f"{result}\n"
    assert cli.main([*words, "--against", "knn", "--with", "lda", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(result.to_dict()))


def test_an_evaluation_says_its_numbers_and_protocol_in_one_line(result):
    low, high = result.interval
    assert low <= result.uar <= high
    assert repr(result) == (
        f"Judgement: logistic_regression + lda, UAR {result.uar:.3f} "
        f"(95% {low:.3f} to {high:.3f}), {result.protocol}"
    )
    assert "speaker-independent" in result.protocol


def test_out_of_fold_predictions_are_rows_that_give_the_confusion_again(result):
    rows = result.to_pandas()
    assert len(rows) == 40
    counts = np.zeros_like(result.confusion)
    place = {name: index for index, name in enumerate(result.classes)}
    for truth, predicted in zip(rows["label"], rows["predicted"], strict=True):
        counts[place[truth], place[predicted]] += 1
    np.testing.assert_array_equal(counts, result.confusion)
    np.testing.assert_allclose(rows[[f"p_{name}" for name in result.classes]].sum(axis=1), 1, 1e-5)


def test_clusters_have_rows_and_two_pictures_and_need_no_folder(table, capsys):
    found = emodist.cluster(table, speaker_norm=True, **QUICK)
    assert found.out is None
    rows = found.to_pandas()
    np.testing.assert_array_equal(rows["cluster"], found.cluster)
    assert found.plot().axes[0].get_xlabel().startswith("component 1")
    assert found.plot("scores").axes[0].get_xlabel() == "number of clusters k"
    assert repr(found) == f"Clustering: {found.about['k']} of 40 rows, kmeans"
    assert cli.main(["cluster", table.uri, "speaker_norm=true", "k_max=4", "n_resamples=2"]) == 0
    assert capsys.readouterr().out == f"{found}\n"


def test_saved_clusters_are_the_same_rows(table, tmp_path):
    found = emodist.cluster(table, out=tmp_path / "clusters", **QUICK)
    assert emodist.Table(f"{found.out}/clusters.parquet").to_arrow().equals(found.to_arrow())


@pytest.mark.slow
def test_a_sweep_has_trials_and_settings_that_train_on(table, tmp_path):
    found = emodist.tune(
        table,
        "classifier",
        models="lda",
        folds="loso",
        trials=2,
        engine="local",
        workers=1,
        out=tmp_path / "sweep",
    )
    assert len(found.to_pandas()) == len(found.rows) == 10
    assert "nested score (unbiased)" in str(found)
    said = r"Tuned\('.*sweep'\): 10 trials, nested UAR 0\.\d{3} \(unbiased\)"
    assert re.fullmatch(said, repr(found))
    result = emodist.evaluate(table, config=found.best)
    assert result.settings == found.best.identity()
    assert emodist.evaluate(table, config=tmp_path / "sweep" / "best.yaml").uar == result.uar


def test_what_to_tune_must_be_said(table):
    with pytest.raises(emodist.ConfigError, match="say what to tune, classifier, clusters, net"):
        emodist.tune(table, out="out")


@pytest.fixture(scope="module")
def page(table, result, tmp_path_factory):
    root = tmp_path_factory.mktemp("report")
    clusters = emodist.cluster(table, out=root / "clusters", **QUICK)
    return emodist.report(
        table, evaluation=result, clusters=clusters, maps="none", out=root / "report"
    )


def test_a_report_takes_results_as_they_are(page, table):
    assert {"evaluation", "clusters"} <= set(page.about["sections"])
    assert f'href="{page.page}"' not in page._repr_html_()
    assert "report/report.html</a>" in page._repr_html_()
    unsaved = emodist.evaluate(table, model="knn", folds="loso")
    with pytest.raises(emodist.ConfigError, match="was not saved; make it with out=DIR first"):
        emodist.report(table, evaluation=[unsaved], out="out")


def test_figures_are_of_matplotlib_and_shown_by_a_cell(result, table):
    for figure in (result.plot(), table.plot()):
        assert isinstance(figure, Figure)
        content, size = figure._repr_png_()
        assert content.startswith(PNG)
        assert 0 < size["width"] < 900
    assert result._repr_png_()[0].startswith(PNG)


def test_export_writes_what_to_pandas_shows(table, tmp_path, capsys):
    import pandas as pd

    target = emodist.export(table, tmp_path / "a.csv", features="rms")
    assert "left out: mfcc" in capsys.readouterr().err
    written = pd.read_csv(target).sort_values("uri")["rms_mean"].to_numpy()
    shown = table.to_pandas(features=["rms"]).sort_values("uri")["rms_mean"].to_numpy()
    np.testing.assert_allclose(written, shown, rtol=1e-6)
