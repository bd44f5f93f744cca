import json
from pathlib import Path

import pytest
from matplotlib.figure import Figure

import emodist

NOTEBOOK = Path(emodist.__file__).parents[1] / "examples" / "ravdess.ipynb"


def cells():
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.mark.slow
def test_the_notebook_runs_on_the_synthetic_corpus(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    for cell in cells():
        # Magics are the notebook's, not Python's.
        code = "".join(line for line in cell["source"] if not line.startswith("%"))
        exec(compile(code, str(NOTEBOOK), "exec"), names)
    assert "speaker-independent, z-score per speaker (transductive)" in capsys.readouterr().out
    assert Path(names["page"]["page"]).read_text().count("SYNTHETIC") >= 2
    assert names["result"].n_speakers == 8
    figure = names["plots"].confusion(names["result"].confusion, names["result"].classes, "x")
    assert isinstance(figure, Figure)


def test_the_notebook_is_committed_without_heavy_outputs():
    assert NOTEBOOK.stat().st_size < 200_000
