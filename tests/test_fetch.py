"""Downloads from a server on this machine that breaks off, lies, or does not know ranges."""

import dataclasses
import hashlib
import http.server
import io
import json
import threading
import zipfile

import pytest

from emodist import cli, fetch
from emodist.corpora import Download
from emodist.corpora.ravdess import Ravdess
from emodist.errors import ConfigError, FetchError, OutputError

pytestmark = pytest.mark.slow


def zipped(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


# Bytes that do not compress, so that a broken connection is in the middle of them.
SOUND = b"".join(hashlib.sha256(str(i).encode()).digest() for i in range(20_000))
ARCHIVE = zipped({"Actor_01/03-01-01-01-01-01-01.wav": SOUND, "Actor_02/x.wav": b"RIFF"})


@dataclasses.dataclass
class Server:
    """One file under any name; `requests` keeps the Range of each request."""

    data: bytes = ARCHIVE
    break_after: tuple[int, ...] = ()  # bytes sent by the first, second, ... request
    knows_ranges: bool = True
    etag: str = '"one"'
    statuses: tuple[int, ...] = ()
    requests: list = dataclasses.field(default_factory=list)
    url: str = ""


@pytest.fixture
def server():
    state = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            number = len(state.requests)
            asked = self.headers.get("Range")
            state.requests.append(asked)
            self.close_connection = True
            if number < len(state.statuses) and state.statuses[number] != 200:
                self.send_response(state.statuses[number])
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            start = 0
            is_same = self.headers.get("If-Range", state.etag) == state.etag
            if asked and state.knows_ranges and is_same:
                start = int(asked.removeprefix("bytes=").rstrip("-"))
                if start >= len(state.data):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(state.data)}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.send_response(206)
                last = len(state.data) - 1
                self.send_header("Content-Range", f"bytes {start}-{last}/{len(state.data)}")
            else:
                self.send_response(200)
            self.send_header("ETag", state.etag)
            self.send_header("Content-Length", str(len(state.data) - start))
            self.end_headers()
            body = state.data[start:]
            if number < len(state.break_after):
                body = body[: state.break_after[number]]
            self.wfile.write(body)

        def log_message(self, *words):
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{running.server_port}/Audio_Speech_Actors_01-24.zip"
    yield state
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(fetch, "FIRST_WAIT_S", 0.001)


@pytest.fixture
def published(server, monkeypatch):
    """RAVDESS as this server publishes it; the class keeps the real address."""
    (real, song) = Ravdess.downloads
    item = dataclasses.replace(
        real, url=server.url, size_bytes=len(ARCHIVE), md5=hashlib.md5(ARCHIVE).hexdigest()
    )
    monkeypatch.setattr(Ravdess, "downloads", (item, song))
    return item


def get(item, folder, server):
    return fetch.download(item, server.url, folder)


def test_the_adapter_holds_the_real_address_and_checksum():
    speech = Ravdess.downloads[0]
    assert speech.url.startswith("https://zenodo.org/records/1188976/files/Audio_Speech_Actors")
    assert (speech.size_bytes, speech.md5) == (208_468_073, "bc696df654c87fed845eb13823edef8a")


def test_a_corpus_is_downloaded_checked_unpacked_and_then_left_alone(
    server, published, tmp_path, capsys
):
    arguments = ["fetch", "ravdess", "--out", str(tmp_path / "ravdess")]
    assert cli.main(arguments) == 0
    assert capsys.readouterr().out == f"wrote {tmp_path}/ravdess\n"
    wav = tmp_path / "ravdess" / "Actor_01" / "03-01-01-01-01-01-01.wav"
    assert wav.read_bytes() == SOUND
    assert not list(tmp_path.rglob("*.zip*.part"))
    assert not list(tmp_path.rglob("*.zip"))
    assert cli.main(arguments) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert server.requests == [None]


def test_a_broken_connection_is_taken_up_where_it_broke(server, published, tmp_path, capsys):
    server.break_after = (100_000, 200_000)
    summary = fetch.fetch("ravdess", str(tmp_path))
    assert summary["fetched"] == ["Audio_Speech_Actors_01-24.zip"]
    assert server.requests == [None, "bytes=100000-", "bytes=300000-"]
    assert "trying again at 100000 bytes" in capsys.readouterr().err


def test_another_call_goes_on_where_a_killed_one_stopped(server, published, tmp_path):
    (tmp_path / fetch.STATE).mkdir()
    part = tmp_path / fetch.STATE / f"{published.name}.part"
    part.write_bytes(ARCHIVE[:50_000])
    fetch.fetch("ravdess", str(tmp_path))
    assert server.requests == ["bytes=50000-"]


def test_a_server_that_knows_no_ranges_sends_it_all_again(server, published, tmp_path):
    server.break_after, server.knows_ranges = (100_000,), False
    archive = get(published, tmp_path, server)
    assert archive.read_bytes() == ARCHIVE
    assert server.requests == [None, "bytes=100000-"]


def test_a_file_that_changed_in_between_is_not_glued_together(server, tmp_path):
    item = Download("all", "x.zip", server.url)
    (tmp_path / "x.zip.part").write_bytes(b"the beginning of another file")
    (tmp_path / "x.zip.part.tag").write_text('"an older one"')
    assert get(item, tmp_path, server).read_bytes() == ARCHIVE


def test_a_damaged_half_is_noticed_by_the_checksum_and_downloaded_anew(server, published, tmp_path):
    (tmp_path / f"{published.name}.part").write_bytes(b"x" * 50_000)
    assert get(published, tmp_path, server).read_bytes() == ARCHIVE
    assert server.requests == ["bytes=50000-", None]


def test_what_is_not_what_was_published_is_refused_and_deleted(server, published, tmp_path):
    server.data = ARCHIVE[:-1] + b"?"
    with pytest.raises(FetchError, match=r"not what was published: its MD5 is .*; it was deleted"):
        get(published, tmp_path, server)
    assert not list(tmp_path.glob("*.zip*"))


def test_a_file_of_unknown_size_and_checksum_is_complete_when_the_server_says_so(server, tmp_path):
    server.break_after = (10,)
    item = Download("all", "x.zip", server.url)
    assert get(item, tmp_path, server).read_bytes() == ARCHIVE
    assert server.requests == [None, "bytes=10-"]


def test_a_finished_part_is_recognized_as_finished(server, tmp_path):
    (tmp_path / "x.zip.part").write_bytes(ARCHIVE)
    assert get(Download("all", "x.zip", server.url), tmp_path, server).read_bytes() == ARCHIVE


def test_a_busy_server_is_asked_again_and_a_refusal_is_final(server, published, tmp_path):
    server.statuses = (503, 429)
    assert get(published, tmp_path, server).exists()
    server.requests.clear()
    server.statuses = (404,)
    with pytest.raises(FetchError, match="HTTP 404"):
        get(Download("all", "y.zip", server.url), tmp_path, server)
    assert len(server.requests) == 1


def test_a_server_that_is_gone_is_given_up_and_what_came_is_kept(server, published, tmp_path):
    server.break_after = (1000,)
    server.statuses = (200, *[500] * 20)
    with pytest.raises(FetchError, match=r"HTTP 500 .*1000 bytes are kept"):
        get(published, tmp_path, server)
    assert len(server.requests) == fetch.MAX_TRIES
    assert (tmp_path / f"{published.name}.part").read_bytes() == ARCHIVE[:1000]


def test_a_missing_file_brings_the_download_back(server, published, tmp_path):
    fetch.fetch("ravdess", str(tmp_path))
    (tmp_path / "Actor_02" / "x.wav").unlink()
    fetch.fetch("ravdess", str(tmp_path), keep_archives=True)
    assert (tmp_path / "Actor_02" / "x.wav").exists()
    # The archive that was kept is unpacked again.
    (tmp_path / "Actor_02" / "x.wav").unlink()
    fetch.fetch("ravdess", str(tmp_path))
    assert (tmp_path / "Actor_02" / "x.wav").exists()
    assert len(server.requests) == 2


def test_a_mirror_is_used_under_the_archives_own_name(server, published, tmp_path):
    mirror = server.url.rsplit("/", 1)[0] + "/"
    fetch.fetch("ravdess", str(tmp_path), mirror=mirror)
    receipt = json.loads((tmp_path / fetch.STATE / f"{published.name}.json").read_text())
    assert receipt["url"] == server.url
    assert receipt["md5"] == published.md5
    assert receipt["files"]["Actor_02/x.wav"] == 4


@pytest.mark.parametrize(
    "name", ["../outside.wav", "a/../../outside.wav", "/outside.wav", "C:/x.wav", "a\\..\\x.wav"]
)
def test_an_archive_that_points_outside_writes_nothing(tmp_path, name):
    archive = tmp_path / "x.zip"
    archive.write_bytes(zipped({"good.wav": b"1", name: b"2"}))
    folder = tmp_path / "into"
    folder.mkdir()
    with pytest.raises(FetchError, match="outside"):
        fetch.unpack(archive, folder)
    assert not list(folder.iterdir())


def test_a_link_in_an_archive_is_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(FetchError, match="link"):
        fetch.unpack(tmp_path / "x.zip", tmp_path)


def test_a_link_that_lies_in_the_folder_is_not_followed_out(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "into").mkdir()
    (tmp_path / "into" / "Actor_01").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "x.zip").write_bytes(zipped({"Actor_01/x.wav": b"1"}))
    with pytest.raises(FetchError, match="outside"):
        fetch.unpack(tmp_path / "x.zip", tmp_path / "into")


def test_an_archive_that_grows_without_bound_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.wav", bytes(150 * 2**20))
    with pytest.raises(FetchError, match="would grow"):
        fetch.unpack(tmp_path / "x.zip", tmp_path)


def test_resource_forks_are_left_out_and_a_torn_archive_is_named(tmp_path):
    (tmp_path / "x.zip").write_bytes(zipped({"__MACOSX/._a.wav": b"1", "a.wav": b"2"}))
    assert fetch.unpack(tmp_path / "x.zip", tmp_path) == {"a.wav": 1}
    (tmp_path / "y.zip").write_bytes(ARCHIVE[:1000])
    with pytest.raises(FetchError, match=r"y\.zip is not a whole zip"):
        fetch.unpack(tmp_path / "y.zip", tmp_path)


def test_a_corpus_under_licence_says_how_to_get_it(tmp_path, capsys):
    assert cli.main(["fetch", "iemocap", "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "release form" in said
    assert "https://sail.usc.edu/iemocap/" in said
    assert len(said.splitlines()) == 1


def test_wrong_requests_are_refused(server, published, tmp_path):
    with pytest.raises(ConfigError, match="no part 'songs'; did you mean 'song'"):
        fetch.fetch("ravdess", str(tmp_path), ["songs"])
    with pytest.raises(ConfigError, match="local folder"):
        fetch.fetch("ravdess", "s3://bucket/ravdess")
    with pytest.raises(ConfigError, match="not an http address"):
        fetch.fetch("ravdess", str(tmp_path), mirror="file:///etc")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        fetch.fetch("ravdess", str(tmp_path / "file"))
    assert not server.requests
