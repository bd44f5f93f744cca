"""A bundle: a trained model in a folder, with all that is needed to use it and to judge it.

- `bundle.json`: settings, classes, the numbers it wants by name, how features were made and in
  which table, its cross-validated metrics, the fingerprint and the licence of its data, versions
  (`card`);
- `model.skops` of a classifier (`classifier_bundle`) or `model.keras` of a network
  (`network_bundle`), in formats that run no code when they are loaded;
- `rows.parquet`: the keys of the rows that it learned from;
- of a network also `history.csv`, `training_curves.png` and `tensorboard/`: how it learned
  (`network_training.records`).
"""

import hashlib
from typing import Any, TypeAlias

import pyarrow as pa

from emodist import storage
from emodist.learning.dataset import Dataset
from emodist.models import card, classifier_bundle, network_bundle
from emodist.models.card import Card
from emodist.models.classifier_bundle import ClassifierBundle
from emodist.models.network_bundle import NetworkBundle
from emodist.tables import claim, parquet, schema

# Both are `opened.Opened`.
Bundle: TypeAlias = ClassifierBundle | NetworkBundle

# What makes a bundle the bundle that it is; how a network learned stands beside it.
CONTENT = {"bundle.json", "rows.parquet", classifier_bundle.FILE, network_bundle.FILE}
# Paths stay at home: a bundle is given to others.
ROWS = pa.schema(
    [
        schema.SEGMENTS.field(name)
        for name in ("recording_id", "segment", "corpus", "speaker", "label", "audio_sha")
    ]
)


def load(uri: str) -> Bundle:
    """A bundle from its folder, local or `s3://`: of a classifier or of a network.

    Raises
    ------
    ConfigError
        If there is none, a later emodist wrote it, or its model is missing or is one that cannot be
        loaded without running foreign code.
    """
    uri = storage.absolute(uri)
    about = card.read(uri)
    if about.kind == "network":
        return NetworkBundle(network_bundle.read_model(uri), about, uri)
    return ClassifierBundle(classifier_bundle.read_model(uri, about), about, uri)


def save(uri: str, model: Any, about: Card, data: Dataset) -> None:
    """Write a bundle of a model that learned from `data`; its `bundle.json` appears last.

    Raises
    ------
    OutputError
        If the place cannot be written.
    """
    written = network_bundle if about.kind == "network" else classifier_bundle
    written.write_model(uri, model)
    _save_rows(uri, data)
    card.write(uri, about)


def check_place(uri: str) -> None:
    """See that a folder holds nothing but an earlier bundle of a classifier.

    Raises
    ------
    OutputError
        If it does.
    """
    claim.no_strangers(uri, CONTENT - {network_bundle.FILE})


def rows(uri: str) -> pa.Table:
    """Keys of the rows that a bundle learned from; none if it does not keep them."""
    file = storage.join(uri, "rows.parquet")
    return parquet.read(file) if storage.exists(file) else ROWS.empty_table()


def digest(uri: str) -> str:
    """Hash of all files of a bundle: which one it is, wherever it lies."""
    hashed = hashlib.sha256()
    for name in sorted(storage.names(uri) & CONTENT):
        content = storage.read(storage.join(uri, name))
        hashed.update(f"{name}\0{len(content)}\0".encode())
        hashed.update(content)
    return hashed.hexdigest()


def _save_rows(uri: str, data: Dataset) -> None:
    keys = [pa.array(getattr(data, name), ROWS.field(name).type) for name in ROWS.names]
    with parquet.writer(storage.join(uri, "rows.parquet"), ROWS) as write:
        write(pa.RecordBatch.from_arrays(keys, schema=ROWS))
