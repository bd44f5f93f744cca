"""How good predictions are, where the media came with labels of their own."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emodist import storage
from emodist.learning import evaluation, metrics, speaker_norm
from emodist.learning.evaluation import Evaluation
from emodist.learning.folds import OVERLAP
from emodist.models import bundle
from emodist.models.card import Card
from emodist.tables import locate, parquet

KEYS = ("recording_id", "uri", "corpus", "speaker", "audio_sha", "truth", "abstained")
N_SHOWN = 5


def judge(out: str, bundle_uri: str, card: Card) -> Evaluation | None:
    """The predictions in an output folder against the labels of the table.

    All rows with a label count, those too on which the bundle abstains: their most probable class
    is taken. The protocol says whether the bundle has learned from these recordings or people.

    Returns
    -------
    Evaluation, or None
        None where no row has a label that the bundle knows.
    """
    rows = _labelled(out, card.classes)
    truth = np.array(rows["truth"].to_pylist(), object)
    known = np.isin(truth.astype(str), card.classes)
    if not known.any():
        return None
    notes = _strangers(truth[~known])
    rows, truth = rows.filter(pa.array(known)), truth[known].astype(str)
    probabilities = np.column_stack([rows[f"p_{name}"].to_numpy() for name in card.classes])
    protocol, is_seen = _protocol(rows, bundle.rows(bundle_uri))
    if card.speaker_norm:
        protocol += ", z-score per speaker (transductive)"
    sure = ~rows["abstained"].to_numpy(zero_copy_only=False)
    if n_unsure := int((~sure).sum()):
        right = _uar(truth[sure], probabilities[sure], card.classes) if sure.any() else np.nan
        others = f"; UAR {right:.3f} on the others" if np.isfinite(right) else ""
        notes.append(f"it abstains on {n_unsure} of these {len(truth)} rows{others}")
    named = zip(*(rows[key].to_pylist() for key in ("corpus", "speaker", "uri")), strict=True)
    return evaluation.evaluate(
        truth,
        probabilities,
        card.classes,
        [speaker_norm.voice(*who) for who in named],
        ["all"] * len(truth),
        protocol,
        speakers_overlap=is_seen,
        notes=notes,
    )


def text(score: Mapping[str, Any]) -> str:
    """The score in a few lines, from `Evaluation.to_dict`."""
    low, high = score["intervals"]["uar"]
    interval = "no interval of one speaker" if low is None else f"95% {low:.3f} to {high:.3f}"
    lines = [
        f"score on labelled rows, {score['protocol']}:",
        f"  UAR {score['uar']:.3f} ({interval}; chance {score['chance']:.3f})   weighted accuracy "
        f"{score['weighted_accuracy']:.3f}   macro-F1 {score['macro_f1']:.3f}   rows "
        f"{score['n_rows']}   speakers {score['n_speakers']}",
        f"  {score['verdict']}",
        *(f"  note: {note}" for note in score["notes"]),
    ]
    return "\n".join(lines)


def _labelled(out: str, classes: Sequence[str]) -> pa.Table:
    parts = []
    for name in locate.files_of(out, "predictions"):
        uri = storage.join(out, "predictions", name)
        truth = parquet.read(uri, ["truth"])["truth"]
        # An archive has no labels, and many rows.
        if truth.null_count < len(truth):
            columns = [*KEYS, *(f"p_{name}" for name in classes)]
            part = parquet.read(uri, columns)
            parts.append(part.replace_schema_metadata().filter(pc.is_valid(truth)))
    if not parts:
        return pa.table({"truth": pa.array([], pa.string())})
    return pa.concat_tables(parts)


def _protocol(rows: pa.Table, learned: pa.Table) -> tuple[str, bool]:
    """What the bundle has learned of these rows, in words, and whether of the people in them."""
    corpora = ", ".join(sorted({str(name) for name in rows["corpus"].to_pylist()}))
    start = f"the bundle on {corpora}"
    if not learned.num_rows:
        return f"{start}, and it does not say what it learned from", False
    seen = set(learned["audio_sha"].drop_null().to_pylist())
    seen_ids = set(learned["recording_id"].to_pylist())
    pairs = zip(rows["audio_sha"].to_pylist(), rows["recording_id"].to_pylist(), strict=True)
    n_same = sum(sha in seen or recording in seen_ids for sha, recording in pairs)
    if n_same:
        return (
            f"{start}, which LEARNED FROM {n_same} of these {rows.num_rows} rows, {OVERLAP}",
            True,
        )
    people = {who for who in _people(learned) if who[1] is not None}
    if people & set(_people(rows)):
        return f"{start}, other recordings of people it learned from, {OVERLAP}", True
    return f"{start}, whose recordings and speakers it has not learned from", False


def _people(rows: pa.Table) -> list[tuple[str | None, str | None]]:
    return list(zip(rows["corpus"].to_pylist(), rows["speaker"].to_pylist(), strict=True))


def _strangers(labels: np.ndarray) -> list[str]:
    """A note on the labels that the bundle does not know; none if there are none."""
    if not len(labels):
        return []
    common = Counter(labels.tolist()).most_common()
    shown = ", ".join(f"{name} {n}" for name, n in common[:N_SHOWN])
    more = f" and {len(common) - N_SHOWN} more" if len(common) > N_SHOWN else ""
    return [f"without {len(labels)} rows whose labels the bundle does not know: {shown}{more}"]


def _uar(truth: np.ndarray, probabilities: np.ndarray, classes: Sequence[str]) -> float:
    place = {name: index for index, name in enumerate(classes)}
    y = np.array([place[name] for name in truth])
    of = metrics.counts(y, probabilities.argmax(axis=1), None, 1, len(classes))
    return float(metrics.uar(of)[0])
