"""The model of a classifier's bundle: written by skops, which runs no code when it is loaded."""

import dataclasses
import importlib.metadata
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import skops.io

from emodist import registry, storage
from emodist.errors import ConfigError
from emodist.learning import calibration, classifier, doubts, speaker_norm, temperature
from emodist.learning.dataset import Dataset
from emodist.learning.evaluation import Evaluation
from emodist.learning.settings import TrainSettings
from emodist.learning.speaker_norm import Statistics
from emodist.learning.temperature import Temperature
from emodist.models.card import Card, Inputs, Learned
from emodist.models.opened import Opened
from emodist.plugins import folders

FILE = "model.skops"
PACKAGES = ("scikit-learn", "imbalanced-learn", "skops", "numpy")


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ClassifierBundle(Opened):
    """A classifier ready to use: a fitted scikit-learn pipeline, and what `bundle.json` says."""

    def inputs(self, data: Dataset) -> np.ndarray:
        wanted = self.card.names
        if tuple(data.names) != wanted:
            missing = [name for name in wanted if name not in set(data.names)]
            what = f"{missing[0]} is missing" if missing else "there are others or another order"
            raise ConfigError(
                f"the bundle was trained on other numbers: {what}; featurize with the settings "
                "in bundle.json, and load its columns"
            )
        return data.x

    def probabilities(self, data: Dataset, statistics: Statistics | None = None) -> np.ndarray:
        x = self.inputs(data)
        if self.card.speaker_norm:
            known = speaker_norm.of(x, data) if statistics is None else statistics
            x = speaker_norm.scaled(x, speaker_norm.voices(data), known)
        return calibration.apply_temperature(
            self.model.predict_proba(np.asarray(x, np.float64)), self.card.temperature
        )


def describe(
    data: Dataset,
    settings: TrainSettings,
    fitted: Temperature,
    result: Evaluation,
    made: Mapping[str, Any],
) -> Card:
    """The record of a classifier that learned from all of `data`; `made` is `locate.origin`'s."""
    return Card(
        kind="classifier",
        settings=settings.identity(),
        classes=data.targets()[1],
        columns=tuple(dict.fromkeys(map(str, data.columns))),
        names=tuple(map(str, data.names)),
        shape=data.x.shape[1:],
        temperature=fitted.value,
        featurized=dict(made.get("settings", {})),
        origin={key: value for key, value in made.items() if key != "settings"},
        metrics=result.to_dict(),
        notes=(*doubts.of(data, settings), *temperature.notes([fitted])),
        data=Learned.of(data),
        inputs=Inputs(
            tuple(np.round(data.x.mean(axis=0, dtype=np.float64), 6).tolist()),
            tuple(np.round(data.x.std(axis=0, dtype=np.float64), 6).tolist()),
        ),
        versions=versions(),
    )


def write_model(uri: str, model: Any) -> None:
    """`model.skops` in a bundle's folder."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, FILE)
        skops.io.dump(model, file)
        storage.write(storage.join(uri, FILE), file.read_bytes())


def read_model(uri: str, card: Card) -> Any:
    """The pipeline in a bundle's folder.

    Raises
    ------
    ConfigError
        If it is missing, or holds types that its classifier does not name.
    """
    try:
        content = storage.read(storage.join(uri, FILE))
    except FileNotFoundError:
        raise ConfigError(f"{uri} is no bundle: it has no {FILE}") from None
    trusted = _types(card.settings, uri)
    strange = set(skops.io.get_untrusted_types(data=content)) - set(trusted)
    if strange:
        raise ConfigError(f"{uri}/{FILE} holds {sorted(strange)[0]}, which is not loaded")
    return skops.io.loads(content, trusted=trusted)


def _types(settings: Mapping[str, Any], uri: str) -> list[str]:
    """What a model with these settings may hold beside the types that skops trusts by itself.

    Its own file says so, be it a plugin: nothing else is loaded, whatever the bundle names.

    Raises
    ------
    ConfigError
        If it is a plugin that is not in force, or another version of it.
    """
    folders.check(uri, settings.get("plugin_files", {}))
    entry = registry.build("estimators", settings["model"], **settings["model_settings"])
    return [*classifier.TRUSTS, *getattr(entry, "trusts", ())]


def versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in PACKAGES}
