"""Rows of features in, rows of predictions out, one file at a time.

A file of `predictions/` appears whole and after the timelines of its recordings. It carries a hash
of all that it depends on (bundle, rules, the rows of features, the speakers' statistics): as long
as that holds it is not made again, so a killed run goes on where it was.
"""

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from emodist import storage
from emodist.learning import speaker_norm
from emodist.learning.dataset import Dataset
from emodist.learning.speaker_norm import Statistics
from emodist.models.bundle import Bundle
from emodist.predicting import files, timeline, voices
from emodist.predicting.settings import Rules
from emodist.predicting.voices import Basis
from emodist.tables import locate, parquet, schema

BATCH_ROWS = 4096
# A mean that is so many of the training data's standard deviations away is another world.
FAR_SD = 3.0
DRIFT_FILES = 20
NO_SPEECH, FEW_ROWS, NOT_FINITE = "no speech", "too few segments of this speaker", "not finite"
# Of a window, by the turns of a diarizer.
NOBODY = "no speaker has most of it"
KEY = b"emodist.predicted_from"
# The release since which the same features and rules give the same predictions and timelines: to
# be raised when they come out differently, for then all are made again, and only then.
SINCE = "0.1.0"


def read(uri: str, features: Sequence[str]) -> Iterator[Dataset]:
    """A file of a feature table, some thousand rows at a time, in the file's order."""
    known = parquet.schema_of(parquet.footer(uri))
    fields = [known.field(name) for name in features]
    flat = [field for field in fields if not isinstance(field.type, pa.FixedShapeTensorType)]
    names = np.array([label for field in flat for label in schema.labels(field)], object)
    columns = np.array([field.name for field in flat for _ in schema.labels(field)], object)
    wanted = [*schema.SEGMENTS.names, *features]
    for batch in parquet.batches(uri, wanted, BATCH_ROWS):
        keys = {
            key: np.array(batch[key].to_pylist(), object)
            if pa.types.is_string(batch[key].type)
            else batch[key].to_numpy(zero_copy_only=False)
            for key in schema.SEGMENTS.names
        }
        numbers = [schema.values(batch[field.name]) for field in flat]
        images = {
            field.name: schema.values(batch[field.name]).reshape(-1, *field.type.shape)
            for field in fields
            if field not in flat
        }
        x = np.hstack(numbers) if numbers else np.empty((len(batch), 0), np.float32)
        yield Dataset(x=x, names=names, columns=columns, attributes={}, images=images, **keys)


def _reasons(data: Dataset, rules: Rules, known: Statistics | None = None) -> np.ndarray:
    """Why nothing can be said of a row; None where something can."""
    why = np.full(len(data), None, object)
    if known is not None:
        enough = _enough(known)
        who = speaker_norm.voices(voices.named(data, rules))
        why[np.array([one not in enough for one in who], bool)] = FEW_ROWS
        if rules.speakers == "turns":
            why[_is_nobody(data, known)] = NOBODY
    why[data.speech_fraction < rules.min_speech_fraction] = NO_SPEECH
    for numbers in (data.x, *data.images.values()):
        why[~np.isfinite(numbers).all(axis=tuple(range(1, numbers.ndim)))] = NOT_FINITE
    return why


def _is_nobody(data: Dataset, known: Statistics) -> np.ndarray:
    """Which rows are of no speaker, in recordings that have turns of some."""
    have_turns = [who.partition(voices.JOINT)[0] for who in known if voices.JOINT in who]
    names = [f"{corpus}/{uri}" for corpus, uri in zip(data.corpus, data.uri, strict=True)]
    return timeline.is_none(data.speaker) & np.isin(names, have_turns or [""])


def _enough(known: Statistics) -> Statistics:
    """Of the speakers of whom enough is known to scale their rows."""
    return {who: one for who, one in known.items() if one.n >= speaker_norm.LEAST_ROWS}


def speaker_statistics(
    out: str, rules: Rules, features: Sequence[str], loaded: Bundle
) -> Statistics:
    """Of every speaker in the features of `out`, from segments with speech."""
    parts = (
        data.select(timeline.is_none(_reasons(data, rules)))
        for name in locate.files_of(out, "features")
        for data in read(storage.join(out, "features", name), features)
    )
    return speaker_norm.joined(
        speaker_norm.statistics(loaded.inputs(data), speaker_norm.voices(voices.named(data, rules)))
        for data in parts
    )


def drift(out: str, rules: Rules, features: Sequence[str], loaded: Bundle) -> list[str]:
    """Names of the numbers whose mean over speech here lies far from that of the training data.

    Looks at the first rows of up to `DRIFT_FILES` files; the farthest comes first. None of a bundle
    that scales rows by speaker, or that does not know its inputs.
    """
    inputs = loaded.card.inputs
    if inputs is None or loaded.card.speaker_norm:
        return []
    n_rows, total, names = 0, np.zeros(len(inputs.mean)), np.empty(0, object)
    every = locate.files_of(out, "features")
    for name in every[:: -(-len(every) // DRIFT_FILES) or 1]:
        for data in itertools.islice(read(storage.join(out, "features", name), features), 1):
            usable = timeline.is_none(_reasons(data, rules))
            n_rows += int(usable.sum())
            total += data.x[usable].sum(axis=0, dtype=np.float64)
            names = data.names
    if not n_rows:
        return []
    spread = np.maximum(inputs.std, speaker_norm.LEAST_SPREAD)
    away = np.abs(total / n_rows - inputs.mean) / spread
    order = np.argsort(-away, kind="stable")
    return [str(names[index]) for index in order if away[index] > FAR_SD]


@dataclasses.dataclass(frozen=True, eq=False)
class FileWork:
    """One file of features, the hash of what its predictions depend on, and its speakers."""

    name: str
    key: str
    known: Statistics | None
    rests_on: Basis | None = None


def outstanding(out: str, rules: Rules, features: Sequence[str], loaded: Bundle) -> list[FileWork]:
    """The files of `features/` whose predictions are not there or no longer hold."""
    known, basis = None, None
    if loaded.card.speaker_norm:
        known = speaker_statistics(out, rules, features, loaded)
        basis = voices.basis(out, rules)
    work = []
    for name in locate.files_of(out, "features"):
        uri = storage.join(out, "features", name)
        own, rests_on = None, None
        if known is not None and basis is not None:
            of_file = _voices_of(uri, rules)
            own = {who: known[who] for who in of_file if who in known}
            rests_on = {who: basis[who] for who in of_file if who in basis}
        key = _key(uri, rules, own)
        if not _is_done(out, name, key):
            work.append(FileWork(name, key, own, rests_on))
    return work


def _key(uri: str, rules: Rules, known: Statistics | None) -> str:
    text = dataclasses.asdict(rules)
    # The same bundle in another place gives the same numbers.
    del text["bundle"]
    # As releases did that knew no others.
    if text["speakers"] == "channel":
        del text["speakers"]
    digest = hashlib.sha256(json.dumps([SINCE, text]).encode())
    # Without the length and the mark at its end: as release 0.1.0 did.
    digest.update(storage.size(uri).to_bytes(8, "little") + parquet.footer_bytes(uri)[:-8])
    for speaker, one in (known or {}).items():
        digest.update(f"{speaker}\0{one.n}".encode())
        digest.update(one.mean.tobytes() + one.squares.tobytes())
    return digest.hexdigest()


def _voices_of(uri: str, rules: Rules) -> list[str]:
    rows = parquet.read(uri, ["corpus", "speaker", "uri"])
    named = rows.group_by(["corpus", "speaker", "uri"]).aggregate([]).to_pylist()
    return sorted({voices.voice(rules, **row) for row in named})


def _is_done(out: str, name: str, key: str) -> bool:
    """Whether the predictions for a file of features are there and still hold."""
    uri = storage.join(out, "predictions", name)
    if not storage.exists(uri):
        return False
    return (parquet.footer(uri).metadata or {}).get(KEY) == key.encode()


# What a column of predictions holds beside the keys of its segment; the documents show it.
MEANINGS = {
    "truth": "the label that the corpus gave, if any",
    "p_CLASS": "calibrated probability of a class; those of a row add up to 1",
    "label": "the class that is most probable; null where the model abstained",
    "confidence": "the highest probability",
    "abstained": "whether the row should not be read as a label",
    "reason": f"`{NO_SPEECH}`, `{FEW_ROWS}`, `{NOBODY}`, `{NOT_FINITE}` or `{timeline.UNSURE}`; "
    "else null",
}


def predictions_schema(classes: Sequence[str], key: str) -> pa.Schema:
    keys = [field for field in schema.SEGMENTS if field.name != "label"]
    return pa.schema(
        [
            *keys,
            ("truth", pa.string()),
            *((f"p_{name}", pa.float32()) for name in classes),
            ("label", pa.string()),
            ("confidence", pa.float32()),
            ("abstained", pa.bool_()),
            ("reason", pa.string()),
        ],
        metadata={KEY: key.encode()},
    )


def predict_file(
    out: str, work: FileWork, loaded: Bundle, rules: Rules, features: Sequence[str]
) -> int:
    """Predictions and timelines for one file of `features/`; how many rows it has."""
    fields = predictions_schema(loaded.classes, work.key)
    n_rows = 0
    with parquet.writer(storage.join(out, "predictions", work.name), fields) as write:
        recording: list[pa.RecordBatch] = []
        for data in read(storage.join(out, "features", work.name), features):
            rows = _predicted(data, loaded, rules, work.known, fields)
            write(rows)
            n_rows += rows.num_rows
            # Rows of a recording stand together, and may go on in the next batch.
            for part in _runs(rows):
                if recording and recording[0]["recording_id"][0] != part["recording_id"][0]:
                    files.write(out, recording, loaded, rules, work.rests_on)
                    recording = []
                recording.append(part)
        if recording:
            files.write(out, recording, loaded, rules, work.rests_on)
    return n_rows


def _runs(rows: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    ids = np.array(rows["recording_id"].to_pylist(), object)
    borders = [0, *(np.flatnonzero(ids[1:] != ids[:-1]) + 1), len(ids)]
    for start, stop in itertools.pairwise(borders):
        if stop > start:
            yield rows.slice(start, stop - start)


def _predicted(
    data: Dataset, loaded: Bundle, rules: Rules, known: Statistics | None, fields: pa.Schema
) -> pa.RecordBatch:
    why = _reasons(data, rules, known)
    n_classes = len(loaded.classes)
    probabilities = np.full((len(data), n_classes), 1 / n_classes)
    finite = np.flatnonzero(why != NOT_FINITE)
    if len(finite):
        enough = None if known is None else _enough(known)
        probabilities[finite] = loaded.probabilities(
            voices.named(data.select(finite), rules), enough
        )
    confidence = probabilities.max(axis=1)
    why[(confidence < rules.min_confidence) & timeline.is_none(why)] = timeline.UNSURE
    cells: dict[str, Any] = {
        name: getattr(data, name) for name in schema.SEGMENTS.names if name != "label"
    }
    cells["truth"] = data.label
    cells |= {f"p_{name}": probabilities[:, index] for index, name in enumerate(loaded.classes)}
    abstained = ~timeline.is_none(why)
    best = np.array(loaded.classes, object)[probabilities.argmax(axis=1)]
    cells["label"] = np.where(abstained, None, best)
    cells["confidence"] = confidence
    cells["abstained"] = abstained
    cells["reason"] = why
    columns = [pa.array(cells[field.name]).cast(field.type) for field in fields]
    return pa.RecordBatch.from_arrays(columns, schema=fields)
