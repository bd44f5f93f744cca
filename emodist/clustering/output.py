"""The folder of `emodist cluster`: what it holds, and how it is written."""

import csv
import dataclasses
import io
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from emodist import plots, storage
from emodist.clustering.clusters import KEYS, Clustering, cluster, without_nan
from emodist.clustering.settings import ClusterSettings
from emodist.learning import dataset
from emodist.tables import claim, parquet, records

PLOTS: dict[str, Literal["scores", "rows"]] = {"silhouette.png": "scores", "scatter.png": "rows"}
FILES = ("clusters.parquet", "scores.csv", "examples.csv", "clusters.json", *PLOTS)


def run(table: str, settings: ClusterSettings, out: str | None = None) -> Clustering:
    """Cluster a table, and write what came out if there is an `out`.

    Raises
    ------
    ConfigError, OutputError
        If the table does not fit the settings, or `out` holds other files or cannot be written.
    """
    if out is not None:
        out = storage.absolute(out)
        claim.no_strangers(out, FILES)
    clustering = cluster(dataset.load(table, settings.features).originals(), settings)
    if out is None:
        return clustering
    save(clustering, out)
    return dataclasses.replace(clustering, out=out)


def save(clustering: Clustering, out: str) -> None:
    """Write all files."""
    out = storage.absolute(out)
    # `clusters.json` last: it says that the rest is there and belongs together.
    for name in ("clusters.json", *PLOTS):
        storage.remove(storage.join(out, name))
    rows = clustering.to_arrow()
    with parquet.writer(storage.join(out, "clusters.parquet"), rows.schema) as write:
        for batch in rows.to_batches():
            write(batch)
    _write_csv(storage.join(out, "scores.csv"), clustering.scores)
    _write_csv(storage.join(out, "examples.csv"), _example_rows(clustering))
    for name, what in PLOTS.items():
        storage.write(storage.join(out, name), plots.png(clustering.plot(what)))
    records.write(storage.join(out, "clusters.json"), clustering.about)


def _example_rows(clustering: Clustering) -> list[dict[str, Any]]:
    return [
        {
            "cluster": label,
            "rank": rank,
            "distance": round(float(clustering.distance[row]), 6),
            **{name: getattr(clustering.data, name)[row] for name in KEYS},
        }
        for label, rows in clustering.examples.items()
        for rank, row in enumerate(rows, 1)
    ]


def _write_csv(uri: str, rows: Sequence[Mapping[str, Any]]) -> None:
    lines = io.StringIO()
    if rows:
        writer = csv.DictWriter(lines, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows([without_nan(row) for row in rows])
    storage.write(uri, lines.getvalue().encode())
