"""Damaged files of every container through a whole run: what becomes of each, at what cost.

    python benchmarks/fuzz.py [--files 10000] [--seed 0] [--specimens DIR] [--keep DIR] [--save]

Specimens of every container (3 s each, `tests/audio/specimens.py`) are mutated in nine ways
(`tests/audio/mutants.py`) and featurized as an archive is. Counted is what must not be: files that
are neither a row nor a failure, numbers that are not finite, files that took longer than the limit,
memory above the limit, and files that FFmpeg's own program decodes without a word, but to another
length than they have here (after the silence that stands for gaps, which FFmpeg closes, and for
what could not be decoded, `lost_s`). `--keep` leaves those for a look. What FFmpeg decodes and
emodist refuses is counted too: such a file lacks what its header promises, and the failure says so.
"""

import argparse
import collections
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import psutil
import pyarrow.compute as pc
import record

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from emodist.media.files import is_media
from emodist.media.settings import FeaturizeSettings
from emodist.pipelines import media_job
from emodist.tables import locate, schema
from tests.audio import mutants
from tests.audio.specimens import KINDS, make

SECONDS = 3
AT_ONCE = 500
MOST_BYTES = 4_000_000
LIMIT_S, LIMIT_GB = 20.0, 1.0
# Of a file that FFmpeg decodes without a word.
SAME_S = 0.05
# What a file may be refused for.
NAMED = ("AudioError", "FileMemoryError", "FileTimeoutError", "ProcessDiedError")
COUNTED = (
    *("rows", "failures", "lost", "not_finite", "decoded_by_ffmpeg", "another_length"),
    "refused_though_decoded",
)


def specimens(folder, more):
    """Bytes and suffix of a file of every kind, with pictures too where it may, by title."""
    found = {}
    for kind in KINDS:
        found[kind.title] = make(folder, kind, seconds=SECONDS).read_bytes(), kind.suffix
        if kind.video and kind.format != "mxf":
            film = make(folder, kind, seconds=SECONDS, with_video=True)
            found[f"{kind.title} with pictures"] = film.read_bytes(), kind.suffix
    for path in sorted(Path(more).iterdir()) if more else ():
        if is_media(path.name) and path.stat().st_size <= MOST_BYTES:
            found[path.name] = path.read_bytes(), path.suffix[1:]
    return found


def write(folder, whole, first, n, seed):
    """Mutants of a chunk, with what each was made of and how, by name."""
    made = {}
    titles = list(whole)
    for number in range(first, first + n):
        title = titles[number % len(titles)]
        data, suffix = whole[title]
        way, damaged = mutants.mutant(data, np.random.default_rng([seed, number]))
        name = f"{number:06d}.{suffix}"
        (folder / name).write_bytes(damaged)
        made[name] = (title, way)
    return made


class Watch:
    """The most memory that one child of a run has had, bytes."""

    def __init__(self):
        self.most = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        self._thread.join()

    def _look(self):
        while not self._is_over.wait(0.05):
            for child in psutil.Process().children(recursive=True):
                try:
                    if "emodist.media.child" in child.cmdline():
                        self.most = max(self.most, child.memory_info().rss)
                except psutil.Error:
                    continue


def run(folder, out):
    """Rows, failures and numbers of an archive; by file name."""
    media_job.run(
        FeaturizeSettings(
            path=str(folder), out=str(out), corpus="media", features=("rms",), segment_s=None,
            engine="local", workers=2, file_timeout_s=LIMIT_S, file_memory_gb=LIMIT_GB,
            max_failed_fraction=1.0,
        )
    )  # fmt: skip
    rows, failures = (
        {
            Path(row["uri"]).name: row
            for row in locate.open_table(f"{out}/{name}").to_table().to_pylist()
        }
        for name in ("recordings", "failures")
    )
    features = locate.open_table(f"{out}/features").to_table()
    n_bad = sum(
        not np.isfinite(schema.values(features.column(field.name))).all()
        for field in features.schema
        if schema.is_feature(field)
    )
    n_bad += pc.sum(pc.invert(pc.is_finite(features["end_s"]))).as_py() or 0
    return rows, failures, n_bad


def ffmpegs_s(path, track):
    """Seconds of a track that FFmpeg's own program decodes, if without a word of complaint."""
    read = ["-nostdin", "-v", "error", "-i", str(path), "-map", f"0:a:{track - 1}", "-t", "600"]
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        *read,
        *["-ac", "1", "-ar", "16000", "-f", "s16le", "-"],
    ]
    with tempfile.TemporaryFile() as sound:
        done = subprocess.run(command, stdout=sound, stderr=subprocess.PIPE, timeout=60)
        n_bytes = sound.tell() if done.returncode else sound.seek(0, 2)
    return None if done.returncode or done.stderr.strip() else n_bytes / 32_000


class Judge:
    """What became of the files so far."""

    def __init__(self, titles, keep):
        self.keep = keep
        self.figures = dict.fromkeys(COUNTED, 0)
        self.errors = collections.Counter()
        self.by_container = {
            title: {"files": 0, "rows": 0, "another_length": 0} for title in titles
        }

    def look(self, path, title, way, row, failure):
        """Count one file."""
        figures, own = self.figures, self.by_container[title]
        own["files"] += 1
        if row is None and failure is None:
            figures["lost"] += 1
            return
        theirs_s = ffmpegs_s(path, row["track"] if row else 1)
        figures["decoded_by_ffmpeg"] += theirs_s is not None
        if failure is not None:
            figures["failures"] += 1
            figures["refused_though_decoded"] += theirs_s is not None
            self.errors[failure["error"]] += 1
            if failure["error"] not in NAMED:
                self._show(path, title, way, f"{failure['error']}: {failure['message']}")
            return
        figures["rows"] += 1
        own["rows"] += 1
        ours_s = row["duration_s"] - row["filled_s"]
        if theirs_s is None or abs(ours_s - theirs_s) <= SAME_S + row["lost_s"]:
            return
        figures["another_length"] += 1
        own["another_length"] += 1
        self._show(
            path,
            title,
            way,
            f"{ours_s:.3f} s, FFmpeg {theirs_s:.3f} s, filled {row['filled_s']:.3f} s, lost "
            f"{row['lost_s']:.3f} s, {row['remark']}",
        )

    def _show(self, path, title, way, said):
        print(f"{path.name} {title}, {way}: {said}", flush=True)
        if self.keep:
            Path(self.keep).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, self.keep)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--specimens", metavar="DIR", help="whole files to mutate besides")
    parser.add_argument("--keep", metavar="DIR", help="where mutants that are astray are left")
    record.add_option(parser)
    args = parser.parse_args()
    began_s, most = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as place:
        whole = specimens(Path(place), args.specimens)
        judge = Judge(whole, args.keep)
        for first in range(0, args.files, AT_ONCE):
            folder, out = Path(place) / "in", Path(place) / "out"
            folder.mkdir()
            made = write(folder, whole, first, min(AT_ONCE, args.files - first), args.seed)
            with Watch() as watch:
                rows, failures, n_bad = run(folder, out)
            most = max(most, watch.most)
            judge.figures["not_finite"] += n_bad
            for name, (title, way) in made.items():
                judge.look(folder / name, title, way, rows.get(name), failures.get(name))
            shutil.rmtree(folder)
            shutil.rmtree(out)
            print(first + len(made), judge.figures, f"{most / 1e6:.0f} MB", flush=True)
    figures = {
        "files": args.files,
        **judge.figures,
        "timeouts": judge.errors["FileTimeoutError"],
        "over_memory": judge.errors["FileMemoryError"],
        "errors": dict(judge.errors.most_common()),
        "seconds": round(time.monotonic() - began_s),
        "most_memory_mb": round(most / 1e6),
        "limit_s": LIMIT_S,
        "limit_gb": LIMIT_GB,
        "by_container": judge.by_container,
    }
    print(json.dumps(figures))
    record.save(args, figures)


if __name__ == "__main__":
    main()
