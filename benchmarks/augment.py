"""CPU time of the augmentations, beside librosa's and, where installed, audiomentations'.

    python benchmarks/augment.py [FOLDER]

FOLDER holds audio files that soundfile reads (RAVDESS clips by default). All calls go through the
same clips in turn, so that what else the machine does falls on all of them; times are CPU time of
one thread, the median of the rounds. `there and back` says what a stretch by 1.15 and one by
1 / 1.15 leave of a voice: mean difference of the MFCC 1 to 19 in frames of speech.
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

from emodist import registry
from emodist.audio import decode
from emodist.features import DEFAULT, build_features, extract

SR = decode.SAMPLE_RATE
DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "ravdess"
BATCH = 32


def waveform_calls():
    """By name: ours with drawn parameters, then those of the libraries."""
    rng = np.random.default_rng(0)
    calls = {}
    for name in registry.names("augmentations"):
        entry = registry.build("augmentations", name)
        calls[name] = lambda y, entry=entry: entry.apply(y, SR, rng, **entry.draw(rng))
    calls["librosa time_stretch"] = lambda y: librosa.effects.time_stretch(y, rate=1.15)
    calls["librosa pitch_shift"] = lambda y: librosa.effects.pitch_shift(y, sr=SR, n_steps=2)
    try:
        import audiomentations
    except ImportError:
        print("audiomentations is not installed: left out")
    else:
        for name in ("TimeStretch", "PitchShift", "AddColorNoise", "Gain"):
            transform = getattr(audiomentations, name)(p=1.0)
            calls[f"audiomentations {name}"] = lambda y, t=transform: t(y, SR)
    features = build_features(DEFAULT)
    calls["(all default features)"] = lambda y: extract(y, features)
    return calls


def batch_calls():
    calls = {}
    for name in registry.names("batch_augmentations"):
        entry = registry.build("batch_augmentations", name)
        calls[name] = lambda batch, entry=entry: entry.apply(*batch, np.random.default_rng(0))
    return calls


def interleaved(calls, items, rounds):
    """Median CPU milliseconds of each call over all items."""
    for call in calls.values():
        call(items[0])
    spent = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.process_time()
            for item in items:
                call(item)
            spent[name].append(1000 * (time.process_time() - start))
    return {name: float(np.median(times)) for name, times in spent.items()}


def there_and_back(stretch, clips):
    differences = []
    for y in clips:
        back = librosa.util.fix_length(stretch(stretch(y, 1.15), 1 / 1.15), size=len(y))
        before, after = (librosa.feature.mfcc(y=w, sr=SR)[1:] for w in (y, back))
        level = librosa.feature.rms(y=y)[0]
        differences.append(np.abs(after - before)[:, level > 0.1 * level.max()].mean())
    return float(np.mean(differences))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default=DATA)
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=5)
    record.add_option(parser)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    files = sorted(p for p in Path(given.folder).rglob("*") if p.suffix in (".wav", ".flac"))
    files = files[:: max(1, len(files) // given.clips)][: given.clips]
    clips = [np.concatenate(list(decode.blocks(file))) for file in files]
    duration_s = sum(map(len, clips)) / SR
    print(f"{len(clips)} clips, {duration_s:.0f} s\n\nCPU ms per second of audio")
    spent = interleaved(waveform_calls(), clips, given.rounds)
    figures: dict = {"ms_per_s": {name: ms / duration_s for name, ms in spent.items()}}
    for name, ms in figures["ms_per_s"].items():
        print(f"  {name:30} {ms:7.3f}")
    ours = registry.build("augmentations", "time_stretch")
    print("\nthere and back, mean difference of MFCC")
    ways = {
        "time_stretch": lambda y, rate: ours.apply(y, SR, np.random.default_rng(0), rate),
        "librosa time_stretch": lambda y, rate: librosa.effects.time_stretch(y, rate=rate),
    }
    figures["there_and_back"] = {name: there_and_back(way, clips) for name, way in ways.items()}
    for name, difference in figures["there_and_back"].items():
        print(f"  {name:30} {difference:7.2f}")
    rng = np.random.default_rng(0)
    images = rng.uniform(-80, 0, (BATCH, 128, 128)).astype(np.float32)
    y = np.eye(8, dtype=np.float32)[rng.integers(8, size=BATCH)]
    batch = images, y, np.full(BATCH, 1 / BATCH, np.float32)
    print(f"\nCPU ms per batch of {BATCH} images of 128 by 128")
    figures["ms_per_batch"] = interleaved(batch_calls(), [batch], 4 * given.rounds)
    for name, ms in figures["ms_per_batch"].items():
        print(f"  {name:30} {ms:7.2f}")
    record.save(given, figures)


if __name__ == "__main__":
    main()
