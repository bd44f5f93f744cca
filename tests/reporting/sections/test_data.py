import pytest

from emodist.reporting.sections import data, head
from tests.reporting.sections.conftest import material, shown
from tests.reporting.tables import write_table


def test_rows_recordings_and_speakers_are_counted(table):
    page = shown(data, material(table))
    (facts,) = page.of("facts")
    assert facts["pairs"]["rows"] == "36 segments of 36 recordings"
    assert facts["pairs"]["speakers"] == "6 known"
    assert page.figures == ["labels", "speakers"]
    assert page.of("note") == []


@pytest.mark.parametrize(
    ("of", "note", "figures"),
    [
        ({"labels": (None,)}, "The table has no labels", ["speakers"]),
        ({"speakers": (None,)}, "no result on this table can be speaker-ind", ["labels"]),
    ],
)
def test_what_is_not_known_is_a_note_and_no_figure(tmp_path, of, note, figures):
    page = shown(data, material(write_table(tmp_path / "t", **of)))
    assert note in page.words("note")
    assert page.figures == figures


def test_rows_without_label_or_speaker_are_told_beside_the_others(tmp_path):
    table = write_table(tmp_path / "t", ("angry", None), ("01", None), 2)
    page = shown(data, material(table))
    captions = page.words("figure")
    assert "all 8 rows. 4 rows have no label (grey)." in captions
    assert "of which 4 without a speaker are not shown" in captions
    assert page.of("facts")[0]["pairs"]["speakers"] == "1 known; 4 rows without"


def test_a_corpus_has_its_licence_and_its_defects(tmp_path):
    table = write_table(tmp_path / "t", corpora=("ravdess", "mine"))
    page = shown(data, material(table))
    (corpora,) = page.of("table")
    names = {row[0]: row for row in corpora["rows"]}
    assert names["ravdess"][2].startswith("CC BY-NC-SA")
    assert names["ravdess"][4] == 36
    assert names["mine"][1:4] == ["", "unknown", ""]


def test_the_head_names_the_best_result_of_people_who_were_not_in_training(
    table, evaluation, overlapping
):
    title, lead = head(material(table, [overlapping, evaluation]))
    assert title == "Report of t"
    assert lead[0].startswith("36 segments of 36 recordings, 6 known speakers, 2 labels, 1 corpus")
    assert lead[1].startswith("Best speaker-independent result given: logistic_regression")
    assert "group3" in lead[1]
    assert len(head(material(table, [overlapping]))[1]) == 1
