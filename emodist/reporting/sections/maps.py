"""t-SNE and UMAP, plain and with a z-score per speaker."""

from collections.abc import Mapping

import numpy as np

from emodist import plots
from emodist.plots.maps import cluster_looks
from emodist.reporting import _maps
from emodist.reporting._material import DESCRIPTIVE, Material, Say
from emodist.reporting._page import Page


def add(page: Page, material: Material, say: Say) -> None:
    """t-SNE and UMAP, plain and with a z-score per speaker."""
    page.section("maps", "Maps of the rows")
    methods = {"both": ("tsne", "umap"), "none": ()}.get(
        material.settings.maps, (material.settings.maps,)
    )
    if not methods:
        page.paragraph("Left out (maps=none).")
        return
    sample = material.sample
    if len(sample) < _maps.LEAST_ROWS or not sample.x.shape[1] or not np.ptp(sample.x, 0).any():
        page.note(
            f"No map: it needs {_maps.LEAST_ROWS} rows that differ; the table has {len(sample)}."
        )
        return
    versions = {"plain": sample.x.astype(np.float64)}
    if material.normed is not None:
        versions["z-score per speaker"] = material.normed
    panels = {}
    wanted = [(method, version) for method in methods for version in versions]
    for number, (method, version) in enumerate(wanted, start=1):
        title = f"{_maps.TITLES[method]}, {version}"
        say(f"map {number} of {len(wanted)}: {title}, of {material.which_rows}")
        panels[title] = _maps.plane(versions[version], method, material.settings.seed)
    page.paragraph(
        "Each point is a segment; neighbours sound alike in the chosen features. Distances between "
        "islands and their sizes mean little. With a z-score per speaker, the shift between voices "
        "is taken out with each speaker's own rows (transductive)."
    )
    if material.normed is None:
        page.note("Some speakers are unknown: no map with a z-score per speaker.")
    groups: dict[str, tuple[list[str | None], Mapping[str, plots.Look] | None]] = {}
    if material.census.classes:
        groups["label"] = (sample.label.tolist(), material.looks)
    cluster_of = material.cluster_of
    if cluster_of is not None:
        numbers = [None if cell is None else int(cell) for cell in cluster_of]
        shapes = cluster_looks([cell for cell in numbers if cell is not None])
        groups["cluster"] = ([None if n is None else str(n) for n in numbers], shapes)
    people = sample.people()
    if any(who is not None for who in people):
        groups["speaker"] = (people.tolist(), None)
    if not groups:
        groups["row"] = ([None] * len(sample), {})
    rows = []
    for name, (of, own) in groups.items():
        n_groups = len(set(of) - {None})
        legend = f" The {n_groups} speakers are shades without a legend."
        page.figure(
            f"maps_{name}",
            plots.maps(panels, of, own, name),
            f"{', '.join(_maps.TITLES[method] for method in methods)} of {material.which_rows}, "
            + (
                "coloured by nothing: no label, cluster or speaker is known"
                if name == "row"
                else f"coloured by {name}"
            )
            + f" ({DESCRIPTIVE})."
            + (legend if name == "speaker" and n_groups > plots.theme.MOST_COLORS else ""),
        )
        for title, at in panels.items():
            share = _maps.neighbours(at, of)
            if share is not None:
                rows.append([name, title, *share])
    if rows:
        page.table(
            ["neighbours of the same", "map", "share", "by chance"],
            rows,
            f"Share of the {_maps.N_NEIGHBORS} nearest rows on the map that have the same label, "
            f"cluster or speaker; {material.which_rows}, {DESCRIPTIVE}. Where the share of the "
            "same speaker is far above chance, a random split would test voices it has heard.",
        )
