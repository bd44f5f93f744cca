import os

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emodist.errors import ConfigError
from emodist.media import listing


def paths(uri) -> list[str]:
    return [file.path for file in listing.media_files(str(uri))]


@pytest.fixture
def archive(tmp_path):
    for name in (
        "b/x.MP4",
        "a/deep/y.wav",
        "z.ogg",
        "notes.txt",
        ".hidden.wav",
        ".git/g.wav",
        "a/._y.wav",
        "a/.zip",
        "ü/ö.flac",
    ):
        file = tmp_path / "archive" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    return tmp_path / "archive"


def test_media_files_are_found_by_suffix_in_nested_folders_in_order(archive):
    assert paths(archive) == ["a/deep/y.wav", "b/x.MP4", "z.ogg", "ü/ö.flac"]


def test_a_single_file_is_its_own_archive(archive):
    assert paths(archive / "z.ogg") == ["z.ogg"]


def test_links_are_followed_and_a_folder_that_holds_itself_ends(archive):
    (archive / "a" / "loop").symlink_to(archive)
    (archive / "again.wav").symlink_to(archive / "z.ogg")
    assert paths(archive) == ["a/deep/y.wav", "again.wav", "b/x.MP4", "z.ogg", "ü/ö.flac"]


def test_the_id_is_the_same_wherever_the_folder_lies_and_changes_with_the_content(archive):
    def ids():
        return {file.path: file.recording_id for file in listing.media_files(str(archive))}

    before = ids()
    archive.rename(archive.parent / "moved")
    archive = archive.parent / "moved"
    assert {f.path: f.recording_id for f in listing.media_files(str(archive))} == before
    (archive / "z.ogg").write_bytes(b"xy")
    os.utime(archive / "b/x.MP4", ns=(0, 0))
    after = {f.path: f.recording_id for f in listing.media_files(str(archive))}
    assert {path for path in before if before[path] != after[path]} == {"z.ogg", "b/x.MP4"}
    assert len(set(before.values())) == 4


def test_a_pipe_and_a_broken_link_are_problems_and_not_silence(archive):
    os.mkfifo(archive / "pipe.wav")
    (archive / "gone.wav").symlink_to("nowhere")
    problems = {f.path: f.problem for f in listing.media_files(str(archive)) if f.problem}
    assert problems == {
        "pipe.wav": "pipe.wav is not a regular file",
        "gone.wav": "gone.wav cannot be read: No such file or directory",
    }


def test_nothing_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no such file or folder"):
        listing.media_files(str(tmp_path / "none"))


@pytest.mark.parametrize("suffix", ["csv", "tsv", "parquet"])
def test_a_list_names_its_files_and_what_is_known_of_them(archive, suffix):
    file = archive.parent / f"list.{suffix}"
    columns = {
        "uri": ["archive/z.ogg", str(archive / "b/x.MP4"), "none.wav"],
        # As spreadsheets leave them.
        "speaker": ["Ann ", " ", "Bob"],
        "country": ["NL", "DE", None],
    }
    if suffix != "parquet":
        between = {"csv": ",", "tsv": "\t"}[suffix]
        rows = [
            between.join(["uri", "speaker ", "country"]),
            *(between.join(v or "" for v in row) for row in zip(*columns.values(), strict=True)),
        ]
        file.write_text("\n".join(rows))
    else:
        pq.write_table(pa.table(columns), file)
    found = {f.path: f for f in listing.media_files(str(file))}
    assert found["archive/z.ogg"].given == {"speaker": "Ann", "country": "NL"}
    assert found["archive/z.ogg"].uri == str(archive / "z.ogg")
    assert found[str(archive / "b/x.MP4")].given == {"country": "DE"}
    assert "No such file" in found["none.wav"].problem


def test_a_list_without_uris_is_refused_with_what_it_has(tmp_path):
    (tmp_path / "list.csv").write_text("file,speaker\nx,y\n")
    with pytest.raises(ConfigError, match="column `uri`; it has file, speaker"):
        listing.media_files(str(tmp_path / "list.csv"))


def test_a_filesystem_of_any_kind_is_listed_folder_by_folder_in_order():
    fs = fsspec.filesystem("memory")
    for name in ("b/x.MP4", "a/deep/y.wav", "z.ogg", "notes.txt", "a/._y.wav"):
        fs.pipe(f"/listed/{name}", b"xy")
    found = list(listing.media_files("memory://listed"))
    assert [file.path for file in found] == ["a/deep/y.wav", "b/x.MP4", "z.ogg"]
    assert [file.size_bytes for file in found] == [2, 2, 2]
    assert found[0].uri.endswith("/listed/a/deep/y.wav")


def test_only_what_is_asked_for_is_looked_at(monkeypatch):
    """An archive is never held as a whole: its first file is there before its last is listed."""
    fs = fsspec.filesystem("memory")
    for folder in range(5):
        fs.pipe(f"/lazy/{folder}/x.wav", b"x")
    looked = []
    ls = type(fs).ls

    def watched(self, path, *words, **more):
        looked.append(path)
        return ls(self, path, *words, **more)

    monkeypatch.setattr(type(fs), "ls", watched)
    files = listing.media_files("memory://lazy")
    assert next(files).path == "0/x.wav"
    assert len(looked) < 4


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("x.wav", True), ("x.b.WAV", True), ("x", False), ("wav", False), (".wav", False),
     ("._x.wav", False), ("x.wav.part", False)],
)  # fmt: skip
def test_a_media_file_is_told_by_its_suffix(name, is_one):
    assert listing.is_media(name) == is_one


def test_ids_of_one_path_begin_alike_and_end_with_what_is_in_the_file():
    one, changed, grown, other = (
        listing.MediaFile(*about).recording_id
        for about in (
            ("a/x.wav", "/a/x.wav", 1, 0, "v1"),
            ("a/x.wav", "/b/x.wav", 1, 0, "v2"),
            ("a/x.wav", "/a/x.wav", 2, 0, "v1"),
            ("a/y.wav", "/a/y.wav", 1, 0, "v1"),
        )
    )
    assert one[:16] == changed[:16] == grown[:16] != other[:16]
    assert len({one[16:], changed[16:], grown[16:]}) == 3
    assert {len(name) for name in (one, changed, grown, other)} == {24}
