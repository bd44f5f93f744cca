import pytest

from emodist.reporting import _maps
from emodist.reporting.sections import maps
from tests.reporting.sections.conftest import material, shown
from tests.reporting.tables import write_table


@pytest.fixture(autouse=True)
def planes(monkeypatch):
    """The first two numbers are the map."""
    seen = []

    def plane(x, method, seed):
        seen.append(method)
        return x[:, :2]

    monkeypatch.setattr(_maps, "plane", plane)
    return seen


def test_both_methods_are_drawn_plain_and_scaled_by_speaker(table, planes):
    page = shown(maps, material(table, maps="both"))
    assert planes == ["tsne", "tsne", "umap", "umap"]
    assert page.figures == ["maps_label", "maps_speaker"]
    (neighbours,) = page.of("table")
    assert len(neighbours["rows"]) == 8


def test_none_are_left_out_on_request(table, planes):
    page = shown(maps, material(table, maps="none"))
    assert page.words("paragraph") == "Left out (maps=none)."
    assert planes == []


def test_of_few_rows_there_is_no_map(tmp_path, planes):
    page = shown(maps, material(write_table(tmp_path / "t", ("angry",), ("01",), 2)))
    assert "No map: it needs" in page.words("note")
    assert planes == []


def test_without_all_speakers_nothing_is_scaled(tmp_path, planes):
    table = write_table(tmp_path / "t", speakers=("01", "02", None))
    page = shown(maps, material(table, maps="tsne"))
    assert planes == ["tsne"]
    assert "no map with a z-score per speaker" in page.words("note")


def test_rows_of_which_nothing_is_known_are_points(tmp_path):
    table = write_table(tmp_path / "t", (None,), (None,), 30)
    page = shown(maps, material(table, maps="tsne"))
    assert page.figures == ["maps_row"]
    assert "coloured by nothing" in page.words("figure")
