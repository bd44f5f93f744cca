"""What the commands of the tutorials print: run one after the other, and kept for the documents.

    python benchmarks/transcripts.py lab RAVDESS [--save]
    python benchmarks/transcripts.py archive DEMO [--save] [--picture FILE.png]

RAVDESS is a folder with its first 16 actors; DEMO is what `emodist demo --out DEMO` wrote, whose
vlogs are synthetic. `--picture` keeps the timeline of one of them. A command that fails ends the
program; the part for labs takes several minutes.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import record

LAB = {
    "doctor": "emodist doctor ravdess/ --corpus ravdess",
    "featurize": "emodist featurize ravdess/ --corpus ravdess --out out/ravdess",
    "export": "emodist export out/ravdess --out ravdess.csv",
    "audit": "emodist audit out/ravdess --folds ravdess16",
    "evaluate": "emodist evaluate out/ravdess --folds ravdess16 --against knn --out evaluation",
    "evaluate_norm": "emodist evaluate out/ravdess --folds ravdess16 speaker_norm=true",
    "cluster": "emodist cluster out/ravdess --out clusters speaker_norm=true k_max=8",
    "tune": (
        "emodist tune classifier out/ravdess --out sweep models=lda folds=ravdess16 "
        "--trials 6 --engine local"
    ),
    "train": "emodist train out/ravdess --out bundle folds=ravdess16 speaker_norm=true",
    "report": (
        "emodist report out/ravdess --evaluation evaluation --clusters clusters --out report "
        "maps=tsne"
    ),
    "cite": "emodist cite bundle --plain",
}
ARCHIVE = {
    "plan": "emodist plan demo/corpus/vlogs --sample 4 --cpus 2 --price 0.05",
    "featurize_vlogs": "emodist featurize demo/corpus/vlogs --out out/vlogs segment_s=4 hop_s=2",
    "cluster_vlogs": "emodist cluster out/vlogs --out groups speaker_norm=true k_max=6",
    "predict": "emodist predict demo/bundle demo/corpus/vlogs --out told segment_s=4 hop_s=1",
}
PARTS = {"lab": ("ravdess", LAB), "archive": ("demo", ARCHIVE)}
# `doctor` found something to know; `featurize` and `predict` met the demo's silent film.
ALLOWED = {"doctor": (0, 1), "featurize_vlogs": (0, 1), "predict": (0, 1)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("folder", type=Path, help="RAVDESS, or what the demo wrote")
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="keep a timeline")
    record.add_option(parser)
    given = parser.parse_args()
    name, commands = PARTS[given.part]
    found = {}
    with tempfile.TemporaryDirectory() as place:
        place = Path(place).resolve()
        (place / name).symlink_to(given.folder.resolve())
        for title, command in commands.items():
            found[title] = {"command": command, **run(title, command, place)}
            print(f"$ {command}\n{found[title]['output']}\n", flush=True)
        if given.picture:
            shutil.copy(next((place / "told" / "timelines").rglob("vlog_1*.png")), given.picture)
    record.save(given, found, given.part)


def run(title, command, place):
    """What a command prints on stdout, and how it ends."""
    words = [sys.executable, "-m", *shlex.split(command)]
    # The repository itself, not only what is installed.
    path = os.pathsep.join(filter(None, (str(record.RESULTS.parents[1]), os.getenv("PYTHONPATH"))))
    done = subprocess.run(
        words, cwd=place, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    if done.returncode not in ALLOWED.get(title, (0,)):
        sys.exit(f"{command}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    output = done.stdout.rstrip().replace(f"{place}/", "")
    return {"output": output, "exit_code": done.returncode}


if __name__ == "__main__":
    main()
