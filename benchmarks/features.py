"""CPU time of the features against the plain loop of one librosa call per feature.

    python benchmarks/features.py [FOLDER]

FOLDER holds audio files that soundfile reads (RAVDESS clips by default). Both sides go through
the same files in turn, so that what else the machine does falls on both; times are CPU time of
one thread, the median of the rounds. Each feature is timed alone on a fresh analysis, "shared" is
its cost once the spectrogram is there; "all" lines time all of them together. Features that are
emodist's own have no librosa call to compare with: their lines say what each adds to the others,
and the last line sets all defaults, theirs included, against the plain loop with its yin.
"""

# ruff: noqa: E402 (the number of threads must be set before numpy is loaded)

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import time
import warnings
from pathlib import Path

import librosa
import numpy as np
import record
import soundfile

from emodist.features import DEFAULT, build_features, extract
from emodist.features._analysis import SAMPLE_RATE, Analysis

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "ravdess"
Y = {"sr": SAMPLE_RATE}
FUNCTIONALS = ("mean", "std", "p10", "p90")
PITCH = {"sr": SAMPLE_RATE, "fmin": 65.40639132514966, "fmax": 800.0}


def mfcc_with_deltas(y):
    mfcc = librosa.feature.mfcc(y=y, **Y)
    return np.concatenate([mfcc, librosa.feature.delta(mfcc), librosa.feature.delta(mfcc, order=2)])


PLAIN = {
    "mfcc": mfcc_with_deltas,
    "chroma_stft": lambda y: librosa.feature.chroma_stft(y=y, **Y),
    "spectral_centroid": lambda y: librosa.feature.spectral_centroid(y=y, **Y),
    "spectral_bandwidth": lambda y: librosa.feature.spectral_bandwidth(y=y, **Y),
    "spectral_contrast": lambda y: librosa.feature.spectral_contrast(y=y, **Y),
    "spectral_rolloff": lambda y: librosa.feature.spectral_rolloff(y=y, **Y),
    "spectral_flatness": lambda y: librosa.feature.spectral_flatness(y=y),
    "zero_crossing_rate": lambda y: librosa.feature.zero_crossing_rate(y),
    "rms": lambda y: librosa.feature.rms(y=y),
    "log_mel": lambda y: librosa.power_to_db(librosa.feature.melspectrogram(y=y, **Y)),
}
OWN = (
    *("prosody", "modulation", "mfcc_correlation", "mel_contour"),
    *("loudness", "spectral_balance", "voice_quality"),
)
PITCHES = {
    "f0 (yin)": ({"method": "yin"}, lambda y: librosa.yin(y, **PITCH)),
    "f0 (pyin)": ({"method": "pyin"}, lambda y: librosa.pyin(y, **PITCH)),
}


def frames(name, feature):
    """Frame-level output, as librosa gives it; log_mel has no functionals to leave out."""
    if name == "log_mel":
        return lambda analysis: feature.compute(analysis, FUNCTIONALS)
    return feature.track if name.startswith("f0") else feature.frames


def plain_functionals(rows):
    rows = np.atleast_2d(rows)
    percentiles = np.percentile(rows, (10, 90), axis=1)
    return np.concatenate([rows.mean(axis=1), rows.std(axis=1), *percentiles])


def interleaved(calls, clips, rounds):
    """Median CPU milliseconds per second of audio of each call."""
    duration_s = sum(len(y) for y in clips) / SAMPLE_RATE
    for call in calls:
        call(clips[0])
    spent = np.zeros((rounds, len(calls)))
    for turn in range(rounds):
        for i, call in enumerate(calls):
            start = time.process_time()
            for y in clips:
                call(y)
            spent[turn, i] = time.process_time() - start
    return np.median(spent, axis=0) / duration_s * 1000


def report(found, name, plain, ours, shared=None):
    found[name] = {"librosa_ms_per_s": plain, "emodist_ms_per_s": ours, "ratio": plain / ours}
    last = "" if shared is None else f"{shared:9.3f}"
    print(f"{name:26s}{plain:9.3f}{ours:9.3f}{plain / ours:8.1f}x{last}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--clips", type=int, default=12, help="files to use (default 12)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds to time (default 5)")
    record.add_option(parser)
    arguments = parser.parse_args()
    paths = sorted(
        p for p in arguments.folder.rglob("*") if p.suffix in (".flac", ".wav", ".ogg", ".mp3")
    )
    if not paths:
        parser.error(f"no audio files in {arguments.folder}")
    clips = [load(path) for path in paths[:: max(1, len(paths) // arguments.clips)]]
    clips = clips[: arguments.clips]
    warnings.simplefilter("ignore")

    features = build_features(PLAIN)
    found = {}
    print(f"{len(clips)} clips; CPU ms per second of audio")
    print(f"{'':26s}{'librosa':>9s}{'emodist':>9s}{'ratio':>9s}{'shared':>9s}")
    for name, plain in PLAIN.items():
        ours = frames(name, features[name])
        shared_s = with_spectrogram(ours, clips, arguments.rounds)
        times = interleaved([plain, lambda y: ours(Analysis(y))], clips, arguments.rounds)  # noqa: B023
        report(found, name, *times, shared_s)
    for name, (settings, plain) in PITCHES.items():
        track = build_features(["f0"], {"f0": settings})["f0"].track
        rounds = 1 if "pyin" in name else arguments.rounds
        times = interleaved([plain, lambda y: track(Analysis(y))], clips, rounds)  # noqa: B023
        report(found, name, *times)

    def plain_loop(y):
        return [plain(y) for plain in PLAIN.values()]

    def plain_loop_with_functionals(y):
        return [plain_functionals(plain(y)) for plain in PLAIN.values()]

    def our_frames(y):
        analysis = Analysis(y)
        return [frames(name, feature)(analysis) for name, feature in features.items()]

    times = interleaved([plain_loop, our_frames], clips, arguments.rounds)
    report(found, "all, frames", *times)
    calls = [plain_loop_with_functionals, lambda y: extract(y, features, FUNCTIONALS)]
    times = interleaved(calls, clips, arguments.rounds)
    report(found, "all, with functionals", *times)

    for name, added in added_by(OWN, clips, arguments.rounds).items():
        found[name] = {"added_ms_per_s": added}
        own = "default" if name in DEFAULT else "opt-in"
        print(f"{name:26s}{'':9s}{added:9.3f}   added, {own}", flush=True)

    def plain_loop_with_pitch(y):
        return plain_loop_with_functionals(y), plain_functionals(PITCHES["f0 (yin)"][1](y))

    defaults = build_features()
    calls = [plain_loop_with_pitch, lambda y: extract(y, defaults, FUNCTIONALS)]
    report(found, "all defaults", *interleaved(calls, clips, arguments.rounds))
    duration_s = sum(map(len, clips)) / SAMPLE_RATE
    figures = {"n_clips": len(clips), "duration_s": duration_s, "calls": found}
    record.save(arguments, figures)


def added_by(names, clips, rounds):
    """Milliseconds per second of audio of each feature, once those before it are there."""
    shared = build_features(name for name in DEFAULT if name not in names)
    own = build_features(names)
    spent = {name: [0.0] * (rounds + 1) for name in names}
    for turn in range(rounds + 1):  # the first round compiles
        for y in clips:
            analysis = Analysis(y)
            for feature in shared.values():
                feature.compute(analysis, FUNCTIONALS)
            for name, feature in own.items():
                start = time.process_time()
                feature.compute(analysis, FUNCTIONALS)
                spent[name][turn] += time.process_time() - start
    duration_s = sum(len(y) for y in clips) / SAMPLE_RATE
    return {name: np.median(times[1:]) / duration_s * 1000 for name, times in spent.items()}


def with_spectrogram(ours, clips, rounds):
    """Milliseconds per second of audio where the spectrogram has been computed before."""
    spent = []
    for _ in range(rounds):
        total = 0.0
        for y in clips:
            analysis = Analysis(y)
            _ = analysis.magnitude
            start = time.process_time()
            ours(analysis)
            total += time.process_time() - start
        spent.append(total)
    return np.median(spent) / (sum(len(y) for y in clips) / SAMPLE_RATE) * 1000


def load(path):
    y, rate = soundfile.read(path, dtype="float32", always_2d=True)
    y = y.mean(axis=1)
    return y if rate == SAMPLE_RATE else librosa.resample(y, orig_sr=rate, target_sr=SAMPLE_RATE)


if __name__ == "__main__":
    main()
