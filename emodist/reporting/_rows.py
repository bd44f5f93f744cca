"""What a table holds, counted in one pass, and a sample of its rows; never the whole in memory."""

import heapq
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from emodist.errors import ConfigError
from emodist.learning import dataset, fingerprint, speaker_norm
from emodist.learning.dataset import Dataset
from emodist.learning.speaker_norm import Statistics
from emodist.tables import locate, parquet, schema
from emodist.tables.table import Table

Key = tuple[str, int]
NO_CORPUS = "(no corpus)"
KEYS = (
    "recording_id",
    "segment",
    "start_s",
    "end_s",
    "uri",
    "corpus",
    "speaker",
    "label",
    "audio_sha",
)
# Unlabelled recordings of which an example is kept.
MOST_UNLABELLED = 6


@dataclass(frozen=True)
class Example:
    """A row to look at: where its sound is."""

    uri: str
    start_s: float
    end_s: float
    speaker: str | None


@dataclass
class Census:
    """Counts of all rows, and which of them are the sample.

    `fingerprint` is that of a bundle of the table (`learning.fingerprint.rows`): of all labelled
    rows, or of all where none has a label. The sample are the rows of lowest hash: the same ones
    for any layout of the files. `examples` are by (label, speaker), the first row in the order of
    the names of the files.
    """

    n_rows: int = 0
    recordings: set[str] = field(default_factory=set)
    seconds: float = 0.0
    labels: dict[str, Counter] = field(default_factory=lambda: defaultdict(Counter))
    speakers: dict[tuple[str, str], Counter] = field(default_factory=lambda: defaultdict(Counter))
    n_without_speaker: int = 0
    fingerprint: str = ""
    sample: frozenset[Key] = frozenset()
    examples: dict[tuple[str | None, str | None], Example] = field(default_factory=dict)

    @property
    def corpora(self) -> list[str]:
        return sorted(self.labels)

    @property
    def classes(self) -> list[str]:
        """Labels in order, without None."""
        return sorted({label for of in self.labels.values() for label in of if label is not None})

    @property
    def is_whole(self) -> bool:
        return len(self.sample) == self.n_rows

    def speaker_names(self) -> dict[tuple[str, str], str]:
        """As `Dataset.people` calls them."""
        several = len(self.corpora) > 1
        return {key: "/".join(key) if several else key[1] for key in self.speakers}


def census(uri: str, n_sampled: int) -> Census:
    """Count the rows of a table.

    Raises
    ------
    ConfigError
        If there is no table, it is none of emodist, or it has no rows.
    """
    table = locate.open_table(uri)
    if "recording_id" not in table.schema.names:
        raise ConfigError(f"{uri} has no column recording_id; is it a table of emodist?")
    counts = Census()
    total = labelled = 0
    lowest: list[tuple[int, Key]] = []
    firsts: dict[tuple[str | None, str | None], tuple[str, int]] = {}
    for row in _key_rows(table):
        counts.n_rows += 1
        counts.recordings.add(row["recording_id"])
        if row["start_s"] is not None and row["end_s"] is not None:
            counts.seconds += row["end_s"] - row["start_s"]
        corpus, speaker, label = row["corpus"] or NO_CORPUS, row["speaker"], row["label"]
        counts.labels[corpus][label] += 1
        if speaker is None:
            counts.n_without_speaker += 1
        else:
            counts.speakers[corpus, speaker][label] += 1
        key = (row["recording_id"], row["segment"])
        value = fingerprint.row(*key, label, row["audio_sha"])
        total = fingerprint.joined(total, value)
        if label is not None:
            labelled = fingerprint.joined(labelled, value)
        # The largest of the kept hashes stands first.
        if len(lowest) < n_sampled:
            heapq.heappush(lowest, (-value, key))
        elif -value > lowest[0][0]:
            heapq.heapreplace(lowest, (-value, key))
        _keep_example(counts, firsts, row)
    if not counts.n_rows:
        raise ConfigError(f"{uri} has no rows")
    counts.sample = frozenset(key for _, key in lowest)
    # Of the rows that a model learns from, where there are some.
    counts.fingerprint = fingerprint.shown(labelled if counts.classes else total)
    return counts


def sampled(
    uri: str, counts: Census, features: Sequence[str] | None
) -> tuple[Dataset, np.ndarray | None]:
    """The rows of the sample, and their numbers with a z-score per speaker.

    Mean and spread of a speaker come from all rows of the table. None if a speaker is unknown.

    Raises
    ------
    ConfigError
        As `dataset.load`.
    """
    table = locate.open_table(uri)
    flat = [field for field in table.schema if schema.is_feature(field)]
    images = [
        field.name for field in table.schema if isinstance(field.type, pa.FixedShapeTensorType)
    ]
    names = [field.name for field in flat if field.name not in images]
    if features is not None:
        names = [name for name in names if name in features]
    keys = [name for name in KEYS if name in table.schema.names]
    kept = pa.schema([table.schema.field(name) for name in (*keys, *names)])
    wanted = {who for who in counts.speakers}
    known: Statistics = {}
    with tempfile.TemporaryDirectory(prefix="emodist-") as folder:
        file = f"{folder}/sample.parquet"
        with parquet.writer(file, kept) as write:
            for batch in table.to_batches(columns=kept.names):
                ids = batch["recording_id"].to_pylist()
                segments = _cells(batch, "segment", 0)
                mask = [key in counts.sample for key in zip(ids, segments, strict=True)]
                if any(mask):
                    write(batch.filter(pa.array(mask)).cast(kept))
                if wanted and names and not counts.n_without_speaker:
                    part = speaker_norm.statistics(_numbers(batch, names), _voices(batch))
                    known = speaker_norm.joined([known, part])
        data = dataset.load(file, features)
    if counts.n_without_speaker or not names:
        return data, None
    return data, speaker_norm.scaled(data.x, speaker_norm.voices(data), known)


def column_of(uri: str, name: str, keys: Dataset) -> np.ndarray:
    """A column of a Parquet file for the rows of a dataset; None where the file lacks the row."""
    table = locate.open_table(uri)
    wanted = set(zip(keys.recording_id, keys.segment.tolist(), strict=True))
    by_key: dict[Key, Any] = {}
    for batch in table.to_batches(columns=["recording_id", "segment", name]):
        cells = (batch[column].to_pylist() for column in ("recording_id", "segment", name))
        for recording, segment, value in zip(*cells, strict=True):
            if (recording, segment) in wanted:
                by_key[recording, segment] = value
    values = np.full(len(keys), None, object)
    for row, key in enumerate(zip(keys.recording_id, keys.segment.tolist(), strict=True)):
        values[row] = by_key.get(key)
    return values


def _key_rows(table: Table) -> Iterator[dict[str, Any]]:
    present = [name for name in KEYS if name in table.schema.names]
    blank = {name: None for name in KEYS} | {"segment": 0}
    for batch in table.to_batches(columns=present):
        for row in batch.to_pylist():
            yield {**blank, **row}


def _keep_example(
    counts: Census,
    firsts: dict[tuple[str | None, str | None], tuple[str, int]],
    row: dict[str, Any],
) -> None:
    if row["uri"] is None or row["start_s"] is None or row["end_s"] is None:
        return
    who = None if row["speaker"] is None else f"{row['corpus'] or ''}/{row['speaker']}"
    group = (row["label"], who if row["label"] is not None else row["recording_id"])
    place = (row["uri"], row["segment"])
    if group not in firsts:
        if row["label"] is None and len(firsts) >= MOST_UNLABELLED:
            return
    elif place >= firsts[group]:
        return
    firsts[group] = place
    counts.examples[group] = Example(row["uri"], row["start_s"], row["end_s"], row["speaker"])


def _cells(batch: pa.RecordBatch, name: str, blank: Any = None) -> list[Any]:
    if name not in batch.schema.names:
        return [blank] * batch.num_rows
    return [blank if cell is None else cell for cell in batch[name].to_pylist()]


def _voices(batch: pa.RecordBatch) -> np.ndarray:
    cells = (_cells(batch, name) for name in ("corpus", "speaker", "uri"))
    return np.array([speaker_norm.voice(*row) for row in zip(*cells, strict=True)], object)


def _numbers(batch: pa.RecordBatch, names: Sequence[str]) -> np.ndarray:
    return np.hstack([schema.values(batch[name]) for name in names])
