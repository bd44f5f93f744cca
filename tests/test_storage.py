import os
import subprocess
import sys
import threading

import pytest

from emodist import storage
from emodist.errors import ConfigError, OutputError


def test_a_file_appears_whole_when_its_block_ends(tmp_path):
    target = tmp_path / "folder" / "file"
    with storage.new_file(str(target)) as temporary:
        with open(temporary, "w") as file:
            file.write("half")
        assert not target.exists()
    assert target.read_text() == "half"
    assert os.listdir(target.parent) == ["file"]


def test_a_failed_block_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "file"
    target.write_text("old")

    def fail():
        with storage.new_file(str(target)) as temporary:
            open(temporary, "w").close()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_of_many_creators_exactly_one_wins(tmp_path):
    target = str(tmp_path / "file")
    won = []
    threads = [
        threading.Thread(
            target=lambda i=i: won.append(i) if storage.create(target, b"%d" % i) else None
        )
        for i in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert storage.read(target) == b"%d" % won[0]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file/below"):
        storage.write(str(tmp_path / "file" / "below"), b"")


def test_a_full_disk_is_one_clear_error(tmp_path):
    # A file size limit is the full disk that any user can make.
    code = (
        "import resource, signal, sys; from emodist import storage; "
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)); "
        "storage.write(sys.argv[1], bytes(5000))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "file")], capture_output=True, text=True
    )
    assert "OutputError" in done.stderr
    assert "file cannot be written: File too large" in done.stderr
    assert os.listdir(tmp_path) == []


def test_places_have_one_spelling(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert storage.absolute("x") == f"{tmp_path}/x" == storage.absolute(f"file://{tmp_path}/x")
    assert storage.absolute("s3://bucket/x/") == "s3://bucket/x"


def test_a_scheme_that_cannot_be_used_is_one_line():
    for uri, reason in (("gs://b/x", "Please install gcsfs"), ("nothing://x", "not known")):
        with pytest.raises(
            ConfigError, match=f"{uri} has a scheme that cannot be used: .*{reason}"
        ):
            storage.read(uri)


def test_a_name_with_two_colons_is_local(tmp_path):
    storage.write(f"{tmp_path}/a::b/c", b"x")
    assert storage.size(f"{tmp_path}/a::b/c") == 1
    assert storage.read_ranges(f"{tmp_path}/a::b/c", [(0, 1)]) == [b"x"]
