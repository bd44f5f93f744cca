"""What a bundle says of itself: the record in `bundle.json`, of classifiers and networks alike.

Its `format` (`tables.records`): 1 is that of emodist 0.1, which had another record for networks
than for classifiers; 2 is one for both.
"""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, Literal

import emodist
from emodist import registry, storage
from emodist.errors import ConfigError
from emodist.learning import fingerprint
from emodist.learning.dataset import Dataset
from emodist.tables import records


@dataclasses.dataclass(frozen=True)
class Learned:
    """The rows that a result comes from.

    `fingerprint` is of the rows (`learning.fingerprint.rows`), None in bundles that emodist 0.1
    wrote; `numbers` is of what a classifier saw of them as well. `corpora` has the licence of each.
    """

    fingerprint: str | None
    numbers: str
    n_rows: int
    n_speakers: int
    corpora: dict[str, str]

    @classmethod
    def of(cls, data: Dataset) -> "Learned":
        corpora = sorted(set(data.corpus.astype(str)))
        return cls(
            fingerprint.rows(data),
            fingerprint.numbers(data),
            len(data),
            len(set(data.people()) - {None}),
            {name: licence(name) for name in corpora},
        )

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> "Learned":
        """From its JSON, that of emodist 0.1 too."""
        if "numbers" in record:
            return cls(**record)
        return cls(**{**record, "fingerprint": None, "numbers": record["fingerprint"]})


@dataclasses.dataclass(frozen=True)
class Inputs:
    """Mean and standard deviation of each number in the training rows."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Card:
    """What it takes to use a model and to judge it.

    `settings` are those of the training, `featurized` those of the table, and `origin` says where
    it lies and by which versions it was made. The model takes the feature `columns` (None: all but
    images), whose flat numbers are `names`; of a network, `shape` is that of one row. `metrics` are
    cross-validated, `notes` what a reader must know beside them. `development`, `best_epoch` and
    `n_epochs` say how a network learned.
    """

    format: int = records.FORMATS["bundle.json"]
    kind: Literal["classifier", "network"]
    emodist: str = emodist.__version__
    settings: dict[str, Any]
    classes: tuple[str, ...]
    columns: tuple[str, ...] | None
    names: tuple[str, ...]
    shape: tuple[int, ...]
    temperature: float
    featurized: dict[str, Any]
    origin: dict[str, Any]
    metrics: dict[str, Any] | None
    notes: tuple[str, ...] = ()
    data: Learned
    inputs: Inputs | None = None
    development: dict[str, Any] | None = None
    best_epoch: dict[str, float] | None = None
    n_epochs: int | None = None
    versions: dict[str, str]

    @property
    def model(self) -> str:
        return self.settings["model"]

    @property
    def speaker_norm(self) -> bool:
        """Whether rows are scaled by speaker before the model sees them."""
        return bool(self.settings.get("speaker_norm"))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return json.loads(json.dumps(dataclasses.asdict(self)))


def write(uri: str, card: Card) -> None:
    """`bundle.json` of a bundle's folder; with it the bundle is whole."""
    records.write(storage.join(uri, "bundle.json"), dataclasses.asdict(card))


def read(uri: str) -> Card:
    """The record of a bundle by its folder, local or `s3://`.

    Raises
    ------
    ConfigError
        If there is none, or a later emodist wrote it.
    """
    place = storage.join(uri, "bundle.json")
    try:
        record = records.read(place)
    except FileNotFoundError:
        raise ConfigError(f"{uri} is no bundle: it has no bundle.json") from None
    try:
        return _card(record)
    except KeyError as error:
        raise ConfigError(f"{place} has no {error}; was it written by `emodist train`?") from None


def licence(corpus: str) -> str:
    """Of a corpus by its name; a corpus that emodist does not know is the user's."""
    if corpus not in registry.names("corpora"):
        return "unknown"
    entry: Any = registry.get("corpora", corpus)
    return entry.licence


def _card(record: Mapping[str, Any]) -> Card:
    columns = record.get("columns") or record["settings"].get("features")
    inputs = record.get("inputs")
    optional = ("metrics", "development", "best_epoch", "n_epochs")
    return Card(
        format=record.get("format", 1),
        kind=record.get("kind", "classifier"),
        emodist=record["emodist"],
        settings=record["settings"],
        classes=tuple(record["classes"]),
        columns=None if columns is None else tuple(columns),
        names=tuple(record["names"]),
        shape=tuple(record.get("shape") or [len(record["names"])]),
        temperature=record["temperature"],
        featurized=record["featurized"],
        origin=record.get("origin", {}),
        notes=tuple(record.get("notes", ())),
        data=Learned.read(record["data"]),
        inputs=inputs and Inputs(tuple(inputs["mean"]), tuple(inputs["std"])),
        versions=record["versions"],
        **{name: record.get(name) for name in optional},
    )
