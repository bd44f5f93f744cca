"""From the patches of a segment to one row, and names for its columns."""

import re
import unicodedata
from collections.abc import Iterable

import numpy as np

from emodist.errors import ConfigError
from emodist.registry import suggest

_FUNCTIONALS = {"mean": np.mean, "std": np.std, "min": np.min, "max": np.max}


def aggregate(values: np.ndarray, functionals: Iterable[str] = ("mean",)) -> np.ndarray:
    """Summarize the patches of one segment.

    Parameters
    ----------
    values : float array, shape (n_patches, n_elements)
        Embeddings or scores; at least one patch.
    functionals : names
        `mean`, `std` (population), `min`, `max`.

    Returns
    -------
    float32 array, shape (n_elements, n_functionals)
        Raveled, it has the order of `labels`.

    Raises
    ------
    ConfigError
        If a functional is unknown.

    Examples
    --------
    >>> aggregate(np.array([[1.0, 5.0], [3.0, 5.0]]), ["mean", "std"])
    array([[2., 1.],
           [5., 0.]], dtype=float32)
    """
    values = np.asarray(values, np.float64)
    columns = [_functional(name)(values, axis=0) for name in functionals]
    return np.stack(columns, axis=1).astype(np.float32)


def check(functionals: Iterable[str]) -> None:
    """Refuse unknown functionals with a `ConfigError`."""
    for name in functionals:
        _functional(name)


def _functional(name: str):
    if name not in _FUNCTIONALS:
        raise ConfigError(f"yamnet has no functional {name!r}; {suggest(name, _FUNCTIONALS)}")
    return _FUNCTIONALS[name]


def labels(feature: str, elements: Iterable[str], functionals: Iterable[str]) -> list[str]:
    """Column names `FEATURE_ELEMENT_FUNCTIONAL`, in the order of a raveled `aggregate`.

    Examples
    --------
    >>> labels("yamnet_scores", ["speech", "music"], ["mean"])
    ['yamnet_scores_speech_mean', 'yamnet_scores_music_mean']
    """
    functionals = list(functionals)
    return [f"{feature}_{element}_{name}" for element in elements for name in functionals]


def slugs(class_names: Iterable[str]) -> tuple[str, ...]:
    """Class names as ASCII snake_case, unique: a repeated one gets a number.

    Examples
    --------
    >>> slugs(["Speech", "Child speech, kid speaking", "Bee, wasp, etc.", "Speech"])
    ('speech', 'child_speech_kid_speaking', 'bee_wasp_etc', 'speech_2')
    """
    taken: dict[str, None] = {}
    for name in class_names:
        ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        slug = unique = re.sub(r"[^a-z0-9]+", "_", ascii_name.lower()).strip("_") or "class"
        number = 1
        while unique in taken:
            number += 1
            unique = f"{slug}_{number}"
        taken[unique] = None
    return tuple(taken)
