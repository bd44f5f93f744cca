"""Acoustic features, one file each, all fed by one shared short-time analysis.

An entry is a frozen dataclass with three methods:

- `labels(functionals)`: the flat column names, one per number, in order;
- `shape(functionals)`: the shape of what `compute` returns;
- `compute(analysis, functionals)`: float32 numbers, always finite;

and, where it has them, the class attributes `unit` and `citation` (BibTeX of its source; one of
emodist's own without a source says in its docstring that it is published by nobody else).

Signal code takes arrays and returns arrays; it has never heard of Ray.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from emodist import registry
from emodist.errors import ConfigError

# What every entry has; the registry says which is missing.
NEEDED = ("labels", "shape", "compute")
DEFAULT = (
    "mfcc",
    "chroma_stft",
    "spectral_centroid",
    "spectral_bandwidth",
    "spectral_contrast",
    "spectral_rolloff",
    "spectral_flatness",
    "zero_crossing_rate",
    "rms",
    "f0",
    "prosody",
    "modulation",
    "mfcc_correlation",
    "mel_contour",
    "log_mel",
)
DEFAULT_FUNCTIONALS = ("mean", "std", "p10", "p90")


def build_features(
    names: Iterable[str] = DEFAULT,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """The named features with their settings, in the order asked for.

    Parameters
    ----------
    names : names of registry entries
    settings : one mapping of settings per feature; a feature without one has its defaults.

    Raises
    ------
    ConfigError
        If a name or a setting is unknown, a value is out of range, or a feature has settings but
        was not asked for.

    Examples
    --------
    >>> build_features(["rms", "mfcc"], {"mfcc": {"n_mfcc": 13}})
    {'rms': Rms(), 'mfcc': Mfcc(n_mfcc=13, n_mels=128, deltas=2, fmin_hz=0.0, fmax_hz=8000.0)}
    """
    names = list(names)
    settings = settings or {}
    for name in settings:
        if name not in names:
            hint = registry.suggest(name, names)
            raise ConfigError(f"settings for {name!r}, which is not among the features; {hint}")
    return {name: registry.build("features", name, **settings.get(name, {})) for name in names}


def check_functionals(functionals: Sequence[str]) -> None:
    """Refuse functionals that `extract` would refuse, before there is a waveform.

    Raises
    ------
    ConfigError
        If one is unknown or named twice, or there is none.

    Examples
    --------
    >>> check_functionals(["mean", "meen"])
    Traceback (most recent call last):
    emodist.errors.ConfigError: there is no functional 'meen'; did you mean 'mean'?
    """
    from emodist.features import _functionals

    _functionals.check(functionals)


def extract(
    waveform: np.ndarray,
    features: Mapping[str, Any],
    functionals: Sequence[str] = DEFAULT_FUNCTIONALS,
    n_fft: int = 2048,
    hop_length: int = 512,
) -> dict[str, np.ndarray]:
    """All features of one waveform, from one shared short-time analysis.

    Parameters
    ----------
    waveform : float array, shape (n_samples,)
        Mono, 16 kHz, nominally within [-1, 1].
    features : what `build_features` returned
    functionals : see `emodist.features._functionals`
    n_fft, hop_length : int, samples

    Returns
    -------
    dict of float32 arrays
        One per feature, of the feature's `shape(functionals)`; always finite.

    Raises
    ------
    AudioError
        If the waveform is not mono, empty, not finite, or far out of range.
    ConfigError
        If a functional is unknown, or n_fft or hop_length is not usable.

    Examples
    --------
    >>> extract(np.full(16000, 0.5, np.float32), build_features(["rms"]), ["max"])
    {'rms': array([0.5], dtype=float32)}
    """
    # Imported here so that a driver that only needs the names stays light.
    from emodist.features._analysis import Analysis

    analysis = Analysis(waveform, n_fft, hop_length)
    return {name: entry.compute(analysis, functionals) for name, entry in features.items()}
