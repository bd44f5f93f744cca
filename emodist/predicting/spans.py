"""The timelines of an output folder as spans for annotation tools: guesses, each named as one."""

import itertools
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from emodist import storage
from emodist.annotations import Span
from emodist.predicting import files, folder
from emodist.tables import locate, parquet

WINDOWS = 4096


def of(out: str) -> Iterator[Span]:
    """What is said of every recording, in the order of the table; nothing where it abstains.

    Recordings are called by their path below what was predicted. The speaker of a span is the one
    whose windows reach most into it.

    Raises
    ------
    ConfigError
        If the folder holds no finished predictions.
    """
    rules, _ = folder.read(out)
    for name in locate.files_of(out, "predictions"):
        uri = storage.join(out, "predictions", name)
        columns = [c for c in parquet.schema_of(parquet.footer(uri)).names if c.startswith("p_")]
        classes = [column.removeprefix("p_") for column in columns]
        wanted = ["recording_id", "uri", "speaker", "start_s", "end_s", "reason", *columns]
        for rows in _recordings(parquet.batches(uri, wanted, WINDOWS)):
            uri_of = rows["uri"][0].as_py()
            speakers = _Speakers(rows)
            _, found = files.timed(rows, classes, rules)
            for span in found:
                if not span["abstained"]:
                    yield Span(
                        span["start_s"],
                        span["end_s"],
                        span["label"],
                        speakers.most(span["start_s"], span["end_s"]),
                        files.timeline_path(uri_of, rules.path),
                        span["confidence"],
                        f"emodist {rules.digest[:12]}",
                        is_guess=True,
                    )


class _Speakers:
    """Who speaks when in one recording, by its windows, which are in rising order."""

    def __init__(self, rows: pa.Table):
        self._who = rows["speaker"].to_pylist()
        self._starts, self._ends = rows["start_s"].to_numpy(), rows["end_s"].to_numpy()

    def most(self, start_s: float, end_s: float) -> str | None:
        first = int(np.searchsorted(self._ends, start_s, "right"))
        last = int(np.searchsorted(self._starts, end_s, "left"))
        reach: dict[str, float] = defaultdict(float)
        for row in range(first, last):
            who = self._who[row]
            if who is not None:
                within = min(end_s, self._ends[row]) - max(start_s, self._starts[row])
                reach[who] += float(within)
        return max(reach, key=lambda who: (reach[who], who)) if reach else None


def _recordings(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """All rows of one recording after another; they stand together."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        ids = batch["recording_id"].to_pylist()
        borders = [0, *(n for n in range(1, len(ids)) if ids[n] != ids[n - 1]), len(ids)]
        for start, stop in itertools.pairwise(borders):
            part = batch.slice(start, stop - start)
            if held and held[0]["recording_id"][0] != part["recording_id"][0]:
                yield pa.Table.from_batches(held)
                held = []
            held.append(part)
    if held:
        yield pa.Table.from_batches(held)
