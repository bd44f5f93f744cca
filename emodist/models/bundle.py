"""A bundle: a trained classifier in a folder, with all that is needed to use it and to judge it.

- `bundle.json`: settings, classes, the numbers it wants by name, how features were made and in
  which table, its cross-validated metrics, the fingerprint and the licence of its data, versions;
- `model.skops`: the fitted pipeline, in a format that runs no code when it is loaded;
- `rows.parquet`: the keys of the rows that it learned from.
"""

import dataclasses
import hashlib
import importlib.metadata
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import skops.io

import emodist
from emodist import registry, storage
from emodist.errors import ConfigError, OutputError
from emodist.learning import calibration, classifier, evaluation
from emodist.learning.dataset import Dataset
from emodist.learning.settings import TrainSettings
from emodist.models import network_bundle
from emodist.plugins import folders
from emodist.tables import parquet, schema

PACKAGES = ("scikit-learn", "imbalanced-learn", "skops", "numpy")
FILES = ("model.skops", "rows.parquet", "bundle.json")
# What makes a bundle the bundle that it is; how a network learned stands beside it.
CONTENT = {*FILES, "model.keras"}
# Paths stay at home: a bundle is given to others.
ROWS = pa.schema(
    [
        schema.SEGMENTS.field(name)
        for name in ("recording_id", "segment", "corpus", "speaker", "label", "audio_sha")
    ]
)


@dataclasses.dataclass(frozen=True, eq=False)
class Bundle:
    """A classifier ready to use; `about` is what `bundle.json` holds."""

    model: Any
    about: dict[str, Any]

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(self.about["classes"])

    def probabilities(self, data: Dataset) -> np.ndarray:
        """Of rows that need no label, shape (n_rows, n_classes); see `predict`."""
        return self.predict(data.x, data.names)

    def predict(self, x: np.ndarray, names: np.ndarray) -> np.ndarray:
        """Probabilities, shape (n_rows, n_classes).

        Parameters
        ----------
        x : array, shape (n_rows, n_numbers)
            Scaled per speaker, if the bundle was trained so (`training.inputs`).
        names : the flat column names of `x`

        Raises
        ------
        ConfigError
            If the numbers are not those that the classifier was trained on.
        """
        wanted = self.about["names"]
        if list(names) != wanted:
            missing = [name for name in wanted if name not in set(names)]
            what = f"{missing[0]} is missing" if missing else "there are others or another order"
            raise ConfigError(
                f"the bundle was trained on other numbers: {what}; featurize with the settings "
                "in bundle.json"
            )
        return calibration.apply_temperature(
            self.model.predict_proba(np.asarray(x, np.float64)), self.about["temperature"]
        )


def save(
    uri: str,
    model: Any,
    temperature: float,
    data: Dataset,
    settings: TrainSettings,
    result: evaluation.Evaluation,
    featurized: dict[str, Any],
    origin: dict[str, Any] | None = None,
) -> None:
    """Write a bundle; its `bundle.json` appears last.

    Parameters
    ----------
    uri : str
        Folder, local or `s3://`.
    featurized : dict
        How the table was made: the settings in its `run.json`.
    origin : dict, optional
        Where it lies and by which versions it was made (`dataset.origin`).

    Raises
    ------
    OutputError
        If the place cannot be written, or holds something else.
    """
    if storage.names(uri) - set(FILES):
        raise OutputError(f"{uri} holds other files; choose another --out")
    _, classes = data.targets()
    about = {
        "emodist": emodist.__version__,
        "settings": settings.identity(),
        "classes": list(classes),
        "names": [str(name) for name in data.names],
        "temperature": temperature,
        "featurized": featurized,
        "origin": {key: value for key, value in (origin or {}).items() if key != "settings"},
        "metrics": result.to_dict(),
        "data": card(data),
        "inputs": {
            "mean": np.round(data.x.mean(axis=0, dtype=np.float64), 6).tolist(),
            "std": np.round(data.x.std(axis=0, dtype=np.float64), 6).tolist(),
        },
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "model.skops")
        skops.io.dump(model, file)
        storage.write(storage.join(uri, "model.skops"), file.read_bytes())
    save_rows(uri, data)
    storage.write(storage.join(uri, "bundle.json"), (json.dumps(about, indent=2) + "\n").encode())


def load(uri: str) -> Bundle | network_bundle.NetworkBundle:
    """A bundle from its folder, local or `s3://`: of a classifier or of a network.

    Both have `classes`, `about` and `probabilities(data)`.

    Raises
    ------
    ConfigError
        If there is none, or its model holds types that its classifier does not name.
    """
    uri = storage.absolute(uri)
    try:
        about = json.loads(storage.read(storage.join(uri, "bundle.json")))
        if about.get("kind") == "network":
            return network_bundle.load(uri, about)
        content = storage.read(storage.join(uri, "model.skops"))
    except FileNotFoundError:
        raise ConfigError(f"{uri} is no bundle: it has no bundle.json and model.skops") from None
    trusted = types(about.get("settings", {}), uri)
    strange = set(skops.io.get_untrusted_types(data=content)) - set(trusted)
    if strange:
        raise ConfigError(f"{uri}/model.skops holds {sorted(strange)[0]}, which is not loaded")
    return Bundle(skops.io.loads(content, trusted=trusted), about)


def types(settings: Mapping[str, Any], uri: str) -> list[str]:
    """What a model with these settings may hold beside the types that skops trusts by itself.

    Its own file says so, be it a plugin: nothing else is loaded, whatever the bundle names.

    Raises
    ------
    ConfigError
        If it is a plugin that is not in force, or another version of it.
    """
    folders.check(uri, settings.get("plugin_files", {}))
    if "model" not in settings:
        return list(classifier.TRUSTS)
    entry = registry.build("estimators", settings["model"], **settings["model_settings"])
    return [*classifier.TRUSTS, *getattr(entry, "trusts", ())]


def save_rows(uri: str, data: Dataset) -> None:
    """`rows.parquet` of a bundle."""
    keys = [pa.array(getattr(data, name), ROWS.field(name).type) for name in ROWS.names]
    with parquet.writer(storage.join(uri, "rows.parquet"), ROWS) as write:
        write(pa.RecordBatch.from_arrays(keys, schema=ROWS))


def rows(uri: str) -> pa.Table:
    """Keys of the rows that a bundle learned from; none if it does not keep them."""
    fs, path = storage.filesystem(storage.join(uri, "rows.parquet"))
    return pq.read_table(path, filesystem=fs) if fs.exists(path) else ROWS.empty_table()


def digest(uri: str) -> str:
    """Hash of all files of a bundle: which one it is, wherever it lies."""
    found = hashlib.sha256()
    for name in sorted(storage.names(uri) & CONTENT):
        content = storage.read(storage.join(uri, name))
        found.update(f"{name}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()


def card(data: Dataset) -> dict[str, Any]:
    """What a result says of the rows that it comes from."""
    corpora = sorted(set(data.corpus.astype(str)))
    return {
        "fingerprint": fingerprint(data),
        "n_rows": len(data),
        "n_speakers": len(set(data.people())),
        "corpora": {name: licence(name) for name in corpora},
    }


def fingerprint(data: Dataset) -> str:
    """Hash of the rows that a model learned from: which segments, labels and numbers."""
    digest = hashlib.sha256(np.ascontiguousarray(data.x).tobytes())
    for row in zip(data.recording_id, data.segment, data.label, strict=True):
        digest.update(repr(row).encode())
    return digest.hexdigest()


def licence(corpus: str) -> str:
    """Of a corpus by its name; a corpus that emodist does not know is the user's."""
    if corpus not in registry.names("corpora"):
        return "unknown"
    entry: Any = registry.get("corpora", corpus)
    return entry.licence
