"""A feature table as arrays: what splits, training and clusters work on.

Rows come in one order, by corpus, file and segment, whichever engine or shard wrote them.
"""

import dataclasses
import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emodist import registry
from emodist.corpora import how_to_name_speakers
from emodist.errors import ConfigError
from emodist.learning import splits
from emodist.learning.folds import Fold, renumbered, with_variants
from emodist.tables import locate, schema

KEYS = schema.SEGMENTS.names
ORDER = ("corpus", "uri", "recording_id", "segment")


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """Rows of one or more feature tables.

    `x` is float32, shape (n_rows, n_numbers); `names` are the flat column names of its numbers
    and `columns` the features they belong to. Words are object arrays with None where a table
    has nothing. `attributes` come from the recordings table and from further plain columns;
    `images` are features with two axes, float32, shape (n_rows, ...), only those asked for.
    """

    x: np.ndarray
    names: np.ndarray
    columns: np.ndarray
    recording_id: np.ndarray
    segment: np.ndarray
    start_s: np.ndarray
    end_s: np.ndarray
    uri: np.ndarray
    corpus: np.ndarray
    speaker: np.ndarray
    label: np.ndarray
    audio_sha: np.ndarray
    speech_fraction: np.ndarray
    attributes: dict[str, np.ndarray]
    images: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.recording_id)

    def people(self) -> np.ndarray:
        """Who speaks, as CORPUS/SPEAKER where there are several corpora; None where unknown.

        Speaker 03 of one corpus is not speaker 03 of another.
        """
        if len(set(self.corpus)) < 2:
            return self.speaker
        known = zip(self.corpus, self.speaker, strict=True)
        return _objects(None if who is None else f"{corpus}/{who}" for corpus, who in known)

    def speakers(self) -> np.ndarray:
        """As `people`, for work that needs every speaker.

        Raises
        ------
        ConfigError
            If a speaker is unknown.
        """
        unknown = [speaker is None for speaker in self.speaker]
        if any(unknown):
            how = how_to_name_speakers(set(self.corpus[unknown]))
            raise ConfigError(
                f"every row needs a speaker; {sum(unknown)} of {len(self)} have none, such as "
                f"{self.uri[unknown.index(True)]}. Name them when featurizing ({how})"
            )
        return self.people().astype(str)

    def targets(self) -> tuple[np.ndarray, tuple[str, ...]]:
        """Class of each row as a number, and the names of the classes in order.

        Raises
        ------
        ConfigError
            If a row has no label, or there are fewer than two classes.
        """
        n_unlabelled = sum(label is None for label in self.label)
        if n_unlabelled == len(self):
            raise ConfigError("the table has no labels; featurize with --corpus or a sidecar file")
        if n_unlabelled:
            raise ConfigError(
                f"every row needs a label; {n_unlabelled} of {len(self)} have none "
                "(`labelled()` leaves them out)"
            )
        classes, y = np.unique(self.label.astype(str), return_inverse=True)
        if len(classes) < 2:
            raise ConfigError(f"two classes or more are needed; all rows are {str(classes[0])!r}")
        return y, tuple(map(str, classes))

    def is_variant(self) -> np.ndarray:
        """Which rows are augmented variants: those whose attribute `parent` says of what."""
        parents = self.attributes.get("parent")
        if parents is None:
            return np.zeros(len(self), bool)
        return np.array([bool(parent) for parent in parents], bool)

    def originals(self) -> "Dataset":
        """The rows that are no variants."""
        return self.select(~self.is_variant()) if self.is_variant().any() else self

    def sources(self) -> np.ndarray:
        """The recording that each row was made from; its own, unless it is a variant.

        `parent` names a recording by its id or its file, and may be a variant itself.
        """
        is_variant = self.is_variant()
        if not is_variant.any():
            return self.recording_id
        by_uri = dict(zip(self.uri[~is_variant], self.recording_id[~is_variant], strict=True))
        parents = self.attributes["parent"][is_variant]
        parent = {
            recording: by_uri.get(given, given)
            for recording, given in zip(self.recording_id[is_variant], parents, strict=True)
        }

        def source(recording: str) -> str:
            seen = set()
            while recording in parent and recording not in seen:
                seen.add(recording)
                recording = parent[recording]
            return recording

        return _objects(source(recording) for recording in self.recording_id)

    def folds(self, protocol: str, rng: np.random.Generator | None = None) -> list[Fold]:
        """Folds of a protocol (`splits.make`) over the rows that are no variants.

        Augmented variants are never tested; `with_variants` adds them to what trains.
        """
        rows = self.originals()
        folds = splits.make(
            protocol,
            rows.people(),
            rows.label,
            corpus=rows.corpus,
            attributes=rows.attributes,
            rng=rng,
        )
        return renumbered(folds, np.flatnonzero(~self.is_variant()))

    def with_variants(self, rows: np.ndarray) -> np.ndarray:
        """Training rows and the augmented variants that may train beside them; sorted."""
        return with_variants(rows, self.sources(), self.is_variant())

    def labelled(self) -> "Dataset":
        """The rows that have a label."""
        return self.select(np.array([label is not None for label in self.label], bool))

    def select(self, rows: np.ndarray) -> "Dataset":
        """The given rows: numbers, or a mask."""
        whole = ("names", "columns")
        return dataclasses.replace(
            self,
            **{
                field.name: _rows_of(getattr(self, field.name), rows)
                for field in dataclasses.fields(self)
                if field.name not in whole
            },
        )

    def pick(self, features: Sequence[str]) -> "Dataset":
        """The numbers of the given features only."""
        _known(features, dict.fromkeys([*self.columns, *self.images]))
        chosen = np.isin(self.columns, list(features))
        return dataclasses.replace(
            self,
            x=self.x[:, chosen],
            names=self.names[chosen],
            columns=self.columns[chosen],
            images={name: self.images[name] for name in self.images if name in features},
        )


def load(tables: str | Sequence[str], features: Sequence[str] | None = None) -> Dataset:
    """Rows of one table, or of several with the same feature columns.

    Parameters
    ----------
    tables : str or several
        What `emodist featurize` wrote: the output folder, its `features` or a Parquet file.
    features : names, optional
        Default: all but images. An empty list reads the keys only.

    Raises
    ------
    ConfigError
        If there is no such table or feature, tables do not fit together, a row comes twice, or a
        number is not finite.
    """
    uris = [tables] if isinstance(tables, str) else list(tables)
    if not uris:
        raise ConfigError("no table was named")
    parts = [_read(uri, features) for uri in uris]
    for uri, part in zip(uris, parts, strict=True):
        if list(part.names) != list(parts[0].names) or set(part.images) != set(parts[0].images):
            raise ConfigError(
                f"{uri} has other feature columns than {uris[0]}: "
                f"{_difference(part.names, parts[0].names)}; featurize both with the same "
                "settings, or choose features that both have"
            )
    rows = parts[0] if len(parts) == 1 else _concatenate(parts)
    if not len(rows):
        raise ConfigError(f"{', '.join(uris)} has no rows")
    _no_row_twice(rows)
    _all_finite(rows)
    return rows.select(_order(rows))


def _read(uri: str, features: Sequence[str] | None) -> Dataset:
    table = locate.open_table(uri)
    fields = {field.name: field for field in table.schema}
    if "recording_id" not in fields:
        raise ConfigError(f"{uri} has no column recording_id; is it a table of emodist?")
    known = [name for name, field in fields.items() if schema.is_feature(field)]
    if features is not None:
        _known(features, known)
    wanted = [name for name in known if not _image(fields[name])] if features is None else features
    chosen = [name for name in known if name in wanted]
    flat = [name for name in chosen if not _image(fields[name])]
    plain = [name for name in fields if name not in known]
    columns = [name for name in flat for _ in schema.labels(fields[name])]
    x = np.empty((table.count_rows(), len(columns)), np.float32)
    images = {
        name: np.empty((len(x), *fields[name].type.shape), np.float32)
        for name in chosen
        if name not in flat
    }
    keys = []
    start = 0
    for batch in table.to_batches(columns=plain + chosen):
        stop = start + batch.num_rows
        for name in chosen:
            if batch[name].null_count:
                raise ConfigError(f"{uri}: feature {name} is null in some rows; leave it out")
            numbers = schema.values(batch[name])
            if name in images:
                images[name][start:stop] = numbers.reshape(-1, *images[name].shape[1:])
            else:
                x[start:stop, _span(columns, name)] = numbers
        keys.append(batch.select(plain))
        start = stop
    rows = pa.Table.from_batches(keys, pa.schema([fields[name] for name in plain]))
    attributes = _attributes(uri, rows)
    return Dataset(
        x=x,
        names=np.array([label for name in flat for label in schema.labels(fields[name])], object),
        columns=np.array(columns, object),
        **{name: _key(rows, name) for name in KEYS},
        attributes=attributes,
        images=images,
    )


def _key(rows: pa.Table, name: str) -> np.ndarray:
    arrow_type = schema.SEGMENTS.field(name).type
    if name not in rows.column_names:
        column = pa.chunked_array([pa.nulls(len(rows), arrow_type)])
    else:
        column = rows[name].cast(arrow_type)
    if name == "segment":
        column = pc.fill_null(column, 0)
    if not pa.types.is_string(arrow_type):
        return column.to_numpy()
    return _objects(column.to_pylist())


def _attributes(uri: str, rows: pa.Table) -> dict[str, np.ndarray]:
    """Plain columns beside the keys, and the JSON of the recordings table."""
    own = [name for name in rows.column_names if name not in schema.RECORDINGS.names + KEYS]
    ids = rows["recording_id"].to_pylist()
    described = dict(_described(uri, rows))
    parsed = [described.get(recording, {}) for recording in ids]
    names = dict.fromkeys(name for attributes in parsed for name in attributes)
    joined = {name: _objects(attributes.get(name) for attributes in parsed) for name in names}
    return {**joined, **{name: _objects(rows[name].to_pylist()) for name in own}}


def _described(uri: str, rows: pa.Table) -> Iterable[tuple[str, dict[str, Any]]]:
    """Attributes of each recording; none where the table lies outside an output folder."""
    columns = ["recording_id", "attributes"]
    batches: Iterable[pa.RecordBatch] = []
    if "attributes" in rows.column_names:
        batches = rows.select(columns).to_batches()
    elif out := locate.output_folder(uri):
        batches = locate.table(out, "recordings").to_batches(columns=columns)
    for batch in batches:
        for row in batch.to_pylist():
            yield row["recording_id"], json.loads(row["attributes"] or "{}")


def _concatenate(parts: list[Dataset]) -> Dataset:
    joined: dict[str, Any] = {"names": parts[0].names, "columns": parts[0].columns}
    for field in dataclasses.fields(Dataset):
        if field.name == "attributes":
            names = dict.fromkeys(name for part in parts for name in part.attributes)
            joined["attributes"] = {
                name: np.concatenate(
                    [part.attributes.get(name, np.full(len(part), None, object)) for part in parts]
                )
                for name in names
            }
        elif field.name == "images":
            joined["images"] = {
                name: np.concatenate([part.images[name] for part in parts])
                for name in parts[0].images
            }
        elif field.name not in joined:
            joined[field.name] = np.concatenate([getattr(part, field.name) for part in parts])
    return Dataset(**joined)


def _order(rows: Dataset) -> np.ndarray:
    keys = pa.table({name: pa.array(getattr(rows, name)) for name in ORDER})
    return pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in ORDER]).to_numpy()


def _no_row_twice(rows: Dataset) -> None:
    seen = set(zip(rows.recording_id, rows.segment.tolist(), strict=True))
    if len(seen) < len(rows):
        raise ConfigError(
            f"{len(rows) - len(seen)} rows come twice (same recording_id and segment); "
            "was one table named twice?"
        )


def _all_finite(rows: Dataset) -> None:
    n_bad = (~np.isfinite(rows.x)).sum(axis=0)
    bad = [f"{rows.names[index]} ({n_bad[index]} rows)" for index in np.flatnonzero(n_bad)]
    bad += [name for name, image in rows.images.items() if not np.isfinite(image).all()]
    if bad:
        more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
        raise ConfigError(
            f"numbers that are not finite: {', '.join(bad[:5])}{more}; leave the feature out"
        )


def _known(features: Sequence[str], known: Iterable[str]) -> None:
    known = list(known)
    for name in features:
        if name not in known:
            raise ConfigError(f"the table has no feature {name!r}; {registry.suggest(name, known)}")


def _difference(ours: np.ndarray, theirs: np.ndarray) -> str:
    odd = sorted(set(ours) ^ set(theirs))
    return ", ".join(odd[:3]) + (f" and {len(odd) - 3} more" if len(odd) > 3 else "") or "order"


def _span(columns: list[str], name: str) -> slice:
    start = columns.index(name)
    return slice(start, start + columns.count(name))


def _image(field: pa.Field) -> bool:
    return isinstance(field.type, pa.FixedShapeTensorType)


def _rows_of(value: Any, rows: np.ndarray) -> Any:
    if isinstance(value, dict):
        return {name: array[rows] for name, array in value.items()}
    return value[rows]


def _objects(values: Iterable[Any]) -> np.ndarray:
    listed = list(values)
    array = np.empty(len(listed), object)
    array[:] = listed
    return array
