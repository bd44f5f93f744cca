import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emodist import storage
from emodist.errors import ConfigError
from emodist.tables import parquet, schema
from emodist.tables.table import Table

WIDTH = 1024


@pytest.fixture(params=["local", "memory://tables"])
def place(request, tmp_path):
    """A folder on a disk, and a store of objects."""
    folder = str(tmp_path) if request.param == "local" else f"{request.param}/{tmp_path.name}"
    yield folder
    storage.remove(folder)


def rows(n_rows, first=0):
    """Keys and a wide feature of which a file is made for the most part."""
    fields = schema.features([("wide", (WIDTH,), tuple(f"wide_{k}" for k in range(WIDTH)))])
    keys = pa.table(
        {
            "recording_id": [f"r{first + row}" for row in range(n_rows)],
            "segment": pa.array(range(n_rows), pa.int32()),
        }
    )
    numbers = np.random.default_rng(first).normal(size=(n_rows, WIDTH)).astype(np.float32)
    return keys.append_column(fields.field("wide"), schema.column(fields.field("wide"), numbers))


def write(uri, table, group_rows=100):
    with storage.new_file(uri) as path:
        pq.write_table(table, path, row_group_size=group_rows, use_dictionary=["recording_id"])


def test_what_was_written_is_read_again(place):
    table = rows(250)
    write(f"{place}/a.parquet", table)
    found = parquet.read(f"{place}/a.parquet")
    assert found.equals(table)
    assert schema.labels(found.schema.field("wide")) == schema.labels(table.schema.field("wide"))
    assert [group.n_rows for group in parquet.row_groups(f"{place}/a.parquet")] == [100, 100, 50]


def test_columns_come_in_the_order_in_which_they_are_asked_for(place):
    table = rows(150)
    write(f"{place}/a.parquet", table)
    wanted = ["segment", "recording_id"]
    assert parquet.read(f"{place}/a.parquet", wanted).equals(table.select(wanted))
    batches = list(parquet.batches(f"{place}/a.parquet", wanted, n_rows=40))
    assert [batch.num_rows for batch in batches] == [40, 40, 20, 40, 10]
    assert pa.Table.from_batches(batches).equals(table.select(wanted))


def test_of_an_object_only_the_columns_that_are_asked_for_are_fetched(monkeypatch, tmp_path):
    uri = f"memory://tables/{tmp_path.name}.parquet"
    write(uri, rows(250))
    fetched = []

    def counted(uri, ranges, read=storage.read_ranges):
        fetched.extend(ranges)
        return read(uri, ranges)

    monkeypatch.setattr(storage, "read_ranges", counted)
    parquet.read(uri, ["recording_id", "segment"])
    n_bytes = sum(end - start for start, end in fetched)
    assert storage.size(uri) > 900_000
    # The end with the footer, and three times two short columns beside each other.
    assert n_bytes < parquet.END_BYTES + 3 * 4000
    assert len(fetched) == 4


def test_a_footer_that_is_longer_than_the_end_that_is_looked_at_is_fetched_whole(
    monkeypatch, place
):
    table = rows(20)
    write(f"{place}/a.parquet", table, group_rows=1)
    monkeypatch.setattr(parquet, "END_BYTES", 100)
    assert parquet.read(f"{place}/a.parquet").equals(table)


def test_a_column_whose_name_begins_or_has_dots_like_another_is_its_own(place):
    table = pa.table({"p_a": [1.0], "p_a.b": [2.0], "p_": [3.0]})
    write(f"{place}/a.parquet", table)
    for name in table.column_names:
        found = parquet.read(f"{place}/a.parquet", [name])
        assert found.to_pylist() == table.select([name]).to_pylist()


def test_a_file_without_rows_keeps_its_columns(place):
    table = rows(0)
    with parquet.writer(f"{place}/a.parquet", table.schema):
        pass
    assert parquet.read(f"{place}/a.parquet").equals(table)
    assert parquet.read(f"{place}/a.parquet", ["segment"]).column_names == ["segment"]
    assert list(parquet.batches(f"{place}/a.parquet")) == []


@pytest.mark.parametrize("data", [b"", b"PAR", b"uri,label\n" * 100])
def test_a_file_of_another_kind_is_refused(place, data):
    storage.write(f"{place}/a.parquet", data)
    with pytest.raises(ConfigError, match=r"a\.parquet is no Parquet file"):
        parquet.footer(f"{place}/a.parquet")


def test_rows_are_left_out_in_place_and_a_file_that_keeps_all_is_not_touched(place):
    uri = f"{place}/a.parquet"
    write(uri, rows(250))
    before = storage.read(uri)
    parquet.rewrite(uri, lambda batch: pa.array([True] * batch.num_rows), ["segment"])
    assert storage.read(uri) == before
    parquet.rewrite(uri, lambda batch: pa.array(batch["segment"].to_numpy() < 9), ["segment"])
    assert parquet.read(uri).equals(rows(250).slice(0, 9))


def table_of(place, n_files=3):
    for number in range(n_files):
        write(f"{place}/{number}.parquet", rows(150, 1000 * number))
    return Table([f"{place}/{number}.parquet" for number in range(n_files)])


def test_a_table_has_the_rows_of_its_files_in_their_order(place):
    table = table_of(place)
    assert table.count_rows() == 450
    every = pa.concat_tables([rows(150, 1000 * number) for number in range(3)])
    assert table.to_table().equals(every)
    wanted = ["wide", "recording_id"]
    assert pa.Table.from_batches(table.to_batches(wanted)).equals(every.select(wanted))


def test_a_table_that_is_not_read_to_its_end_leaves_no_thread_at_work(place):
    table = table_of(place)
    reading = table.to_batches(["segment"])
    assert next(reading)["segment"][3].as_py() == 3
    reading.close()
    assert table.to_table(["segment"]).num_rows == 450


def test_a_column_that_one_file_lacks_is_null_there(place):
    table = table_of(place, 1)
    write(f"{place}/other.parquet", pa.table({"recording_id": ["x"]}))
    both = Table([*table.files, f"{place}/other.parquet"])
    last = both.to_table(["segment", "recording_id"]).slice(150)
    assert last.to_pylist() == [{"segment": None, "recording_id": "x"}]


def test_rows_are_found_by_what_they_are_with_the_file_in_which_they_lie(place):
    table = table_of(place)
    meant = (pa.compute.field("recording_id") == "r1007") | (pa.compute.field("segment") == 149)
    found = list(table.find(meant, ["recording_id", "segment"], ["recording_id"]))
    assert [(uri.rpartition("/")[2], part.to_pydict()) for uri, part in found] == [
        ("0.parquet", {"recording_id": ["r149"]}),
        ("1.parquet", {"recording_id": ["r1007"]}),
        ("1.parquet", {"recording_id": ["r1149"]}),
        ("2.parquet", {"recording_id": ["r2149"]}),
    ]


def test_a_table_without_files_has_no_rows():
    assert Table([]).count_rows() == 0
    assert list(Table([]).to_batches(["segment"])) == []


def test_an_error_of_one_file_reaches_the_reader(place):
    table = table_of(place, 2)
    storage.write(f"{place}/1.parquet", b"broken")
    with pytest.raises(ConfigError, match=r"1\.parquet is no Parquet file"):
        table.to_table()
