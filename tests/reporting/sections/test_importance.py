import pytest

from emodist.reporting import _models
from emodist.reporting.sections import importance
from tests.reporting.sections.conftest import material, shown
from tests.reporting.tables import write_table


@pytest.fixture
def asked(monkeypatch):
    """Which result is asked about, without computing anything."""
    seen = []
    row = {"name": "rms", "n_numbers": 2, "loss": 0.1, "low": 0.0, "high": 0.2}

    def permutation(table, result, most_rows):
        seen.append((result.name, most_rows))
        return [row], ""

    monkeypatch.setattr(_models, "permutation", permutation)
    return seen


def test_the_best_result_without_overlap_is_asked(table, evaluation, overlapping, asked):
    page = shown(importance, material(table, [overlapping, evaluation], importance_rows=99))
    ((name, most_rows),) = asked
    assert "group3" in name
    assert most_rows == 99
    assert page.figures == ["importance", "effects"]
    assert "UAR when shuffled" not in page.words("note")


def test_without_an_evaluation_it_says_what_is_needed(table, asked):
    page = shown(importance, material(table))
    assert asked == []
    assert "needs an evaluation" in page.words("paragraph")
    assert page.figures == ["effects"]


@pytest.mark.parametrize(
    ("of", "note"),
    [
        ({"speakers": ("01", None)}, "needs the speaker of every row"),
        ({"speakers": ("01", "02")}, "needs 4 speakers or more; the table has 2"),
        ({"labels": ("angry",)}, "needs two labels or more"),
        ({"labels": (None,)}, ""),
    ],
)
def test_effects_that_cannot_be_are_said(tmp_path, of, note):
    page = shown(importance, material(write_table(tmp_path / "t", **of)))
    assert note in page.words("note")
    assert page.figures == []
