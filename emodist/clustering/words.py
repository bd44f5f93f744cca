"""What clusters come to, in words."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from emodist import registry

# The z-score of a speaker with fewer rows takes what was said away along with the voice.
LEAST_SPEAKER_ROWS = 5
# Kaufman & Rousseeuw, *Finding Groups in Data* (1990): up to here "no substantial structure".
WEAK_SILHOUETTE = 0.25


def text(about: Mapping[str, Any]) -> str:
    """What came out, in some lines: scores, chosen k, agreement, clusters with an example."""
    settings = about["settings"]
    norm = "z-score per speaker" if settings["speaker_norm"] else "no z-score per speaker"
    lines = [
        f"{settings['algorithm']}, {about['rows']} rows in {about['dimensions']} dimensions "
        f"({about['variance_kept']:.0%} of the variance), {norm}",
        "",
        f"{'k':>4} {'silhouette':>11} {'Calinski-Harabasz':>18} {'Davies-Bouldin':>15} "
        f"{'stability':>10} {'smallest':>9}",
    ]
    for row in about["scores"]:
        lines.append(
            f"{row['k']:4} {_number(row['silhouette']):>11} "
            f"{_number(row['calinski_harabasz'], 1):>18} {_number(row['davies_bouldin']):>15} "
            f"{_number(row['stability']):>10} {row['smallest']:9}"
        )
    lines += ["", _how_chosen(about)]
    if settings["n_resamples"]:
        lines.append(
            f"stability: mean ARI of {settings['n_resamples']} bootstrap draws of "
            f"{about['stability']['resampled']}"
        )
    if about["clusters"]:
        for name, one in (("labels", "a label"), ("speakers", "a speaker")):
            lines.append(_agreement_text(name, one, about[name]))
    if about["noise"]:
        lines.append(f"noise: {about['noise']} rows ({about['noise'] / about['rows']:.0%})")
    lines += [f"note: {note}" for note in about["notes"]]
    if about["clusters"]:
        lines += ["", f"{'cluster':>7} {'rows':>6} {'speakers':>9}   labels; a clip to listen to"]
    for row in about["clusters"]:
        labels = ", ".join(f"{name} {share:.0%}" for name, share in row["labels"].items())
        parts = [part for part in (labels, row["example"]) if part]
        lines.append(f"{row['cluster']:7} {row['rows']:6} {row['speakers']:9}   {'; '.join(parts)}")
    return "\n".join(lines)


def notes(about: Mapping[str, Any], people: np.ndarray) -> list[str]:
    """What the numbers alone do not say, in sentences.

    Parameters
    ----------
    people : the speaker of each row, or None
    """
    settings, notes = about["settings"], []
    if not about["clusters"]:
        notes.append(
            f"{settings['algorithm']} found no clusters, all rows are noise; smaller clusters "
            f"({settings['algorithm']}.min_cluster_size=5) or fewer dimensions (pca=5) may help"
        )
        return notes
    chosen = next(row for row in about["scores"] if row["k"] == about["k"])
    if chosen["silhouette"] <= WEAK_SILHOUETTE:
        notes.append(
            f"a silhouette up to {WEAK_SILHOUETTE} means no clear groups: clusters cut a continuum"
        )
    largest = about["clusters"][0]["rows"] / about["rows"]
    if about["k"] > 1 and largest > 0.9:
        notes.append(f"cluster 0 holds {largest:.0%} of the rows: the others are outliers")
    labels, speakers = about["labels"], about["speakers"]
    if settings["speaker_norm"]:
        sizes = Counter(people)
        n_small = sum(count < LEAST_SPEAKER_ROWS for count in sizes.values())
        if n_small:
            notes.append(
                f"{n_small} of {len(sizes)} speakers have fewer than {LEAST_SPEAKER_ROWS} rows; "
                "the z-score leaves little of them"
            )
    elif speakers and (
        speakers["nmi"] > labels["nmi"]
        if labels
        else speakers["concentration"] - speakers["concentration_by_chance"] > 0.1
    ):
        what = "speakers more than labels" if labels else "speakers"
        notes.append(f"clusters follow {what}; try speaker_norm=true")
    return notes


def _how_chosen(about: Mapping[str, Any]) -> str:
    own = about["k_of_each_index"]
    settings = about["settings"]
    if len(about["scores"]) == 1:
        algorithm: Any = registry.get("clusterers", settings["algorithm"])
        return f"k={about['k']} ({'given' if algorithm.TAKES_K else 'found, not chosen'})"
    if set(own.values()) == {about["k"]}:
        return f"k={about['k']}: all three indices prefer it"
    each = ", ".join(f"{name.replace('_', '-')} {k}" for name, k in own.items())
    return f"k={about['k']}: best mean rank; each index alone prefers {each}"


def _agreement_text(name: str, one: str, agreement: Mapping[str, Any] | None) -> str:
    if agreement is None:
        return f"with {name}: fewer than two are known"
    return (
        f"with {agreement['groups']} {name}: ARI {agreement['ari']:.3f}   "
        f"NMI {agreement['nmi']:.3f}   "
        f"V-measure {agreement['v_measure']:.3f}   purity {agreement['purity']:.3f} (chance "
        f"{agreement['purity_by_chance']:.3f})\n    rows of {one} in its commonest cluster: "
        f"{agreement['concentration']:.3f} (chance {agreement['concentration_by_chance']:.3f})"
    )


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.{digits}f}"
