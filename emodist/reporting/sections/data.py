"""Counts, licences, labels and speakers."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from emodist import corpora, plots, registry
from emodist.models import card
from emodist.reporting._material import Material, Say
from emodist.reporting._page import Page


def add(page: Page, material: Material, say: Say) -> None:
    """Counts, licences."""
    census = material.census
    page.section("data", "Data")
    page.facts(
        {
            "table": material.table,
            "rows": f"{census.n_rows:,} segments of {len(census.recordings):,} recordings",
            "length": f"{census.seconds / 3600:.2f} h, all segments together",
            "speakers": f"{len(census.speakers):,} known"
            + (f"; {census.n_without_speaker:,} rows without" if census.n_without_speaker else ""),
            "kind": "SYNTHETIC, made by emodist" if material.is_synthetic else "as recorded",
        }
    )
    rows = []
    for name in census.corpora:
        entry: Any = registry.get("corpora", name) if name in registry.names("corpora") else None
        rows.append(
            [
                name,
                getattr(entry, "title", ""),
                card.licence(name),
                getattr(entry, "citation", ""),
                sum(census.labels[name].values()),
            ]
        )
    page.table(["corpus", "title", "licence", "citation", "rows"], rows)
    for name in census.corpora:
        page.points([f"{name}: {defect}" for defect in _defects(name)])
    n_unlabelled = sum(of[None] for of in census.labels.values())
    if not census.classes:
        page.note(
            "The table has no labels: nothing here can be right or wrong. "
            "Featurize with --corpus, or name labels in a list, to have them."
        )
    else:
        rest = f" {n_unlabelled:,} rows have no label (grey)." if n_unlabelled else ""
        page.figure(
            "labels",
            plots.label_counts(census.labels, material.looks),
            f"Rows of each label, by corpus: all {census.n_rows:,} rows.{rest}",
        )
    if not census.speakers:
        page.note(
            "No speaker is known, so no result on this table can be speaker-independent, and no "
            "number can have an interval over speakers."
        )
        return
    labels = [*census.classes, *([None] if n_unlabelled else [])]
    names = census.speaker_names()
    order = sorted(names, key=lambda key: names[key])
    counts = np.array([[census.speakers[key][label] for label in labels] for key in order])
    page.figure(
        "speakers",
        plots.speaker_counts([names[key] for key in order], labels, counts, material.looks),
        f"Rows of each speaker, divided by label: all {census.n_rows:,} rows"
        + (
            f", of which {census.n_without_speaker:,} without a speaker are not shown."
            if census.n_without_speaker
            else "."
        ),
    )


def _defects(corpus: str) -> Sequence[str]:
    if corpus not in registry.names("corpora"):
        return ()
    entry = registry.get("corpora", corpus)
    assert issubclass(entry, corpora.Corpus)
    return entry.defects
