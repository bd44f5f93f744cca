"""Folders, lists and names as they are in the wild, through whole jobs."""

import os
import shutil
import socket
import subprocess
import sys

import pytest
import s3fs

from emodist import cli, storage
from emodist.errors import ConfigError, CorpusError
from emodist.media import names, plan_log
from emodist.media.settings import ExtractSettings
from emodist.pipelines import estimate, media_job
from tests.pipelines.conftest import featurize, settings, table, write_clip
from tests.pipelines.flaky_s3 import REFUSALS, flaky

pytestmark = pytest.mark.slow

# Root reads what it may not, unless it gives up these rights.
WITHOUT = "-dac_override,-dac_read_search"


@pytest.fixture
def clip(tmp_path):
    write_clip(tmp_path / "clip.wav", 0, 0.5)
    return tmp_path / "clip.wav"


@pytest.fixture
def place(clip):
    """Puts the clip at paths of an archive."""
    root = clip.parent / "archive"

    def put(*names):
        for name in names:
            file = os.path.join(os.fsencode(root), os.fsencode(name))
            os.makedirs(os.path.dirname(file), exist_ok=True)
            shutil.copy(clip, file)
        return root

    return put


def messages(out):
    return {row["uri"].rpartition("archive/")[2]: row["message"]
            for row in table(out, "failures").to_pylist()}  # fmt: skip


def featurized(root, out, **more):
    return featurize(root, out, **{"features": ("rms",), "corpus": "media", **more})


def denied(*words):
    """The command line as somebody to whom rights apply."""
    command = [sys.executable, "-m", "emodist", *map(str, words)]
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may read everything, and setpriv is not here to give that up")
        command = ["setpriv", f"--bounding-set={WITHOUT}", f"--inh-caps={WITHOUT}", *command]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def closed(place):
    root = place("open/x.wav", "lost+found/y.wav", "no_entry/z.wav", "mine.wav")
    modes = {"lost+found": 0, "no_entry": 0o444, "mine.wav": 0}
    for name, mode in modes.items():
        os.chmod(root / name, mode)
    yield root
    for name in modes:
        os.chmod(root / name, 0o755)


def test_what_may_not_be_read_is_its_own_failure_until_it_may(closed, tmp_path):
    words = ["featurize", closed, "--out", tmp_path / "out", "--features", "rms"]
    words += ["--engine", "local", "max_failed_fraction=1"]
    done = denied(*words)
    assert done.returncode == 0, done.stderr
    found = messages(tmp_path / "out")
    assert found["lost+found/"] == "lost+found/ cannot be read: Permission denied"
    assert found["no_entry/z.wav"] == "no_entry/z.wav cannot be read: Permission denied"
    assert "Permission denied" in found["mine.wav"]
    assert table(tmp_path / "out")["speaker"].to_pylist() == ["open"]
    assert "1 unreadable folder" in done.stdout
    os.chmod(closed / "lost+found", 0o755)
    assert denied(*words).returncode == 0
    assert messages(tmp_path / "out").keys() == {"no_entry/z.wav", "mine.wav"}
    os.chmod(closed / "lost+found", 0)
    assert denied(*words).returncode == 0
    assert "lost+found/" in messages(tmp_path / "out")


def test_a_folder_that_may_not_be_read_at_all_is_one_line(closed, tmp_path):
    done = denied("featurize", closed / "lost+found", "--out", tmp_path / "out")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.endswith("archive/lost+found cannot be read: Permission denied")


def test_names_that_are_not_utf8_are_failures_also_where_they_name_speakers(place, tmp_path):
    root = place(b"good/x.wav", b"caf\xe9/x.wav", b"good/\xff.wav", b"caf\xe9/\xff/y.wav")
    for corpus in ("media", "folder"):
        out = tmp_path / corpus
        assert featurized(root, out, corpus=corpus)["recordings"] == 1
        assert set(messages(out).values()) == {
            f"{name} has a name that is not UTF-8; rename it"
            for name in ("caf\ufffd/x.wav", "good/\ufffd.wav", "caf\ufffd/\ufffd/y.wav")
        }


def test_a_place_that_is_not_utf8_is_refused_in_one_line(place, tmp_path):
    root = os.fsdecode(os.fsencode(place(b"caf\xe9/x.wav")) + b"/caf\xe9")
    with pytest.raises(ConfigError, match=r"path has a name that is not UTF-8, .*caf"):
        featurized(root, tmp_path / "out")


def test_pipes_sockets_and_lost_links_do_not_end_a_run(place, tmp_path, monkeypatch):
    root = place("a/x.wav")
    monkeypatch.chdir(root)
    os.mkfifo("pipe.wav")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.wav")
    for link, target in (
        ("me", "me"),
        ("me.wav", "me.wav"),
        ("none.wav", "nowhere"),
        ("here", "."),
    ):
        os.symlink(target, link)
    os.symlink("/dev/zero", "zero.wav")
    summary = featurized(root, tmp_path / "out")
    assert summary["recordings"] == 1
    assert messages(tmp_path / "out") == {
        "pipe.wav": "pipe.wav is not a regular file",
        "socket.wav": "socket.wav is not a regular file",
        "zero.wav": "zero.wav is not a regular file",
        "me.wav": "me.wav cannot be read: Too many levels of symbolic links",
        "none.wav": "none.wav cannot be read: No such file or directory",
    }
    assert summary["left_out"] == {"broken link": 1, "repeated folder": 1}


def test_what_is_left_out_is_counted_by_suffix_and_told(place, tmp_path, capsys):
    root = place("a/x.wav", "a/1.txt", "a/2.TXT", "b/3.srt", "README", ".DS_Store", "y.wav.part")
    words = ["--out", str(tmp_path / "out"), "--engine", "local", "--features", "rms"]
    assert cli.main(["featurize", str(root), *words]) == 0
    assert (
        "left out: 2 .txt, 1 .part, 1 .srt, 1 hidden, 1 without a suffix"
        in capsys.readouterr().out.splitlines()
    )
    shutil.rmtree(root / "a")
    assert cli.main(["featurize", str(root), *words]) == 2
    assert "(left out: 1 .part, 1 .srt, 1 hidden, 1 without a suffix)" in capsys.readouterr().err


@pytest.mark.parametrize("out", ["a::b", "y.csv"])
def test_an_output_folder_may_have_any_name(place, tmp_path, out, capsys, monkeypatch):
    root = place("a/x.wav", "archive::2/y.wav", "list.csv/z.wav")
    monkeypatch.chdir(tmp_path)
    words = ["--out", out, "--engine", "local", "--features", "rms"]
    assert cli.main(["featurize", str(root), *words]) == 0
    assert table(out).num_rows == 3
    assert cli.main(["export", out, "--out", "flat.csv"]) == 0
    assert cli.main(["featurize", str(root / "list.csv"), *words[2:], "--out", "of_folder"]) == 0
    assert table("of_folder").num_rows == 1


def long_name(suffix, letter="ü"):
    stem = letter * ((255 - len(suffix)) // len(letter.encode()))
    return stem + "x" * (255 - len((stem + suffix).encode())) + suffix


def extracted(path, out, **more):
    return media_job.run(ExtractSettings(path=str(path), out=str(out), engine="local", **more))


def test_a_name_of_255_bytes_is_extracted_under_a_shorter_one(place, tmp_path):
    names = [f"a/{long_name('.ts')}", f"a/{long_name('.mp3')}", f"{long_name('', 'd')}/x.wav"]
    root = place(*names)
    summary = extracted(root, tmp_path / "out", format="flac")
    assert (summary["recordings"], summary["failed"]) == (3, 0)
    files = [f for f in (tmp_path / "out/audio").rglob("*") if f.is_file()]
    assert len(files) == 3
    assert {file.suffix for file in files} == {".flac"}
    assert max(len(os.fsencode(file.name)) for file in files) <= 255


def test_a_plan_of_an_earlier_version_may_want_too_long_a_name(place, tmp_path, monkeypatch):
    root = place("a/x.wav", f"a/{long_name('.ts')}")
    # In this process, which plans, and not in the child, which writes.
    monkeypatch.setattr(names, "fitting", lambda path: path)
    summary = extracted(root, tmp_path / "out", format="flac")
    (planned,) = plan_log.row_groups(str(tmp_path / "out"), "target")
    assert max(len(os.fsencode(name)) for name in planned["target"].to_pylist()) > 255
    assert (summary["recordings"], summary["failed"]) == (2, 0)


def test_a_sound_file_that_cannot_be_made_is_its_own_failure(place, tmp_path):
    root = place("a/x.wav", "b/y.wav")
    (tmp_path / "out/audio").mkdir(parents=True)
    (tmp_path / "out/audio/a").write_text("in the way")
    summary = extracted(root, tmp_path / "out")
    assert (summary["recordings"], summary["failed"]) == (1, 1)
    assert "cannot be written: " in messages(tmp_path / "out")["a/x.wav"]


def test_a_folder_named_as_a_sound_file_and_that_file_are_both_extracted(place, tmp_path):
    root = place("a.flac", "a.wav/x.wav", "b.wav/y.wav", "b.flac", "c/z.wav")
    assert extracted(root, tmp_path / "out")["failed"] == 0
    assert len([f for f in (tmp_path / "out/audio").rglob("*.wav") if f.is_file()]) == 5


def test_a_single_file_is_tried_unless_it_is_text(place, tmp_path, capsys):
    root = place("clip.dat", "x.wav")
    (root / "notes.txt").write_text("x.wav\n")
    summary = featurized(root / "clip.dat", tmp_path / "out")
    assert summary["recordings"] == 1
    assert summary["listing"] == ["clip.dat is tried, though its suffix is none of media"]
    with pytest.raises(ConfigError, match=r"notes\.txt holds text, not sound; a list of files is"):
        featurized(root / "notes.txt", tmp_path / "other")


def test_a_sidecar_that_names_no_file_is_refused_before_anything_is_planned(place, tmp_path):
    root = place("a/x.wav", "a/Rene\u0301.wav")
    sidecar = tmp_path / "sidecar.csv"
    sidecar.write_text("path,speaker\narchive/a/x.wav,Ann\n")
    chosen = {"corpus_settings": {"sidecar": str(sidecar)}}
    for ask in (featurized, lambda *words, **more: estimate.predict(settings(*words, **more))):
        with pytest.raises(CorpusError, match=r"names none of the files; it has archive/a/x.wav"):
            ask(root, tmp_path / "out", **{"corpus": "media", **chosen})
    assert not (tmp_path / "out/plan").exists()
    sidecar.write_text("path,speaker\na/Ren\u00e9.wav,Ren\u00e9\nb/y.wav,Bob\n")
    summary = featurized(root, tmp_path / "out", **chosen)
    assert summary["listing"] == [f"1 of 2 rows of {sidecar} name no file: b/y.wav"]
    assert set(table(tmp_path / "out")["speaker"].to_pylist()) == {"a", "Ren\u00e9"}


@pytest.mark.slow
@pytest.mark.parametrize("refusal", REFUSALS)
def test_an_object_that_is_refused_is_one_failure(bucket, place, tmp_path, monkeypatch, refusal):
    root = place("x.wav", "y.wav", "z.wav")
    fs, there = storage.filesystem(f"{bucket}/{refusal}")
    fs.put(f"{root}/", f"{there}/", recursive=True)
    names = "".join(f"{bucket}/{refusal}/{name}.wav\n" for name in "xyz")
    (tmp_path / "list.csv").write_text(f"uri\n{names}")
    with flaky(os.environ["AWS_ENDPOINT_URL"], 1.0, faults=(refusal,), only="/y.wav") as road:
        monkeypatch.setenv("AWS_ENDPOINT_URL", road.address)
        s3fs.S3FileSystem.clear_instance_cache()
        try:
            for path in (f"{bucket}/{refusal}", tmp_path / "list.csv"):
                out = tmp_path / f"out_{os.path.basename(str(path))}"
                summary = featurized(path, out)
                assert (summary["recordings"], summary["failed"]) == (2, 1)
                (row,) = table(out, "failures").to_pylist()
                assert row["uri"].endswith("/y.wav")
                assert "y.wav" in row["message"]
        finally:
            s3fs.S3FileSystem.clear_instance_cache()


def test_a_path_that_is_too_long_for_its_folder_is_extracted_below_audio(place, tmp_path):
    root = place("/".join(["f" * 100] * 12) + "/x.wav")
    assert extracted(root, tmp_path / "out")["failed"] == 0
    (file,) = [f for f in (tmp_path / "out/audio").rglob("*") if f.is_file()]
    assert file.name == "x.wav"
    assert len(os.fsencode(file.relative_to(tmp_path / "out"))) <= 768
