"""Where nothing can be written, every command says so in one line."""

import contextlib
import errno
import os
import subprocess

import pytest

from emodist import cli, storage
from emodist.errors import OutputError
from tests.pipelines.conftest import write_clip

pytestmark = pytest.mark.slow

# What each verb that writes is asked for; the place comes last.
WRITING = {
    "extract": ("CLIPS", "--engine", "local", "--out", "PLACE/out"),
    "featurize": ("CLIPS", "--engine", "local", "features=rms", "--out", "PLACE/out"),
    "predict": ("BUNDLE", "CLIPS", "--engine", "local", "--out", "PLACE/out"),
    "export": ("TABLE", "--out", "PLACE/out.csv"),
    "evaluate": ("TABLE", "--model", "lda", "--out", "PLACE/out"),
    "train": ("TABLE", "--model", "lda", "--out", "PLACE/out"),
    "cluster": ("TABLE", "--out", "PLACE/out"),
    "tune": ("classifier", "TABLE", "--engine", "local", "--out", "PLACE/out"),
    "report": ("TABLE", "--out", "PLACE/out"),
    "demo": ("--out", "PLACE/out"),
    "fetch": ("ravdess", "--mirror", "http://127.0.0.1:9", "--out", "PLACE/out"),
    "new": ("feature", "breath_rate", "--out", "PLACE/out"),
}
# They print, or write only what the shell is told to.
READING = {
    *(
        "annotations",
        "audit",
        "cite",
        "corpora",
        "doctor",
        "ontology",
        "plan",
        "serve",
        "submit",
        "trace",
    ),
}


@contextlib.contextmanager
def mounted(folder, *options):
    """A file system in memory; its owner may write where rights alone would not stop root."""
    folder.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", *options, "none", folder], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a file system can be mounted by root alone")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


READ_ONLY, FULL = "Read-only file system", "No space left on device"
# On a full disk, fetch asks its mirror first.
CASES = [
    (verb, why) for why in (READ_ONLY, FULL) for verb in WRITING if (verb, why) != ("fetch", FULL)
]


@pytest.fixture
def refused(request, tmp_path):
    """A place where nothing can be written, and why."""
    why = request.param
    with mounted(tmp_path / "place", "-o", "size=64k" if why == FULL else "ro") as place:
        if why == FULL:
            with contextlib.suppress(OSError), open(place / "filler", "wb") as filler:
                while True:
                    filler.write(bytes(4096))
        yield place, why


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """What commands work on, by the words above."""
    folder = tmp_path_factory.mktemp("given")
    for number in range(24):
        label, speaker = ("happy", "sad")[number % 2], number // 4
        write_clip(folder / "clips" / label / f"s{speaker}_{number}.wav", number)
    places = {"CLIPS": f"{folder}/clips", "TABLE": f"{folder}/table", "BUNDLE": f"{folder}/bundle"}
    words = ("--engine", "local", "--corpus", "folder", "folder.speaker_pattern=prefix")
    wanted = ("--features", "rms", "--out", places["TABLE"])
    assert cli.main(["featurize", places["CLIPS"], *words, *wanted]) == 0
    assert cli.main(["train", places["TABLE"], "--model", "lda", "--out", places["BUNDLE"]]) == 0
    return places


def test_every_verb_is_known_to_write_or_not():
    assert set(cli.verbs()) - {"export-model"} == set(WRITING) | READING


@pytest.mark.parametrize(("verb", "refused"), CASES, indirect=["refused"])
def test_a_place_that_cannot_be_written_is_one_line(verb, given, refused, capsys):
    place, why = refused
    words = [given.get(word, word.replace("PLACE", str(place))) for word in WRITING[verb]]
    assert cli.main([verb, *words]) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert told[-1].startswith(f"emodist {verb}: {place}")
    assert told[-1].endswith(f"cannot be written: {why}")
    assert "Traceback" not in "".join(told)


def test_rights_that_are_missing_are_one_line(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root may become somebody else")
    tmp_path.chmod(0o755)
    os.seteuid(65534)
    try:
        with pytest.raises(OutputError, match="cannot be written: Permission denied"):
            storage.write(f"{tmp_path}/file", b"")
    finally:
        os.seteuid(0)


def test_what_is_wrong_besides_the_place_stays_what_it_is(tmp_path):
    with pytest.raises(PermissionError), storage.new_file(f"{tmp_path}/file"):
        raise PermissionError(errno.EACCES, "another file")
    assert list(tmp_path.iterdir()) == []
