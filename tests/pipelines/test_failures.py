"""Files that cannot be processed: a row each, and the job goes on."""

import textwrap

import pytest
import soundfile

from emodist import synthesis
from tests.pipelines.conftest import featurize, start, table, write_clip

pytestmark = pytest.mark.slow

LFS_POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    """A folder with every kind of bad file among good ones.

    No file is known that makes today's FFmpeg hang or crash, so a start-up hook of Python makes
    PyAV do so for files of two names, in the real child process.
    """
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(
        textwrap.dedent("""
        import os, signal, time
        import av

        real = av.open

        def open(file, *words, **more):
            descriptor = more.get("container_options", {}).get("fd")
            name = os.readlink(f"/proc/self/fd/{descriptor}") if descriptor else str(file)
            if "hangs" in name:
                time.sleep(3600)
            if "crashes" in name:
                os.kill(os.getpid(), signal.SIGSEGV)
            return real(file, *words, **more)

        av.open = open
    """)
    )
    monkeypatch.setenv("PYTHONPATH", str(hooks))
    monkeypatch.syspath_prepend(str(hooks))
    folder = tmp_path / "vlogs"
    for index in range(4):
        write_clip(folder / f"good_{index}.wav", index)
    synthesis.write_film(folder / "silent.mp4", None, 16_000, duration_s=1.0)
    (folder / "empty.wav").write_bytes(b"")
    (folder / "text.mp4").write_text("this is not a film\n" * 20)
    (folder / "pointer.wav").write_bytes(LFS_POINTER)
    write_clip(folder / "long.wav", 9, duration_s=40.0)
    write_clip(folder / "short.wav", 9, duration_s=0.05)
    whole = tmp_path / "whole.wav"
    write_clip(whole, 9, duration_s=10.0)
    (folder / "truncated.wav").write_bytes(whole.read_bytes()[:100_000])
    for name in ("hangs", "crashes"):
        soundfile.write(folder / f"{name}.ogg", soundfile.read(whole)[0], 22_050)
    return folder


def failures(out):
    rows = table(out, "failures").to_pylist()
    return {row["uri"].rsplit("/", 1)[-1]: row for row in rows}


def test_each_bad_file_is_a_row_that_a_person_understands(hostile, tmp_path):
    out = tmp_path / "out"
    summary = featurize(hostile, out, corpus="media", max_duration_s=30.0, file_timeout_s=5.0)
    assert (summary["recordings"], summary["failed"]) == (4, 9)
    messages = {name: row["message"] for name, row in failures(out).items()}
    expected = {
        "silent.mp4": "no audio",
        "empty.wav": "empty",
        "text.mp4": "text.mp4",
        "pointer.wav": "LFS",
        "long.wav": "30",
        "short.wav": "0.1",
        "truncated.wav": "truncated",
        "hangs.ogg": "no sound for 5 s",
        "crashes.ogg": "SIGSEGV",
    }
    assert messages.keys() == expected.keys()
    for name, words in expected.items():
        assert words in messages[name], messages[name]
    assert {row["attempts"] for row in failures(out).values()} == {1}
    assert table(out).num_rows == 4


def test_failed_files_are_tried_again_only_when_asked_and_leave_the_list_when_they_work(tmp_path):
    folder, out = tmp_path / "x", tmp_path / "out"
    write_clip(folder / "good.wav", 1)
    for name in ("a.wav", "b.wav"):
        (folder / name).write_bytes(b"RIFF")
    more = {"corpus": "media", "workers": 1}
    assert featurize(folder, out, **more)["failed"] == 2
    assert featurize(folder, out, **more)["new_failed"] == 0
    summary = featurize(folder, out, retry_failed=True, **more)
    assert (summary["failed"], summary["new_failed"]) == (2, 2)
    assert table(out, "failures")["attempts"].to_pylist() == [2, 2]
    write_clip(folder / "a.wav", 2)
    summary = featurize(folder, out, **more)
    assert (summary["recordings"], summary["new"], summary["failed"]) == (2, 1, 1)


def test_a_cause_that_is_gone_makes_a_retry_succeed(tmp_path):
    """The file is the same; what was in its way was the time limit."""
    folder, out = tmp_path / "x", tmp_path / "out"
    write_clip(folder / "clip.wav", 1)
    more = {"corpus": "media", "workers": 1}
    assert featurize(folder, out, file_timeout_s=1e-4, **more)["failed"] == 1
    summary = featurize(folder, out, retry_failed=True, **more)
    assert (summary["recordings"], summary["segments"], summary["failed"]) == (1, 1, 0)
    assert table(out, "failures").num_rows == 0


def test_files_without_a_place_in_the_corpus_are_failures(tmp_path):
    write_clip(tmp_path / "x" / "03-01-05-01-01-01-01.wav", 1)
    write_clip(tmp_path / "x" / "03-01-09-01-01-01-01.wav", 1)
    summary = featurize(tmp_path / "x", tmp_path / "out", corpus="ravdess")
    assert (summary["recordings"], summary["failed"]) == (1, 1)
    row = failures(tmp_path / "out")["03-01-09-01-01-01-01.wav"]
    assert (row["stage"], row["error"]) == ("list", "CorpusError")
    assert "known codes are 01 to 08" in row["message"]


def test_too_many_failures_are_exit_code_1(tmp_path):
    write_clip(tmp_path / "x" / "good.wav", 1)
    (tmp_path / "x" / "bad.wav").write_bytes(b"")
    words = ("featurize", tmp_path / "x", "--out", tmp_path / "out", "features=rms", "workers=1")
    run = start(*words, "max_failed_fraction=0.25")
    stdout, stderr = run.communicate(timeout=120)
    assert run.returncode == 1
    assert "failed 1 (50.0%)" in stdout
    assert "max_failed_fraction=0.25" in stderr
    assert "bad.wav" in stderr
    run = start(*words)
    run.communicate(timeout=120)
    assert run.returncode == 0


def test_a_full_disk_ends_the_job_with_one_line_and_a_later_run_finishes(tmp_path):
    import resource

    for index in range(8):
        write_clip(tmp_path / "x" / f"{index}.wav", index, 3.0)
    words = (
        "featurize",
        tmp_path / "x",
        "--out",
        tmp_path / "out",
        "features=log_mel",
        "segment_s=1",
        "workers=1",
    )
    limits = (300_000, 300_000)
    run = start(*words, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits))
    _, stderr = run.communicate(timeout=120)
    assert run.returncode == 2
    assert "cannot be written: File too large" in stderr.splitlines()[-1]
    assert "Traceback" not in stderr
    run = start(*words)
    run.communicate(timeout=120)
    assert run.returncode == 0
    assert table(tmp_path / "out").num_rows == 24
