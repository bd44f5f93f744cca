"""A shard whose process dies: every row once, whatever was written before."""

import os
import signal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emodist.errors import ProcessDiedError
from emodist.media import shards, stages
from emodist.media.child import Child
from emodist.media.settings import FeaturizeSettings
from emodist.media.sound import Outcome
from emodist.media.stages import Saved
from emodist.tables import schema, stream


def settings(out) -> FeaturizeSettings:
    return FeaturizeSettings(path="-", out=str(out), features=("log_mel",))


def row(chosen, name, segment) -> pa.RecordBatch:
    """A row that is larger than the buffer of a file, so that it is written at once."""
    columns = []
    for field in stages.feature_schema(chosen):
        given = {"recording_id": name, "segment": segment}.get(field.name)
        columns.append(
            schema.column(field, np.zeros((1, *field.type.shape)))
            if schema.is_feature(field)
            else pa.array([given], field.type)
        )
    return pa.RecordBatch.from_arrays(columns, schema=stages.feature_schema(chosen))


def dying(chosen):
    """Two rows of each recording; at the first row of `bad` the process dies."""

    def stage(recordings):
        unsaved = {}
        for recording in recordings:
            name = recording["recording_id"]
            yield name
            yield row(chosen, name, 0)
            if name == "bad":
                os.kill(os.getpid(), signal.SIGKILL)
            yield row(chosen, name, 1)
            unsaved[name] = Outcome(1.0, "sha")
            if name != "unsaved":
                yield unsaved
                unsaved = {}

    return stages.Saving(stage)


@pytest.mark.slow
@pytest.mark.parametrize(
    "names", [("a", "bad", "c"), ("bad",), ("a", "unsaved", "bad", "c"), ("a", "bad")]
)
def test_a_file_that_kills_its_process_costs_its_own_rows_only(tmp_path, names):
    recordings = [
        {"recording_id": name, "path": name, "uri": name, "problem": None, "attempts": 1}
        for name in names
    ]
    runner = shards.ShardRunner(settings(tmp_path))
    runner.decoder = Child(dying, runner.settings)
    shard = {"shard": "s", "group": "g", "group_shards": ["s"], "recordings": recordings}
    result = runner(shard)
    runner.close()
    good = sorted({*names} - {"bad"})
    rows = pq.read_table(tmp_path / "features" / "g.parquet", columns=["recording_id", "segment"])
    expected = [(name, segment) for name in good for segment in (0, 1)]
    found = [(r["recording_id"], r["segment"]) for r in rows.to_pylist()]
    assert sorted(found) == expected
    failed = pq.read_table(tmp_path / "failures" / "g.parquet").to_pylist()
    assert [(r["uri"], r["error"]) for r in failed] == [("bad", ProcessDiedError.__name__)]
    assert (result.n_recordings, result.n_failed) == (len(good), 1)


def test_what_was_saved_is_readable_although_more_was_written(tmp_path):
    chosen = settings(tmp_path)
    path = tmp_path / "rows.arrow"
    path.write_bytes(stages.feature_schema(chosen).serialize())

    def stage(request):
        yield row(chosen, "a", 0)
        yield {"a": Outcome(1.0, "sha")}
        yield row(chosen, "b", 0)

    messages = list(stages.Saving(stage)((None, str(path))))
    (saved,) = [message for message in messages if isinstance(message, Saved)]
    os.truncate(path, saved.n_bytes)
    batches = list(stream.batches(str(path)))
    assert [batch["recording_id"].to_pylist() for batch in batches] == [["a"]]
