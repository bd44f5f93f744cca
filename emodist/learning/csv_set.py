"""The three CSV files that scripts of this field pass around; one of them balanced by SMOTE.

- `yamnet_extracted_features.csv`: YAMNet's embedding of each segment, with its label;
- `librosa_extracted_features.csv`: librosa's features, with the label;
- `balanced_dataset.csv`: both, in classes of equal size, with the parents of each synthetic row.

A synthetic row lies between two real ones, mostly of two speakers. Whoever splits the balanced
table at random tests on mixtures of what was trained on: split first, by speaker, and balance the
training side alone, as `emodist train balance=smote` does.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
from imblearn.over_sampling import SMOTE
from sklearn.preprocessing import StandardScaler

from emodist import storage
from emodist.errors import ConfigError
from emodist.learning import classifier, dataset
from emodist.learning.dataset import Dataset
from emodist.tables import formats, locate, schema

LIBROSA = (
    *("mfcc", "chroma_stft", "spectral_centroid", "spectral_bandwidth", "spectral_contrast"),
    *("spectral_rolloff", "spectral_flatness", "zero_crossing_rate", "rms", "tonnetz", "f0"),
)
FILES = ("yamnet_extracted_features.csv", "librosa_extracted_features.csv", "balanced_dataset.csv")
BATCH_ROWS = 4096


@dataclasses.dataclass(frozen=True, eq=False)
class Synthetic:
    """Rows that SMOTE made: (1 - weight) of parent a and weight of parent b.

    `parent_a` and `parent_b` are row numbers, `weight` is within 0 and 1, `label` that of both
    parents; all have shape (n_synthetic,).
    """

    parent_a: np.ndarray
    parent_b: np.ndarray
    weight: np.ndarray
    label: np.ndarray

    def __len__(self) -> int:
        return len(self.label)

    def x(self, data: Dataset) -> np.ndarray:
        """The numbers of the rows, float32, shape (n_synthetic, n_numbers)."""
        weight = self.weight[:, None]
        mixed = (1 - weight) * data.x[self.parent_a] + weight * data.x[self.parent_b]
        return mixed.astype(np.float32)


def smote(data: Dataset, seed: int = 0) -> Synthetic:
    """What brings every class to the size of the largest one.

    Neighbours are nearest in scaled features; else those in hertz would decide alone.

    Raises
    ------
    ConfigError
        If a row has no label, or a class has too few rows.
    """
    y, classes = data.targets()
    sizes = np.bincount(y)
    if sizes.min() <= classifier.SMOTE_NEIGHBORS:
        raise ConfigError(
            f"SMOTE needs more than {classifier.SMOTE_NEIGHBORS} rows of each class; "
            f"{classes[int(sizes.argmin())]!r} has {sizes.min()}"
        )
    sampler = _Recorded(k_neighbors=classifier.SMOTE_NEIGHBORS, random_state=seed)
    sampler.drawn = []
    sampler.fit_resample(StandardScaler().fit_transform(data.x.astype(np.float64)), y)
    own = {label: np.flatnonzero(y == label) for label in range(len(classes))}
    nothing = [np.empty(0, int)]
    return Synthetic(
        np.concatenate([own[label][a] for label, a, _, _ in sampler.drawn] or nothing),
        np.concatenate([own[label][b] for label, _, b, _ in sampler.drawn] or nothing),
        np.concatenate([weight for *_, weight in sampler.drawn] or [np.empty(0)]),
        np.array([classes[label] for label, a, _, _ in sampler.drawn for _ in a], object),
    )


class _Recorded(SMOTE):
    """SMOTE that remembers which rows it drew between: imbalanced-learn keeps that to itself."""

    drawn: list[tuple[int, np.ndarray, np.ndarray, np.ndarray]]

    def _generate_samples(self, X, nn_data, nn_num, rows, cols, steps, y_type=None, y=None):  # noqa: N803
        self.drawn.append((int(y_type), rows, nn_num[rows, cols], steps[:, 0]))
        return super()._generate_samples(X, nn_data, nn_num, rows, cols, steps, y_type, y)


def csv_set(table: str, folder: str) -> dict[str, Any]:
    """Write the three files of a labelled table; nothing is written if one of them cannot be.

    The first two are streamed. Balancing holds the table's numbers in memory.

    Returns
    -------
    dict
        `files`, `rows`, `synthetic`, and how many rows of each class there were.

    Raises
    ------
    ConfigError
        If the table has no labels, no YAMNet embedding or none of librosa's features.
    """
    source = locate.open_table(table)
    known = [field.name for field in source.schema if schema.is_feature(field)]
    librosa = [name for name in known if name in LIBROSA]
    missing = [] if "yamnet" in known else ["yamnet"]
    missing += [] if librosa else ["mfcc"]
    if missing:
        raise ConfigError(
            f"{table} has no {' and no '.join(missing)}, so the three files cannot be written; "
            f"add what is missing with `{_featurize_command(table, [*known, *missing])}`"
        )
    data = dataset.load(table, [*librosa, "yamnet"])
    rows = data.labelled()
    made = smote(rows if len(rows) else data)
    places = [storage.join(storage.absolute(folder), name) for name in FILES]
    for place, chosen in zip(places, (["yamnet"], librosa), strict=False):
        formats.write(source, place, chosen)
    with (
        storage.new_file(places[-1]) as path,
        pyarrow.csv.CSVWriter(path, _balanced_schema(rows)) as writer,
    ):
        for batch in _balanced(rows, made):
            writer.write_batch(batch)
    classes, sizes = np.unique(rows.label.astype(str), return_counts=True)
    return {
        "files": places,
        "rows": len(rows),
        "synthetic": len(made),
        "unlabelled": len(data) - len(rows),
        "classes": dict(zip(classes.tolist(), sizes.tolist(), strict=True)),
    }


def _balanced_schema(data: Dataset) -> pa.Schema:
    return pa.schema(
        [
            *schema.SEGMENTS,
            ("is_synthetic", pa.bool_()),
            ("parent_a", pa.string()),
            ("parent_b", pa.string()),
            *((str(name), pa.float32()) for name in data.names),
        ]
    )


def _balanced(data: Dataset, made: Synthetic) -> Iterator[pa.RecordBatch]:
    """Real rows, then synthetic ones; what a synthetic row does not have is empty."""
    fields = _balanced_schema(data)

    def batch(n_rows: int, x: np.ndarray, **cells: Any) -> pa.RecordBatch:
        columns = [
            pa.array(cells[name], fields.field(name).type)
            if name in cells
            else pa.nulls(n_rows, fields.field(name).type)
            for name in fields.names[: -x.shape[1]]
        ]
        columns += [pa.array(np.ascontiguousarray(numbers)) for numbers in x.T]
        return pa.RecordBatch.from_arrays(columns, schema=fields)

    for start in range(0, len(data), BATCH_ROWS):
        part = data.select(np.arange(start, min(start + BATCH_ROWS, len(data))))
        keys = {name: getattr(part, name) for name in schema.SEGMENTS.names}
        yield batch(len(part), part.x, is_synthetic=np.zeros(len(part), bool), **keys)
    names = np.array(
        [f"{rec}:{seg}" for rec, seg in zip(data.recording_id, data.segment, strict=True)], object
    )
    x = made.x(data)
    for start in range(0, len(made), BATCH_ROWS):
        these = slice(start, start + BATCH_ROWS)
        a, b = made.parent_a[these], made.parent_b[these]
        one_voice = data.speaker[a] == data.speaker[b]
        yield batch(
            len(a),
            x[these],
            recording_id=[f"synthetic_{start + index}" for index in range(len(a))],
            segment=np.zeros(len(a), np.int32),
            corpus=np.where(data.corpus[a] == data.corpus[b], data.corpus[a], None),
            speaker=np.where(one_voice, data.speaker[a], None),
            label=made.label[these],
            is_synthetic=np.ones(len(a), bool),
            parent_a=names[a],
            parent_b=names[b],
        )


def _featurize_command(table: str, wanted: list[str]) -> str:
    made = locate.origin(table).get("settings", {})
    known = list(dict.fromkeys([*made.get("features", ()), *wanted]))
    return (
        f"emodist featurize {made.get('path', 'PATH')} --corpus {made.get('corpus', 'NAME')} "
        f"--features {','.join(known)} --out NEW_DIR"
    )
