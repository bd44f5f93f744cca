import ast
import json
from pathlib import Path

import pytest

import emodist

NOTEBOOK = Path(emodist.__file__).parents[1] / "examples" / "ravdess.ipynb"


def cells():
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.mark.slow
def test_the_notebook_runs_on_the_synthetic_corpus(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    for cell in cells():
        exec(compile(cell, str(NOTEBOOK), "exec"), names)
    assert "speaker-independent, z-score per speaker (transductive)" in capsys.readouterr().out
    assert Path(names["page"]).read_text().count("SYNTHETIC") >= 2
    assert names["result"].evaluation.n_speakers == 8
    assert names["told"].spans[0]["start_s"] == 0


def test_the_notebook_needs_nothing_but_the_front_door():
    """And the demo's voice, to have something to work on."""
    found = set()
    for node in ast.walk(ast.parse("\n".join(cells()))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    own = {name for name in found if name.partition(".")[0] == "emodist"}
    assert own == {"emodist", "emodist.synthesis"}


def test_every_cell_that_shows_something_was_run_in_order():
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    run = [cell["execution_count"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert run == list(range(1, len(run) + 1))


def test_the_notebook_is_committed_without_heavy_outputs():
    assert NOTEBOOK.stat().st_size < 200_000
