"""What it costs to begin: whole processes, from their start to their end.

    python benchmarks/start.py [CLIP] [--runs 10] [--nkululeko PYTHON] [--save]

Wall and CPU seconds (user and system, child processes included) of `import emodist`, of its help,
and of the features of one clip, by default the first of RAVDESS in ../shared/data. Beside them, in
a process of their own: a Python that does nothing, librosa's MFCCs of the same clip, and
nkululeko's import by the Python of an environment that has it (`--nkululeko`). Ways run in turn,
each once before it counts; the least and the median of the runs are shown. The disk's cache is
warm, Python's byte code is there, and kernels were compiled before.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import record

ROOT = Path(__file__).resolve().parent.parent
CLIPS = ROOT.parent / "shared" / "data" / "ravdess" / "Actor_01"
MFCC = "import librosa, sys; librosa.feature.mfcc(y=librosa.load(sys.argv[1], sr=None)[0])"


def ways(clip, out, nkululeko):
    """Command lines, by what they are called."""
    emodist = [sys.executable, "-m", "emodist"]
    found = {
        "python": [sys.executable, "-c", "pass"],
        "import_emodist": [sys.executable, "-c", "import emodist"],
        "help": [*emodist, "--help"],
        "featurize_help": [*emodist, "featurize", "--help"],
        "featurize_one_clip": [*emodist, "featurize", str(clip), "--out", str(out)],
        "librosa_mfcc": [sys.executable, "-c", MFCC, str(clip)],
    }
    if nkululeko:
        found["import_nkululeko"] = [nkululeko, "-c", "import nkululeko.experiment"]
    return found


def run(words):
    """Wall and CPU seconds of a command, what it started included."""
    # As a user has it: byte code is written, and the package lies where it was installed.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(ROOT)
    started = time.perf_counter()
    with subprocess.Popen(
        words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(words)} ended with {process.returncode}")
    return time.perf_counter() - started, used.ru_utime + used.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", nargs="?", type=Path, help="a sound file")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--nkululeko", metavar="PYTHON", help="Python of an environment with it")
    record.add_option(parser)
    given = parser.parse_args()
    clip = given.clip or min(CLIPS.iterdir())
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        commands = ways(clip, out, given.nkululeko)
        times = {name: [] for name in commands}
        for turn in range(given.runs + 1):
            for name, words in commands.items():
                shutil.rmtree(out, ignore_errors=True)
                measured = run(words)
                if turn:
                    times[name].append(measured)
    figures = {"runs": given.runs}
    print(f"{'seconds, least and median':26}{'wall':>14}{'CPU':>16}")
    for name, pairs in times.items():
        wall, cpu = zip(*pairs, strict=True)
        figures[name] = {
            "wall_s": round(min(wall), 3),
            "wall_median_s": round(median(wall), 3),
            "cpu_s": round(min(cpu), 3),
            "cpu_median_s": round(median(cpu), 3),
        }
        shown = (f"{min(x):8.3f} {median(x):.3f}" for x in (wall, cpu))
        print(f"{name:26}{'  '.join(shown)}")
    if not given.nkululeko:
        print("import_nkululeko was not measured: --nkululeko names a Python that has it")
    record.save(given, figures)


if __name__ == "__main__":
    main()
