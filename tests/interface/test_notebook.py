"""What IPython, and so Jupyter, shows of results and of errors: its own shell is asked."""

import sys
from types import SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import emodist
from emodist.pipelines import bars

pytestmark = pytest.mark.slow


@pytest.fixture
def shell(table):
    made = InteractiveShell(colors="nocolor")
    made.user_ns.update(emodist=emodist, table=table)
    yield made
    made.history_manager.end_session()
    InteractiveShell.clear_instance()


def run(shell, code):
    with capture_output() as shown:
        shell.run_cell(code)
    return shown


def test_a_wrong_keyword_is_one_line_without_the_way_there(shell):
    shown = run(shell, "emodist.evaluate(table, speaker_nrom=True)")
    assert (shown.stdout + shown.stderr).strip() == (
        "ConfigError: speaker_nrom=true: no setting 'speaker_nrom'; did you mean 'speaker_norm'?"
    )


def test_what_goes_wrong_unforeseen_keeps_its_traceback(shell):
    shown = run(shell, "emodist.evaluate(table, folds=1 / 0)")
    assert "ZeroDivisionError" in shown.stdout
    assert "1 / 0" in shown.stdout


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("table", "text/html"),
        ("table.plot()", "image/png"),
        ("emodist.evaluate(table, model='lda', folds='loso')", "image/png"),
        ("emodist.cluster(table, k=2, n_resamples=0)", "image/png"),
    ],
)
def test_a_cell_that_ends_in_a_result_shows_it(shell, code, kind):
    with capture_output():
        result = shell.run_cell(code).result
    shown, size = shell.display_formatter.format(result)
    assert kind in shown
    assert "\n" not in shown["text/plain"]
    if kind == "image/png":
        assert set(size[kind]) == {"width", "height"}


def test_names_are_completed(shell):
    assert {"evaluate", "featurize", "report"} <= set(dir(shell.user_ns["emodist"]))


def test_a_notebook_gets_a_bar_though_its_stderr_is_no_terminal(monkeypatch):
    assert not sys.stderr.isatty()
    assert not bars.is_watched()

    kernel = SimpleNamespace(config={"IPKernelApp": {}})
    monkeypatch.setattr("IPython.get_ipython", lambda: kernel)
    assert bars.is_watched()


def test_folds_are_counted_on_a_bar_or_now_and_then_in_a_line(table, monkeypatch, capsys):
    monkeypatch.setattr(bars, "LINE_EVERY_S", -1.0)
    emodist.evaluate(table, model="lda", folds="loso")
    lines = [line for line in capsys.readouterr().err.splitlines() if "folds" in line]
    assert lines == [f"folds: {n} of 4" for n in range(4)]
    monkeypatch.setattr(bars, "is_watched", lambda: True)
    emodist.evaluate(table, model="lda", folds="loso")
    assert "folds:   0%" in capsys.readouterr().err
