"""What the features of YAMNet share: the model, the functionals over patches, the names.

They are not computed where sound is decoded. There, `frontend` turns a segment into log-mel
patches; another process runs the network on the patches of many segments, and `reduce` makes rows.
"""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from emodist.errors import ConfigError
from emodist.features._yamnet.aggregate import check, labels, slugs
from emodist.features._yamnet.frontend import log_mel
from emodist.features._yamnet.model import YamnetModel, load
from emodist.features._yamnet.prepared import PUBLISHED, prepare

# One frame of the front end has so many mel bands.
N_BANDS = 64


@dataclass(frozen=True)
class NetworkFeature:
    """A feature that YAMNet computes; see `emodist.features` for the methods of every feature.

    Parameters
    ----------
    model : str
        A SavedModel folder, local or `s3://`, an address for tensorflow_hub, or a folder that was
        prepared from one of these.
    functionals : names, or one text with commas
        `mean`, `std`, `min`, `max` over the patches of a segment.
    """

    model: str = PUBLISHED
    functionals: tuple[str, ...] = ("mean",)

    def __post_init__(self) -> None:
        given: Any = self.functionals
        names = given.split(",") if isinstance(given, str) else given
        if not isinstance(names, list | tuple) or not names:
            raise ConfigError(f"functionals takes a list of names; got {given!r}")
        object.__setattr__(self, "functionals", tuple(str(name).strip() for name in names))
        check(self.functionals)
        if not isinstance(self.model, str) or not self.model:
            raise ConfigError(f"model takes a folder or an address; got {self.model!r}")

    @cached_property
    def about(self) -> dict[str, Any]:
        """Sizes and class names of the model, which is fetched and prepared if it is new."""
        folder = prepare(self.model)
        about = json.loads((folder / "core.json").read_text(encoding="utf-8"))
        with open(folder / "class_map.csv", newline="", encoding="utf-8") as file:
            names = [row["display_name"] for row in csv.DictReader(file)]
        return {**about, "folder": str(folder), "classes": slugs(names)}

    def elements(self) -> Iterable[str]:
        raise NotImplementedError

    def labels(self, functionals: Sequence[str]) -> tuple[str, ...]:
        return tuple(labels(self.name, self.elements(), self.functionals))

    def shape(self, functionals: Sequence[str]) -> tuple[int, ...]:
        return (len(self.labels(functionals)),)

    def compute(self, analysis: Any, functionals: Sequence[str]) -> np.ndarray:
        raise ConfigError(f"{self.name} comes from a network, not from one waveform; featurize")

    def load(self, backend: Literal["auto", "litert", "tensorflow"]) -> YamnetModel:
        """The network, ready to run in this process."""
        return load(self.about["folder"], backend)

    @property
    def name(self) -> str:
        return type(self).__module__.rsplit(".", 1)[-1]

    def reduce(self, embeddings: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """The row of a segment, from its patches' embeddings (n, 1024) and scores (n, 521)."""
        raise NotImplementedError


def frontend(waveform: np.ndarray) -> np.ndarray:
    """What the network needs of a segment: log-mel frames, float32, shape (n_frames, 64)."""
    return log_mel(waveform)
