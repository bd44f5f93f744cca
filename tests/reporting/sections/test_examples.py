from emodist.reporting.sections import examples
from tests.reporting.sections.conftest import material, shown
from tests.reporting.tables import write_table


def test_a_clip_of_each_label_is_shown_with_its_place(tmp_path):
    table = write_table(tmp_path / "t", speakers=("01", "02"), per_cell=1, with_sound=True)
    page = shown(examples, material(table))
    assert page.figures == ["waveforms", "log_mel", "mfcc", "chroma"]
    assert "One clip for each label by speaker 01" in page.words("figure")
    (places,) = page.of("table")
    assert [row[2:] for row in places["rows"]] == [[0.0, 0.5], [0.0, 0.5]]


def test_media_that_are_gone_are_named(table):
    page = shown(examples, material(table))
    assert page.words("note").startswith("2 of 2 example clips could not be read")
    assert page.figures == []
    (missing,) = page.of("table")
    assert len(missing["rows"]) == 2


def test_without_labels_some_recordings_are_shown(tmp_path):
    table = write_table(tmp_path / "t", (None,), (None,), 2, with_sound=True)
    page = shown(examples, material(table))
    assert "The first segment of some recordings" in page.words("figure")
