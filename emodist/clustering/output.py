"""The folder of `emodist cluster`: what it holds, and how it is written."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from emodist import plots, storage
from emodist.clustering.clusters import Clustering, at_most, cluster, without_nan
from emodist.clustering.settings import ClusterSettings
from emodist.learning import dataset
from emodist.tables import claim, parquet, schema

PLOTS = ("silhouette.png", "scatter.png")
FILES = ("clusters.parquet", "scores.csv", "examples.csv", "clusters.json", *PLOTS)
KEYS = ("recording_id", "segment", "start_s", "end_s", "uri", "corpus", "speaker", "label")


def run(table: str, settings: ClusterSettings, out: str) -> Clustering:
    """Cluster a table and write what came out.

    Raises
    ------
    ConfigError, OutputError
        If the table does not fit the settings, or `out` holds other files or cannot be written.
    """
    out = storage.absolute(out)
    claim.no_strangers(out, FILES)
    found = cluster(dataset.load(table, settings.features).originals(), settings)
    save(found, out)
    return found


def save(found: Clustering, out: str) -> None:
    """Write all files."""
    out = storage.absolute(out)
    # `clusters.json` last: it says that the rest is there and belongs together.
    for name in ("clusters.json", *PLOTS):
        storage.remove(storage.join(out, name))
    fields = pa.schema(
        [
            *(schema.SEGMENTS.field(name) for name in KEYS),
            ("cluster", pa.int32()),
            ("distance", pa.float32()),
            ("confidence", pa.float32()),
        ]
    )
    cells = {name: getattr(found.data, name) for name in KEYS}
    cells["cluster"] = found.cluster
    columns = [pa.array(cells[name], fields.field(name).type) for name in cells]
    for name, numbers in (("distance", found.distance), ("confidence", found.confidence)):
        columns.append(
            pa.array(numbers.astype(np.float32), fields.field(name).type, from_pandas=True)
        )
    with parquet.writer(storage.join(out, "clusters.parquet"), fields) as write:
        write(pa.RecordBatch.from_arrays(columns, schema=fields))
    _write_csv(storage.join(out, "scores.csv"), found.scores)
    _write_csv(storage.join(out, "examples.csv"), _example_rows(found))
    chosen = found.about["settings"]
    rng = np.random.default_rng(chosen["seed"])
    drawn = at_most(chosen["sample"], np.arange(len(found.points)), rng)
    figures = (
        plots.scores_by_k(found.scores, found.about["k"]),
        plots.scatter(found.points, found.cluster, drawn),
    )
    for name, figure in zip(PLOTS, figures, strict=True):
        storage.write(storage.join(out, name), plots.png(figure))
    storage.write_json(storage.join(out, "clusters.json"), found.about)


def _example_rows(found: Clustering) -> list[dict[str, Any]]:
    return [
        {
            "cluster": label,
            "rank": rank,
            "distance": round(float(found.distance[row]), 6),
            **{name: getattr(found.data, name)[row] for name in KEYS},
        }
        for label, rows in found.examples.items()
        for rank, row in enumerate(rows, 1)
    ]


def _write_csv(uri: str, rows: Sequence[Mapping[str, Any]]) -> None:
    lines = io.StringIO()
    if rows:
        writer = csv.DictWriter(lines, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows([without_nan(row) for row in rows])
    storage.write(uri, lines.getvalue().encode())
