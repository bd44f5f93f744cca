"""Clusters: scores by k, silhouettes, dendrogram."""

import dataclasses

import numpy as np
from sklearn.metrics import silhouette_samples

from emodist import plots
from emodist.clustering import clusters, quality
from emodist.clustering.settings import ClusterSettings
from emodist.errors import ConfigError, EmodistError
from emodist.reporting._material import DESCRIPTIVE, Material, Say, tuples
from emodist.reporting._page import Page

MOST_CLUSTERS_TOLD = 20


def add(page: Page, material: Material, say: Say) -> None:
    """Clusters: scores by k, silhouettes, dendrogram."""
    page.section("clusters", "Clusters")
    settings = ClusterSettings(speaker_norm=material.normed is not None)
    if material.clusters is None:
        page.paragraph(
            "No clusters were given. This makes some; the report takes them with --clusters:"
        )
        norm = " speaker_norm=true" if material.normed is not None else ""
        page.command(f"emodist cluster {material.table} --out clusters/{norm}")
    else:
        settings = _cluster_report(page, material, say)
    _tree(page, material, settings)


def _cluster_report(page: Page, material: Material, say: Say) -> ClusterSettings:
    about = material.clustered
    settings = ClusterSettings(**tuples(about["settings"], ClusterSettings))
    norm = "z-score per speaker (transductive)" if settings.speaker_norm else "no z-score"
    basis = f"{settings.algorithm}, {about['rows']:,} rows, {norm}; {DESCRIPTIVE}"
    page.paragraph(f"{basis}.")
    for note in about.get("notes", []):
        page.note(note)
    if len(about["scores"]) > 1:
        drawn = about["stability"]
        page.figure(
            "scores_by_k",
            plots.scores_by_k(about["scores"], about["k"]),
            f"Silhouette of each k, and stability: mean adjusted Rand index of "
            f"{drawn['n_resamples']} bootstrap draws of {drawn['resampled']}. {basis}.",
        )
    cluster_of = material.cluster_of
    assert cluster_of is not None
    kept = np.array([cell is not None and cell >= 0 for cell in cluster_of], bool)
    own = cluster_of[kept].astype(int)
    if 2 <= len(set(own.tolist())) < len(own):
        say("silhouettes")
        points = _points(material, settings)[kept]
        n_noise = int(sum(cell == quality.NOISE for cell in cluster_of))
        rest = f", {n_noise} of them noise and not shown" if n_noise else ""
        page.figure(
            "silhouettes",
            plots.silhouettes(silhouette_samples(points, own), own),
            f"Silhouette of each row within its cluster; rows left of 0 lie nearer to another "
            f"one. {material.which_rows}{rest}; {basis}.",
        )
    told = about["clusters"][:MOST_CLUSTERS_TOLD]
    page.table(
        ["cluster", "rows", "speakers", "commonest labels", "nearest to the centre"],
        [
            [
                str(row["cluster"]),
                row["rows"],
                row["speakers"],
                ", ".join(f"{name} {share:.0%}" for name, share in row["labels"].items()) or "-",
                row["example"] or "-",
            ]
            for row in told
        ],
        f"{len(told)} of {len(about['clusters'])} clusters." * (len(told) < len(about["clusters"])),
    )
    rows = [
        [name, *(agreement[key] for key in ("ari", "nmi", "purity", "purity_by_chance"))]
        for name in ("labels", "speakers")
        if (agreement := about.get(name))
    ]
    if rows:
        page.table(
            ["clusters agree with", "ARI", "NMI", "purity", "purity by chance"], rows, f"{basis}."
        )
    return settings


def _tree(page: Page, material: Material, settings: ClusterSettings) -> None:
    try:
        points = _points(material, settings)
    except EmodistError as error:
        page.note(f"No dendrogram: {error}.")
        return
    norm = ", z-score per speaker (transductive)" if settings.speaker_norm else ""
    page.figure(
        "dendrogram",
        plots.dendrogram(points, material.sample.label.tolist(), material.looks),
        f"How {material.which_rows} join (Ward), in {points.shape[1]} principal components{norm}; "
        f"a leaf is a group of rows, with the share of its commonest label. It is a tree of its "
        f"own, not of the clusters above. {DESCRIPTIVE.capitalize()}.",
    )


def _points(material: Material, settings: ClusterSettings) -> np.ndarray:
    """The sampled rows in the space that was clustered; exactly so if the sample is the table."""
    rows = material.sample
    if settings.speaker_norm:
        if material.normed is None:
            raise ConfigError("some speakers are unknown, and speaker_norm needs them")
        rows = dataclasses.replace(rows, x=material.normed)
        settings = dataclasses.replace(settings, speaker_norm=False)
    if settings.features is not None:
        rows = rows.pick(settings.features)
    return clusters.space(rows, settings)[0]
