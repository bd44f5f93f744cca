"""Changes of a sound that keep its words and its emotion, one file each.

An entry is a frozen dataclass whose settings are ranges, with two methods:

- `draw(rng)`: the parameters of one variant, plain numbers and words, so that a table can say
  what was done;
- `apply(waveform, sample_rate, rng, **parameters)`: the changed waveform, float32; `rng` is for
  what is random besides the parameters, such as the samples of a noise.

Only `time_stretch` changes the length. Nothing is clipped: values may leave [-1, 1], as those of
a float file may. Digital silence stays silence. The same generator gives the same samples.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from emodist import registry

# What every entry has; the registry says which is missing.
NEEDED = ("draw", "apply")


def apply(
    waveform: np.ndarray,
    sample_rate: int,
    drawn: Mapping[str, Mapping[str, Any]],
    rng: np.random.Generator,
) -> np.ndarray:
    """A waveform after the named augmentations, one after another, with the drawn parameters.

    Parameters
    ----------
    waveform : float32 array, shape (n_samples,)
    sample_rate : int, Hz
    drawn : parameters by name, as in `{"time_stretch": {"rate": 0.9}}`
    rng : Generator

    Examples
    --------
    >>> apply(np.ones(2, np.float32), 16_000, {"gain": {"gain_db": -20}}, np.random.default_rng(0))
    array([0.1, 0.1], dtype=float32)
    """
    for name, parameters in drawn.items():
        entry = registry.get("augmentations", name)()
        waveform = entry.apply(waveform, sample_rate, rng, **parameters)
    return waveform
