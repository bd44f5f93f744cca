"""Figures of a judgement, from the command line too."""

import json

from emodist import cli
from emodist.learning.settings import TrainSettings
from emodist.models import judging
from emodist.reporting import _rows
from tests.reporting.tables import write_table


def test_evaluate_draws_what_is_taken_for_what(tmp_path, capsys):
    table = write_table(tmp_path / "table")
    words = ["--model", "logistic_regression", "--folds", "group3", "--plots"]
    assert cli.main(["evaluate", table, *words, f"{tmp_path}/plots"]) == 0
    assert capsys.readouterr().out.endswith(f"wrote {tmp_path}/plots\n")
    drawn = {path.name for path in (tmp_path / "plots").iterdir()}
    assert drawn == {"confusion.png", "roc.png", "reliability.png"}
    for name in drawn:
        assert (tmp_path / "plots" / name).read_bytes().startswith(b"\x89PNG")


def test_figures_name_model_and_protocol(tmp_path):
    settings = TrainSettings(model="logistic_regression", folds="loso")
    found = judging.evaluate(write_table(tmp_path / "table"), settings)
    made = found.figures()
    assert list(made) == ["confusion", "roc", "reliability"]
    for figure in made.values():
        assert figure.get_suptitle().startswith("logistic_regression, UAR 0.")
        assert figure.get_suptitle().endswith("\nloso: 6 folds, speaker-independent")


def test_a_report_a_bundle_and_an_evaluation_have_one_fingerprint(tmp_path):
    table = write_table(tmp_path / "table", n_files=2)
    settings = TrainSettings(model="logistic_regression", folds="group3", features=("rms",))
    judging.train(table, settings, f"{tmp_path}/bundle")
    judging.evaluate(table, settings, f"{tmp_path}/evaluation")
    bundled = json.loads((tmp_path / "bundle" / "bundle.json").read_text())["data"]
    judged = json.loads((tmp_path / "evaluation" / "evaluation.json").read_text())["data"]
    assert bundled == judged
    assert bundled["fingerprint"] == _rows.census(table, 10).fingerprint
