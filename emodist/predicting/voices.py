"""Mean and spread of each speaker's own speech, for bundles that were trained with `speaker_norm`.

`training.inputs` does the same for a table in memory; here the table is streamed.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from emodist.errors import ConfigError
from emodist.learning import classifier
from emodist.learning.dataset import Dataset
from emodist.predicting.settings import AnyBundle

# The z-score of a speaker with fewer segments takes what was said away along with the voice.
LEAST_ROWS = 5

# What is known of a speaker's speech: number of rows, mean and sum of squared differences.
Statistics = dict[str, tuple[int, np.ndarray, np.ndarray]]


def statistics(parts: Iterable[Dataset]) -> Statistics:
    """Of every speaker in some rows, in one pass.

    Sums are joined as by Chan, Golub & LeVeque (1983), in the order of the parts, so that the same
    table gives the same numbers.
    """
    found: Statistics = {}
    for data in parts:
        who = speakers(data)
        for speaker in dict.fromkeys(who):
            own = data.x[who == speaker].astype(np.float64)
            found[speaker] = _joined(found.get(speaker), own)
    return found


def is_wanted(about: Mapping[str, Any]) -> bool:
    """Whether a bundle wants rows that are scaled by speaker.

    Raises
    ------
    ConfigError
        If it wants images so, which are not scaled here.
    """
    wanted = bool(about["settings"].get("speaker_norm"))
    if wanted and len(about.get("shape", ())) > 1:
        raise ConfigError(
            "the bundle wants images scaled by speaker, which predict does not do; train it with "
            "speaker_norm=false"
        )
    return wanted


def already_scaled(loaded: AnyBundle) -> AnyBundle:
    """The bundle for rows that are scaled by `scaled`: it shall not do that again by itself."""
    settings = {**loaded.about["settings"], "speaker_norm": False}
    return dataclasses.replace(loaded, about={**loaded.about, "settings": settings})


def scaled(data: Dataset, known: Statistics) -> np.ndarray:
    """The rows with mean 0 and spread 1 for each speaker, as `training.inputs` makes them.

    Rows of a speaker with too few segments are left as they are, and abstain anyway.
    """
    x = data.x.astype(np.float64)
    who = speakers(data)
    for speaker in dict.fromkeys(who):
        n, mean, squares = known.get(speaker, (0, np.empty(0), np.empty(0)))
        if n < LEAST_ROWS:
            continue
        spread = np.sqrt(squares / n)
        own = who == speaker
        x[own] = (x[own] - mean) / np.where(spread > classifier.LEAST_SPREAD, spread, 1.0)
    return x


def speakers(data: Dataset) -> np.ndarray:
    """Who speaks in each row: the corpus's speaker (of a vlog its channel), else the recording."""
    named = zip(data.corpus, data.speaker, data.uri, strict=True)
    return np.array([voice(*row) for row in named], object)


def voice(corpus: str, speaker: str | None, uri: str) -> str:
    """The name under which a speaker's statistics are kept."""
    return f"{corpus}/{speaker}" if speaker else uri


def _joined(
    known: tuple[int, np.ndarray, np.ndarray] | None, x: np.ndarray
) -> tuple[int, np.ndarray, np.ndarray]:
    n, mean = len(x), x.mean(axis=0)
    squares = ((x - mean) ** 2).sum(axis=0)
    if known is None:
        return n, mean, squares
    n_known, mean_known, squares_known = known
    total, step = n_known + n, mean - mean_known
    return (
        total,
        mean_known + step * (n / total),
        squares_known + squares + step**2 * (n_known * n / total),
    )
