"""CPU time from media files to a Parquet table: emodist against librosa.load and the plain loop.

    python benchmarks/end_to_end.py [FOLDER]      default: RAVDESS clips beside the repository
    python benchmarks/end_to_end.py --memory      also the peak memory of a 60-minute MP4

Both sides go through the same files in turn, in one process and one thread, with the same ten
features and four functionals; times are CPU time with that of child processes (librosa opens an
MP4 by an ffmpeg process), the median of the rounds.
"""

# ruff: noqa: E402 (the number of threads must be set before numpy is loaded)

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import imageio_ffmpeg
import librosa
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import record
import soundfile
from decode import make_mp4
from features import DATA, PLAIN, plain_functionals

from emodist.media import stages
from emodist.media.settings import FeaturizeSettings
from emodist.tables import parquet

N_CLIPS = 100
WINDOW_S = 4


def segments_of(waveform):
    """Clips whole, long recordings in windows: what emodist does by default."""
    if len(waveform) <= 15 * 16_000:
        return [librosa.effects.trim(waveform, top_db=30)[0]]
    size = WINDOW_S * 16_000
    return [waveform[i : i + size] for i in range(0, len(waveform) - 8_000, size)]


def image(log_mel):
    padded = np.full((128, 128), log_mel.min(), np.float32)
    padded[:, : log_mel.shape[1]] = log_mel[:, :128]
    return padded.ravel()


def plain(files, target):
    rows = []
    for file in files:
        waveform, _ = librosa.load(file, sr=16_000)
        for segment in segments_of(waveform):
            found = {name: call(segment) for name, call in PLAIN.items()}
            log_mel = image(found.pop("log_mel"))
            cells = {name: plain_functionals(frames) for name, frames in found.items()}
            rows.append({"uri": str(file), **cells, "log_mel": log_mel})
    columns = {name: pa.array([row[name] for row in rows]) for name in rows[0]}
    pq.write_table(pa.table(columns), target, compression="zstd")
    return len(rows)


def emodist(files, target):
    settings = FeaturizeSettings(path="-", out="-", features=tuple(PLAIN))
    stage = stages.Featurize(settings)
    n_rows = 0
    with parquet.writer(str(target), stage.schema) as write:
        recordings = ({"uri": str(file), "recording_id": str(file)} for file in files)
        for message in stage(recordings):
            if isinstance(message, pa.RecordBatch):
                write(message)
                n_rows += message.num_rows
    return n_rows


def cpu_s():
    own, children = (resource.getrusage(who) for who in (0, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def compare(title, files, duration_s, rounds, folder):
    spent = {plain: [], emodist: []}
    for call in spent:
        call(files[:1], folder / "warm.parquet")
    for _ in range(rounds):
        for call, times in spent.items():
            start = cpu_s()
            call(files, folder / f"{call.__name__}.parquet")
            times.append(1000 * (cpu_s() - start) / duration_s)
    theirs, ours = (statistics.median(times) for times in spent.values())
    ratio = statistics.median(a / b for a, b in zip(*spent.values(), strict=True))
    print(f"{title:44} {theirs:8.2f} {ours:9.2f} {ratio:7.1f}", flush=True)
    return {"librosa_ms_per_s": theirs, "emodist_ms_per_s": ours, "ratio": ratio}


def show_memory():
    """Peak memory of `Featurize` on 60 minutes above its process on 5 seconds."""
    with tempfile.TemporaryDirectory() as folder:
        make_mp4(f"{folder}/long.mp4", 3600)
        make_mp4(f"{folder}/short.mp4", 5)
        code = (
            "import sys; sys.path.insert(0, sys.argv[1]); from decode import peak_mb; "
            "from emodist.media import stages; "
            "from emodist.media.settings import FeaturizeSettings; "
            "run = stages.Featurize(FeaturizeSettings(path='-', out='-', segment_s=4.0)); "
            "go = lambda name: sum(1 for _ in run("
            "[{'recording_id': name, 'uri': f'{sys.argv[2]}/{name}.mp4'}])); "
            "go('short'); before = peak_mb(); go('long'); "
            "print(before, peak_mb() - before)"
        )
        here = str(Path(__file__).parent)
        done = subprocess.run(
            [sys.executable, "-c", code, here, folder],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    before, more = map(float, done.stdout.split()[-2:])
    print(f"{before:.0f} MB after 5 s, {more:.0f} MB more for 60 min")
    return {"after_5_s_mb": before, "more_for_60_min_mb": more}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", action="store_true")
    record.add_option(parser)
    given = parser.parse_args()
    figures = {}
    if given.memory:
        figures["memory"] = show_memory()
    warnings.filterwarnings("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.symlink(imageio_ffmpeg.get_ffmpeg_exe(), folder / "ffmpeg")
        os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"
        print(f"{'CPU ms per second of sound, one thread':44} {'librosa':>8} {'emodist':>9} ratio")
        clips = sorted(given.folder.rglob("*.flac")) + sorted(given.folder.rglob("*.wav"))
        clips = clips[:: max(1, len(clips) // N_CLIPS)][:N_CLIPS]
        if clips:
            duration_s = sum(soundfile.info(str(clip)).duration for clip in clips)
            figures["n_clips"] = len(clips)
            title = f"{len(clips)} clips"
            figures["clips"] = compare(title, clips, duration_s, given.rounds, folder)
        make_mp4(f"{folder}/vlog.mp4", 600)
        video = [folder / "vlog.mp4"]
        figures["video"] = compare("10-minute MP4", video, 600, given.rounds, folder)
    record.save(given, figures)


if __name__ == "__main__":
    main()
