import hashlib
import os
import time

import pyarrow as pa
import pyarrow.parquet as pq

from emodist.media import output
from emodist.tables import locate


def test_what_a_killed_writer_left_is_removed_after_a_day_wherever_it_lies(tmp_path):
    old, new = time.time() - 2 * output.ABANDONED_S, time.time()
    for folder in ("features", "audio", "audio/channel", "audio/channel/2026"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for name, when in ((".abandoned.tmp", old), (".busy.tmp", new), ("kept.wav", old)):
            (tmp_path / folder / name).touch()
            os.utime(tmp_path / folder / name, (when, when))
    output.tidy(str(tmp_path))
    left = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(left) == 4 * [".busy.tmp"] + 4 * ["kept.wav"]


def write(out, group, ids, failed=(), shas=None):
    """The published tables of a group: a segment for each recording, and failures."""
    key = {"recording_id": list(ids)}
    shas = shas or [hashlib.sha256(name.encode()).hexdigest() for name in ids]
    made = {
        "recordings": {**key, "duration_s": [1800.0] * len(ids), "audio_sha": shas},
        "features": {**key, "segment": [0] * len(ids)},
        "failures": {"recording_id": list(failed), "attempts": [1] * len(failed)},
    }
    texts = ("recording_id", "audio_sha")
    for name, columns in made.items():
        typed = {k: pa.array(v, pa.string() if k in texts else None) for k, v in columns.items()}
        (out / name).mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(typed), out / name / f"{group}.parquet")


def ids(out, name):
    return sorted(locate.table(str(out), name).to_table()["recording_id"].to_pylist())


def test_totals_count_over_all_groups_and_a_variant_is_no_copy(tmp_path):
    sha = "0123456789abcdef" * 4
    write(tmp_path, "g1", ["a", "a-1", "b"], failed=["c"], shas=[sha, sha, "f" * 64])
    write(tmp_path, "g2", ["d"], failed=["e", "f"], shas=[sha])
    assert output.totals(str(tmp_path)) == {
        "recordings": 4,
        "variants": 1,
        "damaged": 0,
        "remarks": 0,
        "segments": 4,
        "failed": 3,
        "same_sound": 1,
        "audio_h": 2.0,
    }


def test_totals_of_nothing_are_zero(tmp_path):
    assert set(output.totals(str(tmp_path)).values()) == {0}


def test_rows_are_dropped_only_in_the_group_where_they_were_replaced(tmp_path):
    write(tmp_path, "g1", ["a", "b"], failed=["c", "d"])
    write(tmp_path, "g2", ["a", "e"], failed=["c"])
    output.drop_superseded(str(tmp_path), {"g1": ["a", "c"], "not published yet": ["b"]})
    assert ids(tmp_path, "recordings") == ids(tmp_path, "features") == ["a", "b", "e"]
    assert ids(tmp_path, "failures") == ["c", "d"]


def test_a_failure_counts_with_its_latest_try(tmp_path):
    write(tmp_path, "g1", [], failed=["c", "d"])
    write(tmp_path, "g2", [])
    rows = pa.table({"recording_id": ["c"], "attempts": [2]})
    pq.write_table(rows, tmp_path / "failures" / "g2.parquet")
    assert output.failed_attempts(str(tmp_path)) == {"c": 2, "d": 1}
