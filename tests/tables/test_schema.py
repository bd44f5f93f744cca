import numpy as np
import pyarrow as pa
import pytest

from emodist.tables import schema

LABELS = ("rms_mean", "rms_std")


@pytest.fixture
def table_schema():
    return schema.features([("rms", (2,), LABELS), ("log_mel", (2, 3), ())])


def test_elements_of_a_feature_are_named_in_order(table_schema):
    assert schema.labels(table_schema.field("rms")) == list(LABELS)
    assert schema.labels(table_schema.field("log_mel"))[:4] == [
        "log_mel_1_1",
        "log_mel_1_2",
        "log_mel_1_3",
        "log_mel_2_1",
    ]
    assert schema.labels(table_schema.field("uri")) == []


def test_numbers_of_a_column_come_back_as_they_went_in(table_schema):
    rows = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    column = schema.column(table_schema.field("log_mel"), rows)
    np.testing.assert_array_equal(schema.values(column), rows.reshape(2, 6))
    np.testing.assert_array_equal(schema.values(column.slice(1)), rows[1:].reshape(1, 6))
    chunked = pa.chunked_array([column, column.slice(1)])
    np.testing.assert_array_equal(schema.values(chunked), rows[[0, 1, 1]].reshape(3, 6))


def test_features_are_told_from_keys(table_schema):
    told = [field.name for field in table_schema if schema.is_feature(field)]
    assert told == ["rms", "log_mel"]


def test_the_size_of_a_row_counts_its_numbers(table_schema):
    assert schema.row_bytes(table_schema) == 24 * len(schema.SEGMENTS) + 4 * (2 + 6)


def test_a_batch_keeps_its_schema_through_a_pipe(table_schema):
    import pickle

    batch = pa.RecordBatch.from_pylist([], table_schema)
    assert pickle.loads(pickle.dumps(batch)).schema.equals(table_schema, check_metadata=True)


def test_every_column_says_what_it_holds():
    columns = {*schema.RECORDINGS.names, *schema.SEGMENTS.names, *schema.FAILURES.names}
    columns.add(schema.OVERLAP.name)
    assert columns == schema.MEANINGS.keys()
