from pathlib import Path

import emodist
from emodist.reporting.sections import provenance
from tests.reporting.sections.conftest import material, shown
from tests.reporting.tables import write_table


def test_the_commands_that_made_it_can_be_given_again(table, evaluation):
    page = shown(provenance, material(table, [evaluation]))
    featurize, evaluate, *_ = page.lines()
    assert featurize.startswith("emodist featurize ")
    assert f"--out {table}" in featurize
    assert evaluate.startswith(f"emodist evaluate {table} --out {evaluation} --against lda ")
    assert "model=logistic_regression" in evaluate
    assert "folds=group3" in evaluate


def test_fingerprint_and_versions_stand_there(table):
    of = material(table)
    (facts,) = shown(provenance, of).of("facts")
    assert facts["pairs"]["data fingerprint"].startswith(of.census.fingerprint)
    assert f"emodist {emodist.__version__}" in facts["pairs"]["versions"]


def test_a_table_that_nobody_knows_the_origin_of_says_so(tmp_path):
    table = write_table(tmp_path / "t")
    Path(table, "run.json").unlink()
    page = shown(provenance, material(f"{table}/features/0.parquet"))
    assert "has no run.json" in page.words("note")
    assert not [line for line in page.lines() if line.startswith("emodist featurize")]
