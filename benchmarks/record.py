"""What a benchmark found, written where the documents include it: `benchmarks/results/NAME.json`.

A record says how it came about, so that whoever doubts a figure can renew it: `command`, `when`,
`versions`, `machine`, then `figures`. Absolute paths lose their folders: what lies where on the
machine that measured is of no use elsewhere.
"""

import datetime
import importlib.metadata
import json
import os
import platform
import sys
from pathlib import Path

import emodist

RESULTS = Path(__file__).resolve().parent / "results"
PACKAGES = ("numpy", "scipy", "librosa", "scikit-learn", "av", "ray", "tensorflow", "keras",
            "faster-whisper", "onnxruntime")  # fmt: skip


def add_option(parser):
    """`--save`, of every benchmark."""
    parser.add_argument(
        "--save", action="store_true", help="write benchmarks/results/NAME.json for the documents"
    )


def save(given, figures, part=""):
    """Write the figures of the benchmark that runs, if `--save` asks for it.

    Parameters
    ----------
    given : argparse.Namespace
    figures : dict
        Plain JSON values; by name, with the unit in the name.
    part : str
        For a benchmark that measures several things: each has a file of its own, NAME_PART.json.
    """
    if not given.save:
        return
    name = Path(sys.argv[0]).stem
    made = {
        "command": " ".join(["python", f"benchmarks/{name}.py", *map(_portable, sys.argv[1:])]),
        "when": datetime.date.today().isoformat(),
        "emodist": emodist.__version__,
        "versions": {"python": platform.python_version(), **_versions()},
        "machine": machine(),
        "figures": figures,
    }
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
    file = RESULTS / f"{'_'.join(filter(None, (name, part)))}.json"
    file.write_text(text, encoding="utf-8")
    print(f"wrote benchmarks/results/{file.name}")


def machine():
    """What the figures were measured on; `load` is how many programs wanted a core at the end."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "load": round(os.getloadavg()[0], 1),
    }


def _processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _versions():
    found = {}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _portable(word):
    """Of a path that leads elsewhere, its end: `/data/corpora/ravdess` is `ravdess`."""
    return Path(word).name if word.startswith(("/", "..")) else word
