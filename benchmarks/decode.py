"""What decoding costs: CPU milliseconds per second of audio, and memory.

    python benchmarks/decode.py [FILE.mp4] [--runs 5] [--memory]

Without a file, a 10-minute MP4 (AAC stereo at 44.1 kHz, and small video) is made on the fly.
"Bare decode" is PyAV handing out the frames of the first audio stream, and nothing more: the
floor for everything that decodes with FFmpeg. Ways run in turn, and the median of the runs
counts; CPU time includes that of child processes. `--memory` (Linux) decodes 60 minutes in a new
process for each way, and shows its peak above that of the same process after a two-second file,
without the FFmpeg processes that moviepy and librosa start.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import warnings
from fractions import Fraction
from pathlib import Path
from statistics import median

import av
import imageio_ffmpeg
import numpy as np
import record
import soundfile

from emodist.audio.decode import blocks, probe

RATE = 44_100


def bare(path):
    with av.open(path) as container:
        return sum(frame.samples for frame in container.decode(audio=0))


def emodist_auto(path):
    return sum(len(block) for block in blocks(path))


def emodist_moviepy(path):
    return sum(len(block) for block in blocks(path, decoder="moviepy"))


def librosa_load(path):
    import librosa

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # says that audioread is deprecated
        return len(librosa.load(path, sr=16_000, mono=True)[0])


def moviepy_then_librosa(path):
    import moviepy

    with tempfile.TemporaryDirectory() as folder:
        wav = f"{folder}/sound.wav"
        with moviepy.AudioFileClip(path) as clip:
            clip.write_audiofile(wav, fps=16_000, logger=None)
        return librosa_load(wav)


WAYS = {
    "PyAV bare decode": bare,
    "emodist auto": emodist_auto,
    "emodist moviepy": emodist_moviepy,
    "librosa.load": librosa_load,
    "moviepy write_audiofile + librosa.load": moviepy_then_librosa,
}


def cpu_s():
    own, children = (resource.getrusage(who) for who in (0, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def compare(title, paths, n_runs):
    """Print a table for the files, each way decoding all of them in turn."""
    seconds = sum(probe(path).duration_s for path in paths)
    costs = {name: [] for name in WAYS}
    for way in WAYS.values():
        way(paths[0])  # imports and compiled code are not what is measured
    for _ in range(n_runs):
        for name, way in WAYS.items():
            start = cpu_s()
            for path in paths:
                way(path)
            costs[name].append((cpu_s() - start) / seconds * 1000)
    floor = median(costs["PyAV bare decode"])
    found = {
        name: {"cpu_ms_per_s": median(cost), "ratio": median(cost) / floor}
        for name, cost in costs.items()
    }
    print(f"\n{title}: {seconds:.1f} s of audio, median of {n_runs} runs")
    print(f"{'':40}{'CPU ms/s':>10}{'ratio':>8}")
    for name, cost in costs.items():
        print(f"{name:40}{median(cost):10.3f}{median(cost) / floor:8.2f}")
    return found


def compare_memory(path, short):
    print(f"\npeak memory for {probe(path).duration_s / 60:.0f} min, above the imported process")
    found = {}
    for name in WAYS:
        code = f"import decode; decode.print_peak({name!r}, {path!r}, {short!r})"
        done = subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            cwd=Path(__file__).resolve().parent,
            stdout=subprocess.PIPE,
            text=True,
        )
        found[name] = {"peak_mb": float(done.stdout.split()[-1])}
        print(f"{name:40}{found[name]['peak_mb']:8.1f} MB")
    return found


def print_peak(name, path, short):
    WAYS[name](short)  # imports everything
    before = peak_mb()
    WAYS[name](path)
    print(peak_mb() - before)


def peak_mb():
    # Not ru_maxrss: on Linux a new process inherits that from the one that started it.
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024


def tone(start_s, channel, rng):
    """One second of a voice-like sound: harmonics, syllables and a little noise."""
    time = start_s + np.arange(RATE) / RATE
    phase = 2 * np.pi * 150 * time + 2 * np.sin(2 * np.pi * 0.7 * time + channel)
    sound = sum(np.sin(k * phase) / k for k in range(1, 6))
    level = 0.1 * (1 + np.sin(2 * np.pi * 4 * time))
    return (level * sound + 0.005 * rng.standard_normal(RATE)).astype(np.float32)


def make_mp4(path, n_seconds):
    """AAC stereo and 320 x 240 video at 10 frames a second."""
    rng = np.random.default_rng(0)
    with av.open(path, "w") as out:
        audio = out.add_stream("aac", rate=RATE, layout="stereo")
        video = out.add_stream("mpeg4", rate=10)
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        sounds = [np.stack([tone(s, c, rng) for c in (0, 1)]) for s in range(min(n_seconds, 20))]
        image = rng.integers(0, 255, (240, 320, 3), dtype=np.uint8)
        for second in range(n_seconds):
            frame = av.AudioFrame.from_ndarray(sounds[second % len(sounds)], "fltp", "stereo")
            frame.rate, frame.pts, frame.time_base = RATE, second * RATE, Fraction(1, RATE)
            out.mux(audio.encode(frame))
            for k in range(10):
                picture = av.VideoFrame.from_ndarray(np.roll(image, k, 1), format="rgb24")
                picture.pts, picture.time_base = second * 10 + k, Fraction(1, 10)
                out.mux(video.encode(picture))
        out.mux(audio.encode(None))
        out.mux(video.encode(None))


def make_clips(folder, suffix):
    rng = np.random.default_rng(0)
    paths = []
    for k in range(10):
        sound = np.concatenate([tone(s, 0, rng) for s in range(4)])[: int(3.7 * RATE)]
        paths.append(f"{folder}/clip{k}.{suffix}")
        soundfile.write(paths[-1], sound, RATE, subtype="PCM_16")
    return paths


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", help="a media file with sound; default: made here")
    parser.add_argument("--runs", type=int, default=5, help="runs of each way; default: 5")
    parser.add_argument("--memory", action="store_true", help="also peak memory for 60 minutes")
    record.add_option(parser)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # librosa opens an MP4 through whatever `ffmpeg` the PATH has: give it moviepy's.
        os.symlink(imageio_ffmpeg.get_ffmpeg_exe(), f"{folder}/ffmpeg")
        os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
        path = args.file and os.path.abspath(args.file)
        if path is None:
            path = f"{folder}/ten_minutes.mp4"
            make_mp4(path, 600)
        figures = {
            "video": compare(os.path.basename(path), [path], args.runs),
            "wav": compare("ten WAV clips of 3.7 s", make_clips(folder, "wav"), args.runs),
            "flac": compare("ten FLAC clips of 3.7 s", make_clips(folder, "flac"), args.runs),
        }
        if args.memory:
            hour = f"{folder}/hour.mp4"
            make_mp4(hour, 3600)
            short = f"{folder}/short.mp4"
            make_mp4(short, 2)
            figures["memory"] = compare_memory(hour, short)
    record.save(args, figures)


if __name__ == "__main__":
    main()
