import json
import shutil
from pathlib import Path

from emodist.reporting.sections import evaluations
from tests.reporting.sections.conftest import material, shown
from tests.reporting.tables import write_table


def test_without_an_evaluation_there_is_the_command_for_one(table):
    page = shown(evaluations, material(table))
    assert page.lines() == [
        f"emodist evaluate {table} --out evaluation/",
        f"emodist report {table} --evaluation evaluation/ --out report/",
    ]
    assert page.figures == []


def test_of_one_label_there_is_nothing_to_train(tmp_path):
    page = shown(evaluations, material(write_table(tmp_path / "t", ("angry",))))
    assert page.lines() == []
    assert "Two labels or more" in page.words("paragraph")


def test_a_result_has_its_numbers_its_pictures_and_its_paired_test(table, evaluation):
    page = shown(evaluations, material(table, [evaluation]))
    assert page.figures == ["confusion_1", "roc_1", "reliability_1"]
    told = json.loads(Path(evaluation, "evaluation.json").read_text())
    first, classes = page.of("table")
    assert first["rows"][0][1:3] == [told["protocol"], told["uar"]]
    assert [row[0] for row in classes["rows"]] == told["classes"]
    assert f"Against lda: UAR difference {told['comparison']['difference']:+.3f}" in page.words(
        "paragraph"
    )
    # Every figure says by which model and under which protocol.
    for item in page.of("figure"):
        assert "logistic_regression" in item["caption"]
        assert told["protocol"] in item["caption"]


def test_voices_on_both_sides_are_a_note(table, evaluation, overlapping):
    page = shown(evaluations, material(table, [evaluation, overlapping]))
    assert "1 of 2 results: speakers overlap" in page.words("note")
    assert page.figures[0] == "models"
    # One that overlaps is compared with none.
    assert not [t for t in page.of("table") if t["head"][0] == "best"]


def test_a_folder_without_predictions_has_numbers_and_no_curves(table, evaluation, tmp_path):
    shutil.copytree(evaluation, tmp_path / "e")
    (tmp_path / "e" / "predictions.parquet").unlink()
    page = shown(evaluations, material(table, [str(tmp_path / "e")]))
    assert page.figures == ["confusion_1"]
    assert "no ROC curves" in page.words("note")


def test_a_number_that_is_not_defined_is_called_so():
    assert evaluations._three(None) == "not defined"
    assert evaluations._three(0.12345) == "0.123"
