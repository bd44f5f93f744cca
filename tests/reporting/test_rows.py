import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emodist.errors import ConfigError
from emodist.learning import classifier, dataset
from emodist.learning.settings import TrainSettings
from emodist.reporting import _rows
from tests.reporting.tables import write_table


def test_all_rows_are_counted_and_a_few_are_sampled(tmp_path):
    table = write_table(tmp_path / "t", corpora=("a", "b"))
    found = _rows.census(table, 10)
    assert (found.n_rows, len(found.recordings), len(found.sample)) == (72, 72, 10)
    assert found.labels == {"a": {"angry": 18, "sad": 18}, "b": {"angry": 18, "sad": 18}}
    assert found.seconds == 36
    assert len(found.speakers) == 12
    assert found.speaker_names()["a", "01"] == "a/01"
    assert not found.is_whole


def test_sample_and_fingerprint_do_not_depend_on_the_layout_of_the_files(tmp_path):
    one = _rows.census(write_table(tmp_path / "one"), 7)
    several = _rows.census(write_table(tmp_path / "three", n_files=3), 7)
    assert one.sample == several.sample
    assert one.fingerprint == several.fingerprint


def test_another_label_is_another_fingerprint(tmp_path):
    one = _rows.census(write_table(tmp_path / "one"), 7)
    other = _rows.census(write_table(tmp_path / "other", labels=("angry", "sadder")), 7)
    assert one.fingerprint != other.fingerprint


def test_the_z_score_of_a_sample_is_that_of_the_whole_table(tmp_path):
    table = write_table(tmp_path / "t", n_files=2)
    found = _rows.census(table, 9)
    data, normed = _rows.sampled(table, found, None)
    whole = dataset.load(table)
    expected = classifier.inputs(whole, TrainSettings(speaker_norm=True))
    place = {name: row for row, name in enumerate(whole.recording_id)}
    rows = [place[name] for name in data.recording_id]
    assert len(data) == 9
    np.testing.assert_array_equal(data.x, whole.x[rows])
    np.testing.assert_allclose(normed, expected[rows], atol=1e-9)


def test_without_speakers_there_is_no_z_score(tmp_path):
    table = write_table(tmp_path / "t", speakers=(None,))
    found = _rows.census(table, 100)
    assert found.n_without_speaker == found.n_rows
    assert _rows.sampled(table, found, None)[1] is None


def test_features_are_chosen(tmp_path):
    table = write_table(tmp_path / "t")
    data, normed = _rows.sampled(table, _rows.census(table, 100), ("rms",))
    assert list(data.names) == ["rms_mean", "rms_std"]
    assert normed.shape == (36, 2)


def test_an_empty_table_and_a_foreign_one_are_refused(tmp_path):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "foreign.parquet")
    with pytest.raises(ConfigError, match="no column recording_id"):
        _rows.census(str(tmp_path / "foreign.parquet"), 10)
    pq.write_table(pa.table({"recording_id": pa.array([], pa.string())}), tmp_path / "e.parquet")
    with pytest.raises(ConfigError, match="no rows"):
        _rows.census(str(tmp_path / "e.parquet"), 10)


def test_a_table_with_little_more_than_ids_is_counted(tmp_path):
    pq.write_table(pa.table({"recording_id": ["a", "b"]}), tmp_path / "x.parquet")
    found = _rows.census(str(tmp_path / "x.parquet"), 10)
    assert (found.n_rows, found.corpora, found.classes) == (2, ["(no corpus)"], [])
    assert not found.examples
