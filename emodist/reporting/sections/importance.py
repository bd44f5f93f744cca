"""What the classifier leans on, and which numbers differ between labels."""

import numpy as np

from emodist import plots
from emodist.reporting import _models
from emodist.reporting._material import Material, Say
from emodist.reporting._page import Page


def add(page: Page, material: Material, say: Say) -> None:
    """What the classifier leans on, and which numbers differ between labels."""
    page.section("importance", "Features")
    able = [r for r in material.evaluations if not r.about["speakers_overlap"]]
    pool = able or material.evaluations
    if pool:
        best = max(pool, key=lambda result: result.about["uar"])
        say("permutation importance")
        rows, note = _models.permutation(material.table, best, material.settings.importance_rows)
        if rows:
            page.figure(
                "importance",
                plots.importance(
                    [f"{row['name']} ({row['n_numbers']})" for row in rows],
                    np.array([row["loss"] for row in rows]),
                    np.array([[row["low"], row["high"]] for row in rows]),
                    "loss of UAR when shuffled, with 95% over speakers",
                    f"{best.name}\n{best.about['protocol']}",
                ),
                f"Permutation importance by feature (how many numbers it has): all numbers of a "
                f"feature are shuffled together among held-out rows, {_models.N_REPEATS} times. "
                f"Features that say the same cover for each other: a small loss does not mean that "
                f"a feature is useless. {best.name}; {best.about['protocol']}.",
            )
        if note:
            page.note(f"Permutation importance of {best.name}: {note}.")
    else:
        page.paragraph("Permutation importance needs an evaluation (--evaluation DIR).")
    if not material.census.classes:
        return
    if material.normed is None:
        page.note("Effect of single numbers: needs the speaker of every row.")
        return
    sample = material.sample
    effects, note = _models.effects(
        material.normed, sample.names, sample.label, sample.people(), material.settings.seed
    )
    if not effects:
        page.note(f"Effect of single numbers: {note}.")
        return
    page.figure(
        "effects",
        plots.importance(
            [row["name"] for row in effects],
            np.array([row["effect"] for row in effects]),
            np.array([[row["low"], row["high"]] for row in effects]),
            "eta squared: share of variance between labels, with 95% over speakers",
        ),
        f"The {len(effects)} numbers that differ most between labels, one at a time: {note}; "
        f"z-score per speaker (transductive); {material.which_rows}. Neighbours in this list often "
        "say the same.",
    )
