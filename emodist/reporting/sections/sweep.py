"""What a sweep found: its scores, its best trials and its picture."""

import math
from collections.abc import Mapping
from typing import Any

import pyarrow.compute as pc

from emodist import storage
from emodist.reporting._material import Material, Say
from emodist.reporting._page import Page
from emodist.tables import locate, records

N_TRIALS = 10


def add(page: Page, material: Material, say: Say) -> None:
    """Scores, best trials and the picture of a sweep."""
    if material.sweep is None:
        return
    page.section("sweep", "Sweep")
    folder = material.sweep
    about = records.read(storage.join(folder, "sweep.json"))
    conclusion = about.get("found")
    if conclusion is None:
        page.note("The sweep is not finished; the command that began it does the rest.")
        return
    page.facts(_facts(about, conclusion))
    for note in conclusion.get("notes", ()):
        page.note(f"{note}.")
    head, rows, caption = _trials(storage.join(folder, "trials.parquet"), about, conclusion)
    page.table(head, rows, caption)
    page.picture(
        "sweep",
        storage.read(storage.join(folder, "sweep.png")),
        f"Scores of the trials, the best so far (optimistic); {conclusion['protocol']}.",
    )
    advice = (
        "The nested score is of settings that were chosen anew without each fold's test speakers."
        if conclusion.get("nested")
        else "No speakers were held out: it says how well the rows group, and not what they mean."
    )
    page.paragraph(
        f"The best of many trials looks better than it is: its number chose it. {advice} "
        f"best.yaml in {folder} has the chosen settings."
    )


def _facts(about: Mapping[str, Any], conclusion: Mapping[str, Any]) -> dict[str, str]:
    counts = about["trials"]
    facts = {
        "tuned": about["settings"]["kind"],
        "trials": ", ".join(f"{number} {status}" for status, number in counts.items())
        + f", in {len(about['searches'])} search{'es' * (len(about['searches']) > 1)}",
        "protocol": conclusion["protocol"],
    }
    if conclusion.get("nested"):
        low, high = conclusion["nested_interval_95"]
        facts["selected score (optimistic)"] = f"UAR {conclusion['selected_score_optimistic']:.3f}"
        facts["nested score (unbiased)"] = (
            f"UAR {conclusion['nested_score_unbiased']:.3f} (95% {_number(low)} to "
            f"{_number(high)}; chance {conclusion['chance']:.3f})"
        )
    facts["best"] = _words(conclusion["best"]["values"])
    return facts


def _trials(
    uri: str, about: Mapping[str, Any], conclusion: Mapping[str, Any]
) -> tuple[list[str], list[list[Any]], str]:
    """The best trials of the search that chose the settings, which is the first one."""
    table = locate.open_table(uri).to_table()
    is_first = pc.field("search") == about["searches"][0]
    is_done = (pc.field("status") == "done") & pc.field("score").is_valid()
    rows = table.filter(is_first & is_done).to_pylist()
    rows.sort(key=lambda row: (-row["score"], row["number"]))
    cells = [
        [str(row["number"]), row["score"], _words({name: row[name] for name in about["space"]})]
        for row in rows[:N_TRIALS]
    ]
    score = conclusion.get("score", "score")
    caption = f"The {len(cells)} best of {len(rows)} trials with a score; {conclusion['protocol']}."
    return ["trial", f"{score} (optimistic)", "settings"], cells, caption


def _words(values: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in values.items() if value is not None) or "-"


def _number(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.3f}"
