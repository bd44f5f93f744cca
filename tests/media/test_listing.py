import errno
import os
import shutil
import subprocess

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emodist.errors import ConfigError
from emodist.media import listing, tree


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


def test_each_folder_is_listed_once_however_many_links_lead_to_it(tmp_path):
    names = [f"folder_{index}" for index in range(9)]
    for name in names:
        (tmp_path / "archive" / name).mkdir(parents=True)
        (tmp_path / "archive" / name / "x.wav").write_bytes(b"x")
    for name in names:
        for other in {*names} - {name}:
            (tmp_path / "archive" / name / f"to_{other}").symlink_to(tmp_path / "archive" / other)
    # By two links, one of which leads into the middle of what the other leads to.
    (tmp_path / "elsewhere/in/deep").mkdir(parents=True)
    (tmp_path / "elsewhere/in/deep/y.wav").write_bytes(b"x")
    (tmp_path / "archive/a_link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "archive/b_link").symlink_to(tmp_path / "elsewhere/in")
    files = listing.media_files(str(tmp_path / "archive"))
    assert [file.path for file in files] == [
        *(f"{name}/x.wav" for name in names),
        "a_link/in/deep/y.wav",
    ]
    assert files.aside.left_out == {"repeated folder": 9 * 8 + 1}


def test_a_folder_is_listed_under_its_own_name_and_not_under_that_of_a_link(archive):
    (archive / "0_link").symlink_to(archive / "b")
    assert paths(archive) == ["a/deep/y.wav", "b/x.MP4", "z.ogg", "ü/ö.flac"]


def test_folders_may_be_very_deep(tmp_path):
    place, n_deep = os.open(tmp_path, os.O_RDONLY), 0
    for n_deep in range(3000):
        os.mkdir("d", dir_fd=place)
        below = os.open("d", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
        if n_deep % 500 == 0:
            os.close(os.open("x.wav", os.O_CREAT | os.O_WRONLY, dir_fd=place))
    os.close(place)
    files = list(listing.media_files(str(tmp_path)))
    *_, last = [file for file in files if file.problem]
    assert last.problem.endswith("/ cannot be read: File name too long")
    assert len(last.problem) < 500
    assert 2 < sum(file.problem is None for file in files) < 7
    subprocess.run(["rm", "-rf", f"{tmp_path}/d"], check=True)


def test_a_folder_that_goes_away_meanwhile_is_a_problem_and_the_rest_is_found(archive):
    files = listing.media_files(str(archive))
    assert next(files).path == "a/deep/y.wav"
    shutil.rmtree(archive / "b")
    shutil.rmtree(archive / "ü")
    assert {file.path: file.problem for file in files} == {
        "b/": "b/ cannot be read: No such file or directory",
        "z.ogg": None,
        "ü/": "ü/ cannot be read: No such file or directory",
    }


def test_what_a_broken_disk_still_gives_is_taken(archive, monkeypatch):
    class Broken:
        def __init__(self, folder):
            self.found = list(real(folder))

        def __enter__(self):
            yield from self.found[:2]
            raise OSError(errno.EIO, "Input/output error")

        def __exit__(self, *_):
            return None

        close = __exit__

    real = os.scandir
    monkeypatch.setattr(tree.os, "scandir", Broken)
    files = list(listing.media_files(str(archive)))
    assert any(file.problem == f"{archive}/ cannot be read: Input/output error" for file in files)
    assert any(file.problem is None for file in files)


@pytest.mark.parametrize(
    "suffix",
    [
        *("3g2", "aifc", "asf", "caf", "dv", "m2t", "mod", "MOD", "mxf", "sph", "tod", "vob"),
        *("w64", "weba", "wv"),
    ],
)
def test_cameras_recorders_and_browsers_write_media(suffix):
    assert listing.is_media(f"x.{suffix}")


def test_what_has_no_suffix_of_media_is_counted(archive):
    for name in ("a/1.SRT", "2.srt", "x.wav.part", "no suffix", "3.2020-05-01T10:00", "v.\udcff"):
        (archive / name).write_bytes(b"")
    (archive / "none").symlink_to("nowhere")
    files = listing.media_files(str(archive))
    assert len(list(files)) == 4
    assert files.aside.counted() == {
        **{"hidden": 4, "without a suffix": 3, ".srt": 2, ".part": 1, ".txt": 1},
        "broken link": 1,
    }
    files.aside.left_out.update({f".{index}": 1 for index in range(20)})
    (told,) = files.aside.told()
    assert told.startswith("left out: 4 hidden, 3 without a suffix, 2 .srt, 1 .0, ")
    assert told.endswith(", 18 others")


@pytest.mark.parametrize("name", ["x\0y", "x" * 300, "x/" * 3000])
def test_a_path_that_cannot_be_is_refused_in_one_line(tmp_path, name):
    with pytest.raises(ConfigError, match=r"cannot be read: (embedded null|File name too long)"):
        listing.media_files(f"{tmp_path}/{name}")


@pytest.mark.parametrize("text", ["uri\n", "a.wav\nb.wav\n", "é" * 5000, "WEBVTT\n\n"])
def test_a_file_of_text_is_no_sound_and_says_what_a_list_is(tmp_path, text):
    (tmp_path / "notes.txt").write_text(text)
    with pytest.raises(ConfigError, match="holds text, not sound; a list of files is a CSV"):
        listing.media_files(str(tmp_path / "notes.txt"))


def test_a_single_file_without_a_suffix_of_media_is_taken_and_told(tmp_path):
    for name, content in (("clip", b"RIFF\0\0"), ("clip.bin", b"\xff\xfb\x90"), ("empty", b"")):
        (tmp_path / name).write_bytes(content)
        files = listing.media_files(str(tmp_path / name))
        assert [file.path for file in files] == [name]
        told = [f"{name} is tried, though its suffix is none of media"] if content else []
        assert files.aside.notes == told


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
