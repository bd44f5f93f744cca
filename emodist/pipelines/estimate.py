"""What a featurize job will take, predicted from a sample of its files that is really processed.

Files are drawn systematically, ordered by suffix and size, each with a probability that is half an
equal share and half its share of the predicted sound: many small files and a few huge ones are
both represented. Weights are the inverse probabilities, calibrated within each suffix so that the
sample has the number of files and the bytes of the whole input (generalized regression estimator:
Särndal, Swensson & Wretman, *Model Assisted Survey Sampling* (1992), ch. 6).

What each file of the sample costs is measured in `emodist.pipelines.sample`.
"""

import collections
import os
import resource
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emodist.errors import ConfigError
from emodist.media import plan, spans, speech
from emodist.media.files import MediaFile
from emodist.media.listing import media_files, none_found
from emodist.media.settings import FeaturizeSettings
from emodist.pipelines import sample

SAMPLE_FILES = 24
TOTALS = ("failed", "audio_s", "segments", "work_s", "bytes")


def predict(
    settings: FeaturizeSettings,
    n_files: int = SAMPLE_FILES,
    n_cpus: int | None = None,
) -> dict[str, Any]:
    """What `featurize` with these settings will take; nothing is written to `settings.out`.

    Parameters
    ----------
    n_files : int
        About so many files are processed; all of them if there are not more.
    n_cpus : int, optional
        Of the machine or cluster that will do the work; default: this machine's.

    Returns
    -------
    dict
        `files`; `failed`, `audio_h`, `segments`, `cpu_h`, `output_bytes`; `uncertainty`, twice the
        standard error of each of those (from leaving out one sampled file at a time; noise of the
        machine is not in it); `wall_h` with `n_cpus`; `worker_bytes` and `driver_bytes`, peak
        memory of each; `cost` if there is a price; and what it rests on: `sampled_files`,
        `sampled_s` of sound, `is_complete` if those are all the files. Ray's start is not in it.

    Raises
    ------
    ConfigError
        If there are no media files, or a number is out of range.
    """
    n_cpus = (os.cpu_count() or 1) if n_cpus is None else n_cpus
    for name, value in (("sample", n_files), ("cpus", n_cpus)):
        if value < 1:
            raise ConfigError(f"{name} must be at least 1; got {value}")
    listing = media_files(settings.path)
    listed: Iterable[MediaFile] = listing
    if settings.segments is not None:
        listed = spans.attached(listing, settings).files
    corpus = settings.build_corpus().opened(settings.path)
    files = sorted(
        plan.known(listed, corpus), key=lambda f: (_suffix(f), f.size_bytes or 0, f.path)
    )
    if not files:
        raise none_found(settings.path, listing.aside)
    settings = speech.settled(settings)
    predicted_s = np.array([plan.audio_s(f.path, f.size_bytes) for f in files])
    chance = _chances(predicted_s, n_files)
    drawn = _draw(chance)
    sampled = sample.run([files[i] for i in drawn], settings)

    def totals(kept: NDArray[np.int_]) -> NDArray[np.float64]:
        weights = _weights([_suffix(f) for f in files], predicted_s, chance, drawn[kept])
        return weights @ [[getattr(sampled.files[k], name) for name in TOTALS] for k in kept]

    everyone = np.arange(len(drawn))
    total = dict(zip(TOTALS, totals(everyone).tolist(), strict=True))
    spread = dict(zip(TOTALS, _spread(totals, everyone, chance[drawn] < 1).tolist(), strict=True))
    total["bytes"] += sampled.group_bytes * max(1, round(total["bytes"] / plan.GROUP_BYTES))
    n_workers = settings.workers or n_cpus
    start_s = sampled.driver_start_s + n_workers * sampled.worker_start_s
    longest_s = max(s.work_s for s in sampled.files)
    wall_s = sampled.driver_start_s + sampled.worker_start_s
    wall_s += max(total["work_s"] * sampled.waiting / min(n_workers, n_cpus), longest_s)
    cpu_h = (start_s + total["work_s"]) / 3600
    price = settings.price_per_cpu_h

    def named(values: dict[str, float], cpu_h: float) -> dict[str, float]:
        return {
            "failed": values["failed"],
            "audio_h": values["audio_s"] / 3600,
            "segments": values["segments"],
            "cpu_h": cpu_h,
            "output_bytes": values["bytes"],
        }

    return {
        "files": len(files),
        "listing": [*listing.aside.told(), *corpus.notes()],
        **named(total, cpu_h),
        "uncertainty": named(spread, spread["work_s"] / 3600),
        "wall_h": wall_s / 3600,
        "n_cpus": n_cpus,
        "n_workers": n_workers,
        "worker_bytes": sampled.worker_bytes,
        "driver_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "sampled_files": len(drawn),
        "sampled_s": sum(s.tried_s for s in sampled.files),
        "is_complete": len(drawn) == len(files)
        and all(s.tried_s == s.audio_s for s in sampled.files),
        **({} if price is None else {"price_per_cpu_h": price, "cost": price * cpu_h}),
    }


def text(estimate: dict[str, Any]) -> str:
    """The prediction as a short table for a person."""
    error = estimate["uncertainty"]
    rows = {
        "files": f"{estimate['files']}",
        "will fail": f"{estimate['failed']:.0f} ± {error['failed']:.0f}",
        "sound": _time(estimate["audio_h"], error["audio_h"]),
        "segments": f"{estimate['segments']:.0f} ± {error['segments']:.0f}",
        "output": f"{estimate['output_bytes'] / 1e6:.1f} ± {error['output_bytes'] / 1e6:.1f} MB",
        "CPU time": _time(estimate["cpu_h"], error["cpu_h"]),
        "wall time": f"{_time(estimate['wall_h'])} on {estimate['n_cpus']} CPUs",
        "memory": f"{estimate['n_workers']} workers of {estimate['worker_bytes'] / 1e6:.0f} MB, "
        f"driver {estimate['driver_bytes'] / 1e6:.0f} MB",
    }
    if "cost" in estimate:
        rows["cost"] = f"{estimate['cost']:.4g} at {estimate['price_per_cpu_h']:g} for a CPU hour"
    basis = (
        f"{estimate['sampled_files']} of {estimate['files']} files, "
        f"{estimate['sampled_s']:.0f} s of sound"
    )
    return "\n".join(
        [
            *estimate.get("listing", ()),
            *(f"{name:10} {value}" for name, value in rows.items()),
            f"all files were processed ({basis}): only times and memory are predicted"
            if estimate["is_complete"]
            else f"predicted from {basis}; ± is twice the standard error of the sample",
        ]
    )


def _time(hours: float, error: float | None = None) -> str:
    unit, size = ("s", 1 / 3600) if hours < 1 / 30 else ("min", 1 / 60) if hours < 2 else ("h", 1)
    return f"{hours / size:.1f}{'' if error is None else f' ± {error / size:.1f}'} {unit}"


def _suffix(file: MediaFile) -> str:
    return PurePosixPath(file.path).suffix.lower()


def _chances(predicted_s: NDArray[np.float64], n_files: int) -> NDArray[np.float64]:
    """The probability with which each file is drawn; they add up to `n_files`, or are all 1.

    Examples
    --------
    >>> _chances(np.array([1.0, 1.0, 1.0, 97.0]), 2)
    array([0.33333333, 0.33333333, 0.33333333, 1.        ])
    """
    share = 0.5 / len(predicted_s) + 0.5 * predicted_s / max(predicted_s.sum(), 1e-9)
    chance = np.zeros(len(share))
    while (rest := chance < 1).any() and (n_left := n_files - np.count_nonzero(~rest)) > 0:
        chance[rest] = np.minimum(1, n_left * share[rest] / share[rest].sum())
        if not (chance[rest] >= 1).any():
            break
    return chance


def _draw(chance: NDArray[np.float64]) -> NDArray[np.int_]:
    """Systematic: where the sum of the chances passes 0.5, 1.5, 2.5, ..."""
    passed = np.floor(np.cumsum(chance) + 0.5 - 1e-9).astype(int)
    return np.flatnonzero(np.diff(passed, prepend=0))


def _weights(
    suffixes: list[str],
    predicted_s: NDArray[np.float64],
    chance: NDArray[np.float64],
    drawn: NDArray[np.int_],
) -> NDArray[np.float64]:
    """How many files each drawn one stands for."""
    weights = 1 / chance[drawn]
    present = collections.Counter(suffixes[i] for i in drawn)
    # A rare suffix without a file in the sample is taken to be like the most frequent one.
    usual = present.most_common(1)[0][0]
    group = np.array([suffix if suffix in present else usual for suffix in suffixes])
    for name in present:
        members, mine = group == name, group[drawn] == name
        scale = max(predicted_s[members].mean(), 1e-9)
        x = np.column_stack([np.ones(mine.sum()), predicted_s[drawn][mine] / scale])
        target = np.array([members.sum(), predicted_s[members].sum() / scale])
        w = weights[mine]
        slope = np.linalg.lstsq((x.T * w) @ x, target - x.T @ w, rcond=1e-9)[0]
        calibrated = w * (1 + x @ slope)
        if (calibrated < 0).any():
            calibrated = w * target[1] / max(w @ x[:, 1], 1e-9)
        weights[mine] = calibrated
    return weights


def _spread(totals, everyone, is_chance) -> NDArray[np.float64]:
    """Twice the standard error of the totals, by the jackknife over files drawn by chance."""
    left_out = np.flatnonzero(is_chance)
    if not len(left_out) or len(everyone) < 2:
        return np.zeros(len(TOTALS))
    others = np.array([totals(np.delete(everyone, k)) for k in left_out])
    deviation = others - others.mean(axis=0)
    return 2 * np.sqrt((len(left_out) - 1) / len(left_out) * (deviation**2).sum(axis=0))
