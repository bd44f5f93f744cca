"""The sections of a report, one file each, in the order of the page.

Each has one function, `add(page, material, say)`, which adds the items of its section; `say` hears
of what takes long.
"""

from pathlib import PurePosixPath

from emodist.reporting._material import Material
from emodist.reporting.sections import (
    clusters,
    data,
    evaluations,
    examples,
    importance,
    maps,
    provenance,
    sweep,
)

ALL = (data, examples, maps, clusters, evaluations, importance, sweep, provenance)


def head(material: Material) -> tuple[str, list[str]]:
    """Title and first lines."""
    census = material.census
    lead = []
    if material.is_synthetic:
        lead.append(
            "SYNTHETIC data: no person speaks here. The numbers show that the pipeline works, and "
            "say nothing about its quality on speech."
        )
    several = len(census.corpora) > 1
    lead.append(
        f"{census.n_rows:,} segments of {len(census.recordings):,} recordings, "
        f"{len(census.speakers):,} known speakers, {len(census.classes):,} labels, "
        f"{len(census.corpora)} {'corpora' if several else 'corpus'} "
        f"({', '.join(census.corpora)})."
    )
    best = [r for r in material.evaluations if not r.about["speakers_overlap"]]
    if best:
        top = max(best, key=lambda result: result.about["uar"])
        lead.append(f"Best speaker-independent result given: {top.name}, {top.headline}.")
    return f"Report of {PurePosixPath(material.table).name}", lead
