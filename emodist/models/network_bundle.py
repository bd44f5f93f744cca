"""The model of a network's bundle: a saved Keras model, from raw rows to calibrated probabilities.

Normalization and temperature are in it, every layer is Keras's own, and it is loaded in Keras's
safe mode, which runs no code from the file.
"""

import dataclasses
import importlib.metadata
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from emodist import storage
from emodist.errors import ConfigError
from emodist.learning import speaker_norm
from emodist.learning.dataset import Dataset
from emodist.learning.speaker_norm import Statistics
from emodist.models.card import Card
from emodist.models.opened import Opened
from emodist.network_training import fitting, sources
from emodist.network_training.learner import predict
from emodist.network_training.tensorflow import import_tensorflow

FILE = "model.keras"
PACKAGES = ("tensorflow", "keras", "ray", "numpy")


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class NetworkBundle(Opened):
    """A network ready to use: a Keras model, and what `bundle.json` says."""

    def inputs(self, data: Dataset) -> np.ndarray:
        x = fitting.source_of(data, self.card.model).x
        names = tuple(map(str, data.names)) or tuple(data.images)
        if (names, x.shape[1:]) != (self.card.names, self.card.shape):
            raise ConfigError(
                f"the bundle was trained on {self._rows(self.card.names, self.card.shape)};"
                f" got {self._rows(names, x.shape[1:])}. Featurize with the settings in "
                "bundle.json, and load its columns"
            )
        return x

    def probabilities(self, data: Dataset, statistics: Statistics | None = None) -> np.ndarray:
        x = self.inputs(data)
        if self.card.speaker_norm:
            known = speaker_norm.of(x, data) if statistics is None else statistics
            x = speaker_norm.scaled(x, speaker_norm.voices(data), known, sources.spread)
            x = x.astype(np.float32)
        said = predict(self.model, x.__getitem__, np.arange(len(data))).astype(float)
        # Rounding of single precision.
        return said / said.sum(axis=1, keepdims=True)

    def __str__(self) -> str:
        if self.judgement is None:
            return text(self.card)
        return f"{dataclasses.replace(self.judgement, notes=())}\n{text(self.card)}"

    @staticmethod
    def _rows(names: tuple[str, ...], shape: tuple[int, ...]) -> str:
        size = " by ".join(map(str, shape))
        return f"{size} numbers a row ({', '.join(names[:2])}{', ...' if len(names) > 2 else ''})"


def text(about: Card) -> str:
    """How a training went, in a few lines."""
    best, dev = about.best_epoch, about.development
    assert best is not None
    line = (
        f"{about.model}: {about.n_epochs} epochs, kept epoch {best['epoch']:.0f}, training loss "
        f"{best['loss']:.3f}"
    )
    notes = "".join(f"\nnote: {note}" for note in about.notes)
    if dev is None:
        return f"{line}; no development speakers, so nothing is known of how good it is{notes}"
    return (
        f"{line}\ndevelopment speakers ({', '.join(dev['speakers'])}): UAR {dev['uar']:.3f}, loss "
        f"{dev['loss']:.3f}; {dev['says']}. `emodist evaluate` has honest numbers{notes}"
    )


def write_model(uri: str, model: Any) -> None:
    """`model.keras` in a bundle's folder."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, FILE)
        model.save(file)
        storage.write(storage.join(uri, FILE), file.read_bytes())


def read_model(uri: str) -> Any:
    """The network in a bundle's folder.

    Raises
    ------
    ConfigError
        If the model is missing, or is not one that Keras loads without running foreign code.
    """
    try:
        content = storage.read(storage.join(uri, FILE))
    except FileNotFoundError:
        raise ConfigError(f"{uri} is no bundle: it has no {FILE}") from None
    _, keras = import_tensorflow()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, FILE)
        file.write_bytes(content)
        try:
            return keras.saving.load_model(file, compile=False, safe_mode=True)
        except (ValueError, TypeError, OSError, KeyError) as error:
            reason = str(error).strip().splitlines()[0]
            raise ConfigError(f"{uri}/{FILE} is not loaded: {reason}") from None


def versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in PACKAGES}
