import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emodist import listing
from emodist.errors import ConfigError


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


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_list_names_its_files_and_what_is_known_of_them(archive, suffix):
    file = archive.parent / f"list.{suffix}"
    columns = {
        "uri": ["archive/z.ogg", str(archive / "b/x.MP4"), "none.wav"],
        "speaker": ["Ann", "", "Bob"],
        "country": ["NL", "DE", None],
    }
    if suffix == "csv":
        rows = [
            "uri,speaker,country",
            *(",".join(v or "" for v in row) for row in zip(*columns.values(), strict=True)),
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
