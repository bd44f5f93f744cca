"""Small rows, tables and output folders, for the tests of all rooms."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from emodist.learning import classifier
from emodist.learning.dataset import Dataset
from emodist.learning.evaluation import Evaluation
from emodist.learning.settings import TrainSettings
from emodist.models import bundle as bundles
from emodist.models import classifier_bundle
from emodist.models.card import Card, Learned
from emodist.tables import schema

KEYS = ("recording_id", "uri", "corpus", "speaker", "label", "audio_sha")
RMS = ("rms", (2,), ("rms_mean", "rms_std"))
FEATURES = [RMS, ("f0", (1,), ("f0_mean",)), ("log_mel", (2, 3), ())]


def dataset(x, speakers, labels, apart=False) -> Dataset:
    """Rows of a feature `x`; with `apart`, each column of `x` is one of its own, `x0`, `x1`, ..."""
    n_rows, width = x.shape
    words = {name: np.array([f"{name}{i}" for i in range(n_rows)], object) for name in KEYS}
    words |= {
        "corpus": np.full(n_rows, "media", object),
        "speaker": np.array(speakers, object),
        "label": np.array(labels, object),
    }
    names = np.array([f"x{i}" if apart else f"x_{i}" for i in range(width)], object)
    zeros = np.zeros(n_rows)
    return Dataset(
        x=x.astype(np.float32), names=names, columns=names if apart else np.full(width, "x"),
        segment=zeros.astype(int), start_s=zeros, end_s=zeros + 1, speech_fraction=zeros + 1,
        attributes={}, images={}, **words,
    )  # fmt: skip


def emotional() -> Dataset:
    """Ten voices, each shifted by its own amount, say three things that differ."""
    rng = np.random.default_rng(0)
    labels = np.tile(np.repeat(["angry", "happy", "sad"], 8), 10)
    speakers = np.repeat([f"s{i}" for i in range(10)], 24)
    effect = {"angry": 0, "happy": 1, "sad": 2}
    x = rng.normal(size=(240, 6))
    x[np.arange(240), [effect[label] for label in labels]] += 2.5
    x += np.repeat(rng.normal(size=(10, 6)) * 2, 24, axis=0)
    return dataset(x, speakers, labels)


def speech(n_speakers=8, n_each=12, effect=1.5, n_features=6, seed=0) -> Dataset:
    """Voices that say two things; the first feature tells which, by `effect` spreads."""
    rng = np.random.default_rng(seed)
    n_rows = n_speakers * n_each
    label = np.arange(n_rows) % 2
    x = rng.normal(size=(n_rows, n_features))
    x[:, 0] += effect * label
    speakers = [f"s{i // n_each}" for i in range(n_rows)]
    return dataset(x, speakers, [("happy", "sad")[i] for i in label], apart=True)


def blobs(n_each=20, distance=100.0, seed=0):
    """Three clouds of spread 1, shape (3 n_each, 3), and which cloud each row is of."""
    truth = np.repeat([0, 1, 2], n_each)
    rng = np.random.default_rng(seed)
    return rng.normal(size=(len(truth), 3)) + distance * np.eye(3)[truth], truth


def judged(data, **settings) -> Evaluation:
    """Rows judged out of fold: logistic regression, without calibration, unless said otherwise."""
    chosen = TrainSettings(**{"model": "logistic_regression", "calibrate": False, **settings})
    folds = classifier.make_folds(data, chosen)
    return classifier.judge(data, folds, classifier.out_of_fold(data, folds, chosen), chosen)


def bundle(data, out, settings):
    """A bundle of all rows, loaded again, and its fitted pipeline."""
    fitted, temperature = classifier.fit(data, settings)
    metrics = judged(data, model=settings.model)
    about = classifier_bundle.describe(data, settings, temperature, metrics, {})
    bundles.save(str(out), fitted, about, data)
    return bundles.load(str(out)), fitted


def card(**more) -> Card:
    """What a bundle of a classifier of two classes says, that was not cross-validated."""
    return Card(
        **{
            "kind": "classifier",
            "settings": {"model": "knn", "features": ["rms"], "speaker_norm": True},
            "classes": ("angry", "sad"),
            "columns": ("rms",),
            "names": ("rms_mean", "rms_std"),
            "shape": (2,),
            "temperature": 1.5,
            "featurized": {"job": "featurize"},
            "origin": {"uri": "/tables/a"},
            "metrics": None,
            "data": Learned("ab" * 32, "cd" * 32, 8, 2, {"a": "own"}),
            "versions": {"numpy": "2.3.0"},
            **more,
        }
    )


def table(path: Path, numbers, row_group_size=None, **known) -> str:
    """A feature table in one file, each feature of `numbers` with an array of a row each.

    `known` has other key columns than those made here.
    """
    n_rows = len(next(iter(numbers.values())))
    made = {
        "recording_id": [f"r{index:03d}" for index in range(n_rows)],
        "uri": [f"r{index:03d}.wav" for index in range(n_rows)],
        "segment": [0] * n_rows,
        "start_s": [0.0] * n_rows,
        "end_s": [1.0] * n_rows,
        "corpus": ["acted"] * n_rows,
        **known,
    }
    fields = schema.features([_feature(name, x.shape[1:]) for name, x in numbers.items()])
    columns = [
        schema.column(field, numbers[field.name])
        if field.name in numbers
        else pa.array(made.get(field.name, [None] * n_rows), field.type)
        for field in fields
    ]
    path.parent.mkdir(exist_ok=True)
    pq.write_table(
        pa.Table.from_arrays(columns, schema=fields), path, row_group_size=row_group_size
    )
    return str(path)


def _feature(name, shape):
    elements = tuple(f"{name}_{i}" for i in range(shape[0])) if len(shape) == 1 else ()
    return name, shape, elements


def rows(n=6, corpus="acted", **more):
    """Keys of rows for `output`."""
    return [
        {
            "recording_id": f"{corpus}{index:02d}",
            "segment": 0,
            "uri": f"{index:02d}.wav",
            "corpus": corpus,
            "speaker": f"{index % 3:02d}",
            "label": ("happy", "sad")[index % 2],
            "audio_sha": f"sha{index}",
            "start_s": 0.0,
            "end_s": 1.0,
            "speech_fraction": 0.5,
            **more,
        }
        for index in range(n)
    ]


def output(folder: Path, rows, features=FEATURES, n_files=1) -> str:
    """An output folder. A row is a dict of keys; the rest of it become attributes."""
    fields = schema.features(features)
    recordings = {row["recording_id"]: row for row in rows}.values()
    keys = {*schema.SEGMENTS.names, "extra"}
    described = [
        {
            **{name: row.get(name) for name in schema.RECORDINGS.names},
            "attributes": json.dumps({name: row[name] for name in row if name not in keys}),
        }
        for row in recordings
    ]
    (folder / "features").mkdir(parents=True)
    (folder / "recordings").mkdir()
    (folder / "run.json").write_text("{}")
    kept = pa.Table.from_pylist(described, schema=schema.RECORDINGS)
    pq.write_table(kept, folder / "recordings" / "0.parquet")
    for index in range(n_files):
        part = rows[index::n_files]
        columns = [
            schema.column(field, np.stack([_numbers(row, field) for row in part]))
            if schema.is_feature(field)
            else pa.array([row.get(field.name) for row in part], field.type)
            for field in fields
        ]
        made = pa.Table.from_arrays(columns, schema=fields)
        if "extra" in rows[0]:
            made = made.append_column("extra", pa.array([row["extra"] for row in part]))
        pq.write_table(made, folder / "features" / f"{index}.parquet")
    return str(folder)


def _numbers(row, field):
    """What the features of a row are: its number, then one more for each element."""
    width = getattr(field.type, "storage_type", field.type).list_size
    return float(row["uri"].strip("abu.wv")) + np.arange(width)
