"""A report of a feature table in one HTML file, with its figures as PNG and SVG beside it.

Every number stands with its protocol: what no held-out speaker was asked for is called
descriptive. Nothing is trained here, except that permutation importance fits the classifier of a
given evaluation once more on the same folds.
"""

import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import Any, Literal

from emodist import storage
from emodist.config import Settings, setting
from emodist.errors import ConfigError, OutputError
from emodist.reporting import sections
from emodist.reporting._material import MOST_ROWS, Material
from emodist.reporting._page import Page

RECEIPT = "report.json"


@dataclasses.dataclass(frozen=True)
class ReportSettings(Settings):
    """Table and results in, page out."""

    features: tuple[str, ...] | None = setting(
        None, "which features the maps are made of; null: all but images"
    )
    sample: int = setting(
        2000, f"rows at most in maps, silhouettes and the dendrogram; never above {MOST_ROWS}"
    )
    maps: Literal["both", "tsne", "umap", "none"] = setting(
        "both", "maps of the rows; umap compiles for some ten seconds"
    )
    importance_rows: int = setting(
        20_000, "no permutation importance above so many rows; 0: never (it fits every fold anew)"
    )
    seed: int = setting(0, "of everything random")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, least in {"sample": 10, "importance_rows": 0, "seed": 0}.items():
            if getattr(self, name) < least:
                raise ConfigError(f"{name} must be at least {least}; got {getattr(self, name)}")


def run(
    table: str,
    out: str,
    settings: ReportSettings | None = None,
    evaluations: Sequence[str] = (),
    clusters: str | None = None,
    sweep: str | None = None,
    say: Callable[[str], None] = lambda step: None,
) -> dict[str, Any]:
    """Write `report.html` and the figures.

    Parameters
    ----------
    table : str
        What `emodist featurize` wrote.
    out : str
        A folder that is empty, or holds an earlier report, which is replaced.
    evaluations, clusters, sweep : folders, optional
        What `emodist evaluate`, `cluster` and `tune` wrote with `--out`.
    say : function, optional
        Told what comes next, for progress.

    Returns
    -------
    dict
        `out`, `page`, `sections`, `figures` and `fingerprint`; also in `report.json`.

    Raises
    ------
    ConfigError, OutputError
        If an input is none, or belongs to another table; if `out` holds other files or cannot be
        written.
    """
    settings = settings or ReportSettings()
    out = storage.absolute(out)
    # Wrong inputs are found before anything is deleted or drawn.
    say("counting rows")
    material = Material.gather(table, settings, evaluations, clusters, sweep)
    _make_room(out)
    page = Page(out)
    for section in sections.ALL:
        section.add(page, material, say)
    title, lead = sections.head(material)
    storage.write(storage.join(out, "report.html"), page.html(title, lead).encode())
    summary = {
        "out": out,
        "page": storage.join(out, "report.html"),
        "sections": [section["name"] for section in page.sections],
        "figures": page.figures,
        "fingerprint": material.census.fingerprint,
        "settings": settings.identity(),
    }
    storage.write(storage.join(out, RECEIPT), (json.dumps(summary, indent=2) + "\n").encode())
    return summary


def _make_room(out: str) -> None:
    """Remove an earlier report, and nothing else."""
    there = storage.names(out)
    if there and RECEIPT not in there:
        raise OutputError(f"{out} holds other files, such as {min(there)}; choose another --out")
    if there:
        earlier = json.loads(storage.read(storage.join(out, RECEIPT)))
        for name in {"report.html", *earlier["figures"]} & there:
            storage.remove(storage.join(out, name))
    # Whatever ends this run, the next one may write here too.
    storage.write(storage.join(out, RECEIPT), b'{"figures": []}\n')
