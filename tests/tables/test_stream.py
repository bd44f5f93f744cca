import pyarrow as pa
import pytest

from emodist.tables import stream


def test_batches_come_back_as_they_were_written(tmp_path):
    batch = pa.RecordBatch.from_pydict({"recording_id": ["a", "b"], "start_s": [0.0, None]})
    stream.write(f"{tmp_path}/staging/0.arrow", batch)
    (again,) = stream.batches(f"{tmp_path}/staging/0.arrow")
    assert again.equals(batch)


def test_a_stream_that_is_not_there_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        list(stream.batches(f"{tmp_path}/none.arrow"))
