"""A folder with a model, and which one it is."""

import pytest

from emodist.errors import ConfigError, OutputError
from emodist.learning.settings import TrainSettings
from emodist.models import bundle
from tests import make

PLAIN = TrainSettings(model="logistic_regression", calibrate=False)


@pytest.fixture
def place(emotional, tmp_path):
    make.bundle(emotional, tmp_path / "b", PLAIN)
    return tmp_path / "b"


def test_no_bundle_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="is no bundle"):
        bundle.load(str(tmp_path))


def test_it_keeps_the_keys_of_its_rows_and_no_paths(emotional, place):
    rows = bundle.rows(str(place))
    assert rows.schema == bundle.ROWS
    assert rows["recording_id"].to_pylist() == emotional.recording_id.tolist()
    assert rows["speaker"].to_pylist() == emotional.speaker.tolist()
    assert "uri" not in rows.column_names


def test_a_bundle_that_keeps_no_rows_has_none(place):
    (place / "rows.parquet").unlink()
    assert bundle.rows(str(place)).num_rows == 0


def test_its_digest_is_of_its_content_and_not_of_its_place(place, tmp_path):
    before = bundle.digest(str(place))
    (place / "history.csv").write_text("how it learned is not what it is")
    place.rename(tmp_path / "elsewhere")
    assert bundle.digest(str(tmp_path / "elsewhere")) == before
    record = tmp_path / "elsewhere" / "bundle.json"
    record.write_text(record.read_text() + " ")
    assert bundle.digest(str(tmp_path / "elsewhere")) != before


def test_a_folder_with_other_files_is_no_place_for_a_bundle(place):
    bundle.check_place(str(place))
    (place / "thesis.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"holds other files, such as thesis\.txt"):
        bundle.check_place(str(place))
