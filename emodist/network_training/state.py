"""What a training knows: the problem, where it stands, and what it tells of its progress."""

import dataclasses
import io
import json
import math
import zipfile
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from emodist.errors import OutputError
from emodist.network_training.settings import NetworkSettings


@dataclasses.dataclass(frozen=True, eq=False)
class Problem:
    """What is learned, known to every worker before the first row.

    `mean` and `variance` are of the training rows, shape (shape[0],); `class_weight` has one
    number per class; `steps` are global batches of an epoch.
    """

    shape: tuple[int, ...]
    classes: tuple[str, ...]
    mean: np.ndarray
    variance: np.ndarray
    class_weight: np.ndarray
    steps: int
    has_dev: bool


@dataclasses.dataclass(frozen=True)
class Progress:
    """Where a training stands; `row` is the finished epoch, as `history.csv` keeps it."""

    epoch: int
    step: int
    steps: int
    loss: float
    learning_rate: float
    rows_per_s: float
    left_s: float
    row: dict[str, float] | None = None


@dataclasses.dataclass(eq=False)
class State:
    """All that is needed to go on, or to stop: what a checkpoint holds."""

    epoch: int = 0
    best_epoch: int = 0
    best_uar: float = -1.0
    best_loss: float = math.inf
    history: list[dict[str, float]] = dataclasses.field(default_factory=list)
    variables: list[np.ndarray] = dataclasses.field(default_factory=list)
    optimizer: list[np.ndarray] = dataclasses.field(default_factory=list)
    best: list[np.ndarray] = dataclasses.field(default_factory=list)

    def is_over(self, settings: NetworkSettings, has_dev: bool) -> bool:
        """All epochs are done, or the development speakers have not gained for too long."""
        waited = self.epoch - self.best_epoch
        return self.epoch >= settings.epochs or (has_dev and waited >= settings.patience)

    def to_bytes(self) -> bytes:
        data = io.BytesIO()
        about = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        arrays = {
            f"{name}.{index:04}": array
            for name in ("variables", "optimizer", "best")
            for index, array in enumerate(about.pop(name))
        }
        np.savez(data, about=np.array(json.dumps(about)), **arrays)
        return data.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes, where: str) -> "State":
        """A state that `to_bytes` made.

        Raises
        ------
        OutputError
            If it is none.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                about = json.loads(str(file["about"]))
                about |= {"variables": [], "optimizer": [], "best": []}
                for name in sorted(set(file.files) - {"about"}):
                    about[name.partition(".")[0]].append(file[name])
            return cls(**about)
        except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise OutputError(f"{where} is no checkpoint of emodist: {error}") from None


# Called by every worker after a part of an epoch and, with the state, after each epoch.
Heard: TypeAlias = Callable[[Progress, State | None], None]
