"""Makes what a release leaves on disk, for tests that a later one goes on with it.

    cd CHECKOUT-OF-THE-RELEASE
    PYTHONPATH=$PWD python THIS/tests/upgrades/make.py THIS/tests/upgrades

writes `VERSION.tar.gz` there, with `made.json`, which says by which commit and commands. Only the
command line of the release is used, and its synthetic speech. Clips are half a second of 8 kHz, so
that all of it is small.

Every path starts with `/proc/self/cwd`, which is wherever a process stands: a test unpacks the
archive anywhere, goes there, and all is where it was.

`0.1.0.tar.gz` was made with commit a1ff313, the first release and until now the only one.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
import soxr

import emodist
from emodist import synthesis

SAMPLE_RATE = 8000
LABELS = ("angry", "happy", "sad")
# Whole seconds: an archive keeps them exactly, and they are part of a recording's id.
MODIFIED_S = 1_700_000_000

AT = "/proc/self/cwd"
HERE = "engine=local workers=1"
FEATURIZE = (
    f"featurize {AT}/clips corpus=folder folder.speaker_pattern=prefix "
    f"features=mfcc,rms,log_mel log_mel.n_mels=8 {HERE} --out"
)
CLASSIFIER = "--model logistic_regression folds=group3"
NETWORK = "--model mlp_net mlp_net.width=8 mlp_net.depth=1 features=mfcc epochs={} patience=60"
SWEEP = (
    f"tune classifier {AT}/features models=logistic_regression,lda folds=group3 inner_folds=2 "
    f"balance=weights trials=3 {HERE} --out"
)
COMMANDS = (
    f"{FEATURIZE} {AT}/features",
    f"extract {AT}/clips/sad --out {AT}/extracted --format flac {HERE}",
    f"evaluate {AT}/features {CLASSIFIER} --out {AT}/evaluation",
    f"train {AT}/features {CLASSIFIER} --out {AT}/bundle",
    f"train {AT}/features {CLASSIFIER} speaker_norm=true --out {AT}/bundle_of_speakers",
    f"train {AT}/features {NETWORK.format(2)} --out {AT}/network",
    f"predict {AT}/bundle {AT}/vlogs segment_s=2 hop_s=1 timelines=json,vtt {HERE} "
    f"--out {AT}/predictions",
    f"cluster {AT}/features --out {AT}/clusters k_max=4",
    f"{SWEEP} {AT}/sweep",
)
# Each is killed when the first part of its work is kept, and before the last is.
INTERRUPTED = (
    (f"{FEATURIZE} {AT}/interrupted", "interrupted/staging/*/*/recordings.arrow"),
    (f"{SWEEP} {AT}/interrupted_sweep", "interrupted_sweep/trials/*.json"),
    (
        f"train {AT}/features {NETWORK.format(60)} dev_fraction=0 --out {AT}/interrupted_network",
        "interrupted_network/training/state.npz",
    ),
)


def main(target: str) -> None:
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True)
    made = {
        "emodist": emodist.__version__,
        "commit": commit.stdout.strip(),
        "python": sys.version.split()[0],
        "commands": [*COMMANDS, *(command for command, _ in INTERRUPTED)],
    }
    archive = Path(target, f"{emodist.__version__}.tar.gz").resolve()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("made.json").write_text(json.dumps(made, indent=2) + "\n")
        write_media()
        for command in COMMANDS:
            subprocess.run(words(command), check=True)
        for command, receipts in INTERRUPTED:
            interrupt(command, receipts)
        with tarfile.open(archive, "w:gz", compresslevel=9) as file:
            file.add(".", filter=nobodys)
    print(f"wrote {archive}, {archive.stat().st_size:,} bytes")


def words(command: str) -> list[str]:
    return [sys.executable, "-m", "emodist", *command.split()]


def write_media() -> None:
    """Clips of six speakers, one that is broken, and a vlog."""
    with tempfile.TemporaryDirectory() as folder:
        source = synthesis.write_corpus(folder, n_speakers=6, n_per_emotion=1, n_vlogs=0) / "clips"
        vlog = []
        for file in sorted(path for label in LABELS for path in (source / label).glob("*.wav")):
            sound, rate = soundfile.read(file, always_2d=True)
            sound = soxr.resample(sound.mean(axis=1), rate, SAMPLE_RATE)
            write(Path("clips") / file.parent.name / f"{file.stem}.flac", sound[8000:12000])
            if file.name.startswith("s01"):
                vlog.append(sound[: 2 * SAMPLE_RATE])
        write(Path("vlogs/channel_1/vlog.flac"), np.concatenate(vlog))
    broken = Path("clips/happy/s07_broken.flac")
    broken.write_bytes(b"not a sound")
    os.utime(broken, (MODIFIED_S, MODIFIED_S))


def write(path: Path, sound: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, SAMPLE_RATE)
    os.utime(path, (MODIFIED_S, MODIFIED_S))


def interrupt(command: str, receipts: str) -> None:
    """Run a command and kill it half way, as often as it takes."""
    out = Path(command.split()[-1])
    for _ in range(20):
        process = subprocess.Popen(words(command), start_new_session=True)
        while process.poll() is None and not any(Path().glob(receipts)):
            time.sleep(0.001)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            # The decoding child has a group of its own, and ends when it misses its parent.
            process.wait()
            time.sleep(2)
            if any(Path().glob(receipts)):
                for left in out.rglob(".*.tmp"):
                    left.unlink()
                return
        shutil.rmtree(out)
    sys.exit(f"{command}: always over before it could be killed")


def nobodys(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info


if __name__ == "__main__":
    main(sys.argv[1])
