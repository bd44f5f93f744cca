"""Throttling and broken connections between emodist and a real S3 interface on this machine."""

import contextlib
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import s3fs

from emodist import cli, storage
from emodist.errors import EmodistError
from emodist.media.sound import Sound
from emodist.pipelines import bars, media_job
from tests.pipelines.conftest import settings, table, write_clip
from tests.pipelines.flaky_s3 import ON_READING, ON_WRITING, flaky

pytestmark = pytest.mark.slow
N_CLIPS = 12


@pytest.fixture(scope="module")
def clips(bucket, tmp_path_factory):
    """Short clips in the bucket, and one of 18 MB, which is read a part at a time."""
    folder = tmp_path_factory.mktemp("clips")
    for index in range(N_CLIPS - 1):
        write_clip(folder / "clips" / "ab"[index % 2] / f"{index}.wav", index, 1.0)
    write_clip(folder / "clips" / "a" / "long.wav", 99, 47.0, 192_000)
    fs, root = storage.filesystem(f"{bucket}/clips")
    fs.put(f"{folder}/clips/", f"{root}/", recursive=True)
    assert fs.size(f"{root}/a/long.wav") > storage.WHOLE_BYTES
    return f"{bucket}/clips"


@pytest.fixture
def road(bucket, monkeypatch):
    """Opens a bad road to the bucket, which everything takes from then on."""
    server = os.environ["AWS_ENDPOINT_URL"]
    # The client's own tries come first and pause for seconds; without them it is harder for us.
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with contextlib.ExitStack() as stack:

        def open_road(**more):
            found = stack.enter_context(flaky(server, **more))
            monkeypatch.setenv("AWS_ENDPOINT_URL", found.address)
            # Clients keep the address that they were made with.
            s3fs.S3FileSystem.clear_instance_cache()
            return found

        yield open_road
    s3fs.S3FileSystem.clear_instance_cache()


def featurize(path, out):
    words = ["--out", out, "--engine", "local", "--workers", "2", "features=mfcc,rms"]
    return cli.main(["featurize", path, *words, "segment_s=10"])


def test_a_bad_road_to_a_bucket_changes_no_row_and_fails_no_file(bucket, clips, road):
    assert featurize(clips, f"{bucket}/quiet") == 0
    bad = road(share=0.15)
    assert featurize(clips, f"{bucket}/flaky") == 0
    assert {*ON_READING, *ON_WRITING} <= bad.counts.keys(), bad.counts
    assert table(f"{bucket}/flaky").num_rows == N_CLIPS + 4
    assert table(f"{bucket}/flaky") == table(f"{bucket}/quiet")
    assert table(f"{bucket}/flaky", "failures").num_rows == 0
    assert "staging" not in storage.names(f"{bucket}/flaky")


@pytest.fixture(scope="module")
def names(bucket):
    """Names below `pages/`, 100 of which make a page."""
    fs, root = storage.filesystem(f"{bucket}/pages")
    names = [f"{i:03d}.wav" for i in range(205)]
    fs.pipe({f"{root}/{name}": b"x" for name in names})
    return names


def test_pages_of_a_listing_are_asked_for_until_they_are_whole(
    bucket, names, road, capsys, monkeypatch
):
    bad = road(share=0.5, seed=1222, only="GET /archive?list-type=2")
    monkeypatch.setattr(bars, "LINE_EVERY_S", 0.05)
    found = list(media_job._list(settings(f"{bucket}/pages", f"{bucket}/out"))[0])
    assert [file.path for file in found] == names
    assert set(ON_READING) <= bad.counts.keys(), bad.counts
    assert "listing: 100 files so far\n" in capsys.readouterr().err


def test_a_page_that_never_comes_ends_a_run_in_one_line(
    bucket, names, road, capsys, monkeypatch, tmp_path
):
    monkeypatch.setattr(storage, "TRIES", 2)
    bad = road(share=1.0, faults=("throttled",), only="continuation-token")
    assert featurize(f"{bucket}/pages", f"{tmp_path}/out") == 2
    assert bad.counts["throttled"] == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "s3://archive/pages cannot be reached" in line
    assert "reduce your request rate" in line


@pytest.mark.parametrize("whole_bytes", [0, storage.WHOLE_BYTES], ids=["parts", "whole"])
def test_a_body_that_never_comes_whole_is_an_error_and_no_short_sound(
    bucket, clips, road, monkeypatch, whole_bytes
):
    monkeypatch.setattr(storage, "WHOLE_BYTES", whole_bytes)
    monkeypatch.setattr(storage, "TRIES", 3)
    bad = road(share=1.0, faults=("cut",))
    sound = Sound(f"{clips}/a/0.wav", settings(clips, f"{bucket}/out"))
    with pytest.raises(Exception, match="Response payload is not completed"):
        list(sound)
    assert bad.counts["cut"] == 3


def test_a_server_that_goes_away_is_waited_for_and_a_wrong_address_is_not(
    bucket, road, monkeypatch
):
    storage.write(f"{bucket}/note", b"here")
    server = os.environ["AWS_ENDPOINT_URL"]
    with flaky(server, share=0.0) as first:
        monkeypatch.setenv("AWS_ENDPOINT_URL", first.address)
        s3fs.S3FileSystem.clear_instance_cache()
        assert storage.read(f"{bucket}/note") == b"here"
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(1) as pool:

        def come_back():
            time.sleep(0.5)
            port = int(first.address.rsplit(":", 1)[1])
            return stack.enter_context(flaky(server, share=0.0, port=port))

        second = pool.submit(come_back)
        assert storage.read(f"{bucket}/note") == b"here"
        assert second.result().counts["passed"] > 0
    monkeypatch.setattr(storage, "_has_answered", False)
    began = time.monotonic()
    with pytest.raises(EmodistError, match="Could not connect to the endpoint"):
        storage.read(f"{bucket}/note")
    assert time.monotonic() - began < 5
