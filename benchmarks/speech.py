"""Who finds speech in real meetings, who takes other sound for it, and what that costs.

    python benchmarks/speech.py [FOLDER]      default: AMI's excerpts beside the repository

FOLDER holds sound files, each with who speaks when beside it as `.rttm`. Frames of 10 ms are
speech where anybody speaks; F1 is that of all frames of all files together. Rain, music and bells
are SYNTHETIC (`tests/audio/sounds.py`). Costs are CPU time in one thread, the median of five.
"""

# ruff: noqa: E402 (the number of threads must be set before numpy is loaded)

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import record
from features import DATA

from emodist import features
from emodist.audio import decode, silero, speech
from emodist.audio.segments import Segmentation, loud_frames, speech_fraction
from emodist.predicting.settings import LEAST_SPEECH

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.audio import sounds

SR = 16_000
FRAME_S = 0.01
WINDOW_S = 4.0
ROUNDS = 5


def turns(file):
    """Start and end of each turn in an RTTM file, seconds."""
    rows = [line.split() for line in file.read_text().splitlines()]
    found = [(float(row[3]), float(row[4])) for row in rows if row[:1] == ["SPEAKER"]]
    return [(start, start + length) for start, length in found]


def frames(spans, n_frames):
    is_speech = np.zeros(n_frames, bool)
    for start, end in spans:
        is_speech[round(start / FRAME_S) : round(end / FRAME_S)] = True
    return is_speech


def by_level(waveform):
    """Frames above the floors of their window of 4 s, as `speech_fraction` counts them."""
    size = round(WINDOW_S * SR)
    windows = [waveform[at : at + size] for at in range(0, len(waveform), size)]
    is_loud = np.concatenate([loud_frames(window) for window in windows])
    at = np.arange(len(waveform) // round(FRAME_S * SR)) * FRAME_S // 0.025
    return is_loud[np.minimum(at.astype(int), len(is_loud) - 1)]


def widened(is_speech):
    """The same, with pauses filled and ends padded as Silero's stretches are."""
    edges = np.flatnonzero(np.diff(np.pad(is_speech.astype(int), 1)))
    joined = []
    for start, end in edges.reshape(-1, 2) * FRAME_S:
        if joined and start - joined[-1][1] < speech.GAP_S:
            joined[-1][1] = end
        else:
            joined.append([start, end])
    padded = [(max(0.0, start - speech.PAD_S), end + speech.PAD_S) for start, end in joined]
    return frames(padded, len(is_speech))


def with_defaults(waveform):
    """As faster-whisper finds speech with Silero's own numbers."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    own = VadOptions(min_speech_duration_ms=250, min_silence_duration_ms=100, speech_pad_ms=30)
    found = get_speech_timestamps(waveform.copy(), own)
    return [(part["start"] / SR, part["end"] / SR) for part in found]


def f1(found, truth):
    found, truth = np.concatenate(found), np.concatenate(truth)
    n_right = np.count_nonzero(found & truth)
    return {
        "f1": 2 * n_right / (np.count_nonzero(found) + np.count_nonzero(truth)),
        "precision": n_right / np.count_nonzero(found),
        "recall": n_right / np.count_nonzero(truth),
    }


def agreement(folder, model):
    files = sorted(file for file in folder.iterdir() if file.with_suffix(".rttm").exists())
    files = [file for file in files if file.suffix != ".rttm"]
    truth, found = [], {name: [] for name in ("silero", "defaults", "energy", "widened", "all")}
    for file in files:
        waveform = np.concatenate(list(decode.blocks(str(file))))
        n_frames = len(waveform) // round(FRAME_S * SR)
        truth.append(frames(turns(file.with_suffix(".rttm")), n_frames))
        found["silero"].append(frames(speech.spans([waveform], model), n_frames))
        found["defaults"].append(frames(with_defaults(waveform), n_frames))
        found["energy"].append(by_level(waveform))
        found["widened"].append(widened(found["energy"][-1]))
        found["all"].append(np.ones(n_frames, bool))
    pooled = {name: f1(parts, truth) for name, parts in found.items()}
    each = {
        file.stem: f1([part], [true])["f1"]
        for file, part, true in zip(files, found["silero"], truth, strict=True)
    }
    return {"pooled": pooled, "each": each, "n_files": len(files),
            "duration_s": sum(map(len, truth)) * FRAME_S}  # fmt: skip


def taken_for_speech(model):
    """The share of windows of 4 s in which `predict` would name an emotion."""
    cut = Segmentation(segment_s=WINDOW_S, hop_s=1.0)
    shares = {}
    for name in ("rain", "music", "bells"):
        waveform = getattr(sounds, name)(60.0)
        level = [speech_fraction(one.waveform) for one in cut.cut([waveform])]
        told = [one.speech_fraction for one in speech.judged(cut.cut, [waveform], model)]
        shares[name] = {
            "energy": float(np.mean(np.array(level) >= LEAST_SPEECH["energy"])),
            "silero": float(np.mean(np.array(told) >= LEAST_SPEECH["silero"])),
        }
    return shares


def cost(folder, model):
    """CPU ms for a second of sound: decoding, all default features, telling speech."""
    files = sorted(file for file in folder.iterdir() if file.suffix in (".flac", ".wav"))
    waveforms = [np.concatenate(list(decode.blocks(str(file)))) for file in files]
    built = features.build_features(features.DEFAULT)
    cut = Segmentation(segment_s=WINDOW_S)
    work = {
        "decode": lambda: [list(decode.blocks(str(file))) for file in files],
        "features": lambda: [
            features.extract(segment.waveform, built)
            for waveform in waveforms
            for segment in cut.cut([waveform])
        ],
        "energy": lambda: [
            speech_fraction(segment.waveform)
            for waveform in waveforms
            for segment in cut.cut([waveform])
        ],
        "silero": lambda: [list(speech.judged(cut.cut, [one], model)) for one in waveforms],
    }
    seconds = sum(map(len, waveforms)) / SR
    taken = {name: [] for name in work}
    for _ in range(ROUNDS + 1):
        for name, call in work.items():
            start_s = time.process_time()
            call()
            taken[name].append(time.process_time() - start_s)
    # The first round compiles and warms up.
    return {name: statistics.median(times[1:]) / seconds * 1e3 for name, times in taken.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DATA.parent / "ami")
    record.add_option(parser)
    given = parser.parse_args()
    model = silero.Silero()
    found = agreement(given.folder, model)
    for name, one in found["pooled"].items():
        print(f"{name:9} F1 {one['f1']:.3f}   precision {one['precision']:.3f}   recall "
              f"{one['recall']:.3f}")  # fmt: skip
    print("silero, each:", " ".join(f"{name} {value:.3f}" for name, value in found["each"].items()))
    shares, taken = taken_for_speech(model), cost(given.folder, model)
    for name, one in shares.items():
        print(f"{name:9} windows taken for speech: energy {one['energy']:.0%}, silero "
              f"{one['silero']:.0%}")  # fmt: skip
    print("CPU ms for a second:", " ".join(f"{name} {ms:.2f}" for name, ms in taken.items()))
    figures = {**found, "taken_for_speech": shares, "ms_per_s": taken}
    record.save(given, figures)


if __name__ == "__main__":
    main()
