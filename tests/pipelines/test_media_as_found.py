"""What the tables say of media with gaps, late sound, several tracks and damage."""

import struct

import pyarrow.parquet as pq
import pytest

from emodist.errors import OutputError
from emodist.tables import schema
from tests.audio.media import make_media, voice
from tests.audio.specimens import BY_TITLE, HOLE_S, LATE_S, cut, make
from tests.pipelines.conftest import featurize, table

pytestmark = pytest.mark.slow


@pytest.fixture
def media(tmp_path):
    folder = tmp_path / "media"
    folder.mkdir()
    return folder


def rows(out, name):
    return {row["uri"].rpartition("/")[2]: row for row in table(out, name).to_pylist()}


def test_recordings_say_what_was_not_there_and_segments_have_the_films_time(tmp_path, media):
    late = make(media, BY_TITLE["MP4"], late_s=LATE_S, with_video=True)
    holed = make(media, BY_TITLE["Matroska"], hole_s=HOLE_S)
    featurize(media, tmp_path / "out", corpus="media", segment_s=4.0)
    found = rows(tmp_path / "out", "recordings")
    assert found[late.name]["offset_s"] == pytest.approx(LATE_S, abs=0.1)
    assert found[late.name]["tracks"] == "1 aac default"
    assert found[holed.name]["filled_s"] == pytest.approx(2, abs=0.1)
    assert found[holed.name]["duration_s"] == pytest.approx(12, abs=0.1)
    starts = {late.name: [], holed.name: []}
    for row in table(tmp_path / "out").to_pylist():
        starts[row["uri"].rpartition("/")[2]].append(row["start_s"])
    assert starts[holed.name] == [0, 4, 8]
    assert starts[late.name] == pytest.approx([LATE_S + k for k in (0, 4, 8)], abs=0.1)


def test_damaged_files_are_failures_or_kept_and_counted(tmp_path, media):
    broken = cut(make(media, BY_TITLE["AVI"]), 0.6)
    make(media, BY_TITLE["FLAC"])
    summary = featurize(media, tmp_path / "refuse", corpus="media")
    assert (summary["recordings"], summary["failed"], summary["damaged"]) == (1, 1, 0)
    assert "truncated" in rows(tmp_path / "refuse", "failures")[broken.name]["message"]
    summary = featurize(media, tmp_path / "keep", corpus="media", damaged="keep")
    assert (summary["recordings"], summary["failed"], summary["damaged"]) == (2, 0, 1)
    found = rows(tmp_path / "keep", "recordings")[broken.name]
    assert "truncated" in found["damage"]
    assert found["lost_s"] == pytest.approx(4.8, abs=1)
    with pytest.raises(OutputError, match="damaged"):
        featurize(media, tmp_path / "keep", corpus="media")


def test_a_table_that_asks_for_an_index_of_gigabytes_is_a_failure(tmp_path, media):
    make(media, BY_TITLE["FLAC"])
    path = make_media(media / "big.m4a", voice(2, 16_000), 16_000)
    data = bytearray(path.read_bytes())
    # Tables of one entry each that speak of 2**28 packets: 24 bytes of index for each.
    n_packets = 0x0FFFFFFF
    at = data.index(b"stts")
    struct.pack_into(">III", data, at + 8, 1, n_packets, 1024)
    at = data.index(b"stsz")
    struct.pack_into(">II", data, at + 8, 1, n_packets)
    at = data.index(b"stsc")
    struct.pack_into(">IIII", data, at + 8, 1, 1, n_packets, 1)
    path.write_bytes(data)
    summary = featurize(media, tmp_path / "out", corpus="media", file_memory_gb=1.0)
    assert (summary["recordings"], summary["failed"]) == (1, 1)
    failure = rows(tmp_path / "out", "failures")["big.m4a"]
    assert failure["error"] in ("AudioError", "FileMemoryError")
    assert "Errno" not in failure["message"]


def test_rows_of_an_earlier_release_are_null_where_it_knew_nothing(tmp_path, media):
    make(media, BY_TITLE["FLAC"])
    featurize(media, tmp_path / "out", corpus="media")
    (file,) = (tmp_path / "out" / "recordings").iterdir()
    old = pq.read_table(file).drop_columns(schema.RECORDINGS.names[10:])
    pq.write_table(old, file)
    make(media, BY_TITLE["AU"])
    summary = featurize(media, tmp_path / "out", corpus="media")
    assert (summary["new"], summary["recordings"], summary["damaged"]) == (1, 2, 0)
