"""Best trials and the pictures of a sweep."""

import json
from collections.abc import Mapping
from typing import Any

from emodist import storage
from emodist.reporting._material import Material, Say
from emodist.reporting._page import Page
from emodist.tables import locate

N_TRIALS = 10


def add(page: Page, material: Material, say: Say) -> None:
    """Best trials and the pictures of a sweep."""
    if material.sweep is None:
        return
    page.section("sweep", "Sweep")
    folder = material.sweep
    about = json.loads(storage.read(storage.join(folder, "sweep.json")))
    plain = {
        key: value
        for key, value in about.items()
        if isinstance(value, str | int | float | bool) and key != "emodist"
    }
    page.facts(plain)
    names = storage.names(folder)
    if "trials.parquet" in names:
        head, rows, caption = _trials(storage.join(folder, "trials.parquet"), about)
        page.table(head, rows, caption)
    for name in sorted(names):
        if name.endswith(".png"):
            png = storage.read(storage.join(folder, name))
            page.picture(f"sweep_{name.removesuffix('.png')}", png, f"{name} of the sweep.")
    page.text(
        "The best of many trials looks better than it is: its number chose it. Judge the chosen "
        "settings on speakers that no trial has seen."
    )


def _trials(uri: str, about: Mapping[str, Any]) -> tuple[list[str], list[list[Any]], str]:
    """The best trials by the sweep's metric."""
    rows = locate.open_table(uri).to_table().to_pylist()
    metric = about.get("metric") if rows and about.get("metric") in rows[0] else None
    if metric is not None:
        sign = 1 if about.get("mode") == "min" else -1
        rows = [row for row in rows if row[metric] is not None]
        rows.sort(key=lambda row: sign * row[metric])
    kept = [
        name
        for name in (rows[0] if rows else {})
        if any(isinstance(row[name], str | int | float) for row in rows)
    ]
    # Few columns fit on a page: the metric first, then settings as they stand.
    kept.sort(key=lambda name: name != metric)
    order = f"the best by {metric}" if metric else "the first ones: no metric is named"
    protocol = about.get("protocol", "protocol: see the sweep's settings")
    caption = f"{min(N_TRIALS, len(rows))} of {len(rows)} trials, {order}; {protocol}."
    cells = [[_cell(row[name]) for name in kept] for row in rows[:N_TRIALS]]
    return kept, cells, caption


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return "-" if value is None else str(value).lower()
    return value if isinstance(value, int | float) else str(value)
