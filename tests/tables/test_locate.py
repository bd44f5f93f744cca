import json

import pytest

from emodist.errors import ConfigError
from emodist.tables import locate
from tests import make


@pytest.fixture
def out(tmp_path):
    """An output folder of six rows in two files, and how it was made."""
    folder = make.output(tmp_path / "out", make.rows(), n_files=2)
    record = {"emodist": "0.1.0", "settings": {"job": "featurize"}, "versions": {"numpy": "2"}}
    (tmp_path / "out" / "run.json").write_text(json.dumps({**record, "runs": []}))
    return folder


def test_an_output_folder_a_tables_folder_and_a_file_are_tables(out):
    assert locate.open_table(out).count_rows() == 6
    assert locate.open_table(f"{out}/features").count_rows() == 6
    assert locate.open_table(f"{out}/recordings").count_rows() == 6
    assert locate.open_table(f"{out}/features/1.parquet").count_rows() == 3


def test_what_a_killed_writer_leaves_is_no_file_of_the_table(out, tmp_path):
    (tmp_path / "out" / "features" / ".9.parquet").write_bytes(b"half")
    (tmp_path / "out" / "features" / "notes.txt").write_text("mine")
    assert locate.files_of(out, "features") == ["0.parquet", "1.parquet"]


def test_a_place_without_a_table_is_named(out, tmp_path):
    with pytest.raises(ConfigError, match=r"none\.parquet: no such file"):
        locate.open_table(f"{tmp_path}/none.parquet")
    with pytest.raises(ConfigError, match="has no table words"):
        locate.table(out, "words")


def test_a_table_knows_the_folder_that_it_lies_in_and_how_that_was_made(out, tmp_path):
    for place in (out, f"{out}/features", f"{out}/features/0.parquet"):
        made = locate.origin(place)
        assert made["uri"] == out
        assert made["settings"] == {"job": "featurize"}
    assert locate.origin(f"{tmp_path}/elsewhere.parquet") == {}
