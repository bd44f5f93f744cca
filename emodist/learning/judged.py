"""What evaluation and comparison share: the check at the door, and what few speakers allow."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from emodist.errors import ConfigError
from emodist.learning.folds import OVERLAP, Column

SAYS_NOTHING = f"{OVERLAP}: this says nothing about people who were not in training"
# With fewer speakers a resampled interval is too narrow whatever one does, and a sign-flip test
# has fewer than 256 outcomes.
MIN_SPEAKERS = 8


def checked(
    y_true: Column,
    probabilities: np.ndarray,
    classes: Sequence[str],
    speakers: Column,
    protocol: str,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    y, scores = np.asarray(y_true), np.asarray(probabilities, np.float64)
    if not protocol:
        raise ConfigError("evaluation needs the protocol's name: no number without it")
    if len(classes) < 2:
        raise ConfigError(f"evaluation needs two classes or more; got {list(classes)}")
    if not len(y) or scores.shape != (len(y), len(classes)) or len(speakers) != len(y):
        raise ConfigError(
            f"evaluation needs probabilities of shape (n_rows, {len(classes)}) and a speaker for "
            f"each row; got {len(y)} labels, {scores.shape}, {len(speakers)} speakers"
        )
    # The comparison is false for NaN too.
    if not (np.all(np.abs(scores.sum(axis=1) - 1) < 1e-3) and scores.min() >= 0):
        raise ConfigError("evaluation needs probabilities: none below 0, rows that add up to 1")
    if y.dtype.kind not in "iu":
        place = {str(name): index for index, name in enumerate(classes)}
        unknown = {str(name) for name in y} - set(place)
        if unknown:
            raise ConfigError(f"labels that are no class: {sorted(unknown)}; got {list(classes)}")
        y = np.array([place[str(name)] for name in y])
    if y.min() < 0 or y.max() >= len(classes):
        raise ConfigError(f"labels are places in the {len(classes)} classes; got up to {y.max()}")
    people = np.asarray(speakers, object)
    if any(speaker is None for speaker in people):
        raise ConfigError("evaluation needs every speaker, for its intervals; some are unknown")
    names, who = np.unique(people.astype(str), return_inverse=True)
    return y, scores, who, names


def too_few(n_speakers: int) -> str:
    return (
        f"too few speakers to conclude anything: {n_speakers}, and fewer than {MIN_SPEAKERS} "
        "say too little about others"
    )


def plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
