"""The files of a recording in `timelines/`: JSON, WebVTT, PNG."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from emodist import plots, storage
from emodist.media import lists, names
from emodist.models.bundle import Bundle
from emodist.predicting import about, timeline, voices
from emodist.predicting.settings import Rules
from emodist.predicting.voices import Basis

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DIGITS = 4


def write(
    out: str,
    parts: Sequence[pa.RecordBatch],
    loaded: Bundle,
    rules: Rules,
    rests_on: Basis | None = None,
) -> None:
    """The files of one recording in `timelines/`, from all its rows of predictions.

    `rests_on` is what is known of the people in it, of a bundle that normalizes them.
    """
    rows = pa.Table.from_batches(parts)
    if rows.num_rows < 2 or not rules.timelines:
        return
    classes = loaded.classes
    steps, spans = timed(rows, classes, rules)
    first = rows.slice(0, 1).to_pylist()[0]
    path = timeline_path(first["uri"], rules.path)

    def named(suffix: str) -> str:
        return storage.join(out, "timelines", names.fitting(f"{path}.{suffix}"))

    if "json" in rules.timelines:
        keys = ("recording_id", "uri", "corpus", "speaker", "audio_sha")
        record = {
            **{name: first[name] for name in keys},
            "bundle": {"uri": rules.bundle, "digest": rules.digest},
            "trained_on": about.trained_on(loaded.card),
            "smooth_s": rules.smooth_s,
            "min_confidence": rules.min_confidence,
            "min_speech_fraction": rules.min_speech_fraction,
            "classes": list(classes),
            **({} if rests_on is None else {"normalized_by": _people(rows, rules, rests_on)}),
            "spans": spans,
            "steps": _columns(steps, classes),
        }
        storage.write(named("json"), json.dumps(record, allow_nan=False).encode())
    if "vtt" in rules.timelines:
        note = f"{first['uri']}\n{about.trained_on(loaded.card)}\n{about.caution(loaded.card)}"
        storage.write(named("vtt"), timeline.vtt(spans, note).encode())
    if "png" in rules.timelines:
        drawn = figure(first["uri"], steps, spans, classes)
        storage.write(named("png"), plots.png(drawn))


def timed(
    rows: pa.Table, classes: Sequence[str], rules: Rules
) -> tuple[timeline.Steps, list[dict[str, Any]]]:
    """One recording in time, from all its rows of predictions: steps and spans."""
    # A window that is only unsure still counts: its neighbours may agree with it.
    why = np.array(rows["reason"].to_pylist(), object)
    why[why == timeline.UNSURE] = None
    steps = timeline.smooth(
        rows["start_s"].to_numpy(),
        rows["end_s"].to_numpy(),
        np.column_stack([rows[f"p_{name}"].to_numpy() for name in classes]).astype(np.float64),
        why,
        rules.smooth_s,
        rules.min_confidence,
    )
    return steps, timeline.spans(steps, classes)


def figure(
    uri: str, steps: timeline.Steps, spans: Sequence[dict[str, Any]], classes: Sequence[str]
) -> "Figure":
    """The timeline of a recording, which says that it is predicted."""
    title = f"{uri.rsplit('/', 1)[-1]} (predicted)"
    return plots.timeline(steps.start_s, steps.end_s, steps.probabilities, spans, classes, title)


def _people(rows: pa.Table, rules: Rules, rests_on: Basis) -> list[dict[str, Any]]:
    """Whom the normalization of a recording rests on, with all that is known of them."""
    named = rows.group_by(["corpus", "speaker", "uri"]).aggregate([]).to_pylist()
    who = sorted({voices.voice(rules, **row) for row in named})
    return [rests_on[one].to_dict() for one in who if one in rests_on]


def _columns(steps: timeline.Steps, classes: Sequence[str]) -> dict[str, Any]:
    known = steps.label >= 0

    def numbers(values: np.ndarray) -> list[float | None]:
        listed = np.round(values.astype(float), DIGITS).tolist()
        return [value if is_known else None for value, is_known in zip(listed, known, strict=True)]

    return {
        "start_s": steps.start_s.tolist(),
        "end_s": steps.end_s.tolist(),
        "label": [classes[label] if label >= 0 else None for label in steps.label],
        "confidence": numbers(steps.confidence),
        "reason": steps.reason.tolist(),
        "probabilities": {
            name: numbers(steps.probabilities[:, index]) for index, name in enumerate(classes)
        },
    }


def timeline_path(uri: str, root: str) -> str:
    """Where a recording's timeline stands: its path below what was predicted.

    Examples
    --------
    >>> timeline_path("/archive/channel/a.mp4", "/archive")
    'channel/a.mp4'
    >>> timeline_path("/archive/channel/a.mp4", "/archive/channel/a.mp4")
    'a.mp4'
    >>> timeline_path("s3://bucket/b.mp4", "/lists/some.csv")
    'bucket/b.mp4'
    """
    if uri == root:
        return uri.rsplit("/", 1)[-1]
    # A folder may be named like a list.
    folders = [root, root.rpartition("/")[0]] if root.lower().endswith(lists.SUFFIXES) else [root]
    for folder in folders:
        if uri.startswith(folder + "/"):
            return uri[len(folder) + 1 :]
    return uri.partition("://")[2] or uri.lstrip("/")
