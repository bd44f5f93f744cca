"""The plan on disk, `OUT/plan/00000.parquet` and on: a log that only grows.

A file holds some ten thousand recordings and is written only if its number is still free: a driver
that loses the race reads what the other has planned, and plans what is left of its own. So drivers
that start at the same moment plan nothing twice, and what a killed one did not plan, the next does.
A row group holds a few shards, so that a worker that knows where its shard stands reads little.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from emodist import storage
from emodist.media import variants
from emodist.media.files import MediaFile
from emodist.tables import parquet, schema

ROW_GROUP_FILES = 2048
# Other columns say something new in each row.
DICTIONARIES = ["group", "group_shards.list.element"]
DICTIONARIES += [
    f"recordings.list.element.{name}"
    for name in ("corpus", "speaker", "label", "attributes", "problem", "attempts")
]
# A `recording_id` of an original; see `listing.MediaFile`.
ID = np.dtype([("path", ">u8"), ("version", ">u4")])
ID_DIGITS = 2 * ID.itemsize
SHARD_COLUMNS = ["shard", "group", "n_files", "audio_s"]


class PlanLog:
    """The plan of an output folder: which files it knows, and which shards it has.

    Twelve bytes a recording are kept in memory, and a row a shard.
    """

    def __init__(self, out: str):
        self.out = out
        self.n_parts = 0
        self._work: list[pa.Table] = []
        self._new_ids: list[NDArray] = []
        # Ordered by path, so that versions of a file stand beside each other.
        self._paths, self._versions = np.empty(0, np.uint64), np.empty(0, np.uint32)
        self._most_versions = 0
        self.read_on()

    def read_on(self) -> None:
        """Take in what drivers have added since this one looked."""
        for name in _parts(self.out)[self.n_parts :]:
            self._take(name, storage.read(_uri(self.out, name)))
        self._index()

    def add(self, new: Callable[[], pa.Table]) -> pa.Table:
        """Add what `new()` plans, rows of `schema.PLAN`; asked again if a driver was faster."""
        while (table := new()).num_rows:
            sink = pa.BufferOutputStream()
            n_rows = ROW_GROUP_FILES * table.num_rows // max(pc.sum(table["n_files"]).as_py(), 1)
            pq.write_table(
                table,
                sink,
                compression="zstd",
                use_dictionary=DICTIONARIES,
                row_group_size=max(n_rows, 1),
            )
            name = f"{self.n_parts:05d}.parquet"
            data = sink.getvalue().to_pybytes()
            if storage.create(_uri(self.out, name), data):
                self._take(name, data)
                break
            self.read_on()
        return table

    def unplanned(self, files: list[MediaFile]) -> list[MediaFile]:
        """Those of the files that are not planned as they are now.

        What `add` itself has added need not be looked at: a listing has each file once.
        """
        is_planned = self._found(files, with_version=True)
        found = []
        for file, known in zip(files, is_planned, strict=True):
            if not known:
                found.append(file)
            elif file.spans is not None and (again := self._again(file)) is not None:
                found.append(again)
        return found

    def known(self, files: list[MediaFile]) -> list[MediaFile]:
        """Those of the files of which any version is planned."""
        is_known = self._found(files, with_version=False)
        return [file for file, known in zip(files, is_known, strict=True) if known]

    def n_changed(self, files: list[MediaFile]) -> int:
        """Of how many of the files a version was planned before."""
        return int(self._found(files, with_version=False).sum())

    def work(self) -> pa.Table:
        """All shards, oldest first: rows of `schema.WORK`."""
        return pa.concat_tables([schema.WORK.empty_table(), *self._work])

    def superseded(self) -> dict[str, list[str]]:
        """By group, the recordings that were planned again since: changed files, and new tries."""
        self._index()
        same = self._paths[1:] == self._paths[:-1]
        repeated = self._paths[1:][same]
        if not len(repeated):
            return {}
        entries = defaultdict(list)
        for rows in row_groups(self.out, "recording_id"):
            ids = rows["recording_id"].combine_chunks()
            paths = _originals(ids)["path"]
            for k in np.flatnonzero(np.isin(paths, repeated)):
                entries[paths[k]].append((rows["group"][k].as_py(), ids[k].as_py()))
        dropped = defaultdict(list)
        for tries in entries.values():
            # Variants stand and fall with the file that they are made from.
            current = variants.original(tries[-1][1])
            last = {recording_id: group for group, recording_id in tries}
            for group, recording_id in tries:
                if variants.original(recording_id) != current or last[recording_id] != group:
                    dropped[group].append(recording_id)
        return dropped

    def _again(self, file: MediaFile) -> MediaFile | None:
        """A file whose annotations are again what they were before the last that was planned.

        It is another version then: what was made of it before is gone. None: it was not changed.
        """
        path = digests([file.recording_id], ID)["path"].astype(np.uint64)
        first, last = (np.searchsorted(self._paths, path, side)[0] for side in ("left", "right"))
        versions = self._versions[first:last].tolist()
        for count in range(len(versions) + 1):
            again = file._replace(version=f"{file.version} {count}") if count else file
            version = int(again.recording_id[-8:], 16)
            if version == versions[-1]:
                return None
            if version not in versions:
                return again
        return None

    def _take(self, name: str, data: bytes) -> None:
        file = parquet.parsed(data)
        for index in range(file.num_row_groups):
            leaves = map(_leaf, ("recording_id", "attempts"))
            rows = file.read_row_group(index, [*SHARD_COLUMNS, *leaves])
            recordings = rows["recordings"].combine_chunks().flatten()
            ids, attempts = recordings.field("recording_id"), recordings.field("attempts")
            # A variant that is tried again stands for its original, which is then there twice.
            is_kept = pc.or_(pc.equal(pc.binary_length(ids), ID_DIGITS), pc.greater(attempts, 1))
            self._new_ids.append(_originals(ids.filter(is_kept)))
            places = {"part": [name] * len(rows), "row_group": [index] * len(rows)}
            columns = {**{n: rows[n] for n in SHARD_COLUMNS}, **places}
            self._work.append(pa.Table.from_pydict(columns, schema=schema.WORK))
        self.n_parts += 1

    def _index(self) -> None:
        if not self._new_ids:
            return
        new = np.concatenate(self._new_ids)
        self._new_ids.clear()
        self._paths = np.concatenate([self._paths, new["path"]])
        self._versions = np.concatenate([self._versions, new["version"]])
        # Stable: of the versions of one path, the last is the one that was planned last.
        order = np.argsort(self._paths, kind="stable")
        self._paths, self._versions = self._paths[order], self._versions[order]
        ends = np.flatnonzero(self._paths[1:] != self._paths[:-1])
        self._most_versions = np.diff(ends, prepend=-1, append=len(order) - 1).max()

    def _found(self, files: list[MediaFile], with_version: bool) -> NDArray[np.bool_]:
        is_known = np.zeros(len(files), bool)
        if not len(self._paths):
            return is_known
        wanted = digests((file.recording_id for file in files), ID)
        first = np.searchsorted(self._paths, wanted["path"].astype(np.uint64))
        for k in range(self._most_versions):
            at = np.minimum(first + k, len(self._paths) - 1)
            is_version = (self._versions[at] == wanted["version"]) | (not with_version)
            is_known |= (self._paths[at] == wanted["path"]) & is_version
        return is_known


def row_groups(out: str, *fields: str) -> Iterator[pa.Table]:
    """The planned recordings, oldest first, some thousand at a time.

    Fields of `schema.PLANNED` as columns, all of them if none is named, beside each one's `group`.
    """
    columns = ["group", *map(_leaf, fields or schema.PLANNED.names)]
    for name in _parts(out):
        file = parquet.parsed(storage.read(_uri(out, name)))
        for index in range(file.num_row_groups):
            rows = file.read_row_group(index, columns)
            lists = rows["recordings"].combine_chunks()
            recordings = pa.table(pa.RecordBatch.from_struct_array(lists.flatten()))
            for field in schema.PLANNED:
                # What an earlier release did not know.
                if field.name in (fields or schema.PLANNED.names) and (
                    field.name not in recordings.column_names
                ):
                    nothing = pa.nulls(len(recordings), field.type)
                    recordings = recordings.append_column(field, nothing)
            groups = rows["group"].take(pc.list_parent_indices(lists))
            yield recordings.append_column("group", groups)


def shard(out: str, reference: dict[str, Any]) -> dict[str, Any]:
    """The row of `schema.PLAN` to which a row of `schema.WORK` refers."""
    file = parquet.parsed(storage.read(_uri(out, reference["part"])))
    rows = file.read_row_group(reference["row_group"])
    return rows.filter(pc.field("shard") == reference["shard"]).to_pylist()[0]


def digests(texts: Iterable[str], dtype: Any) -> NDArray:
    """Hexadecimal texts of one length as the bytes that they stand for.

    Examples
    --------
    >>> digests(["00ff", "0100"], ">u2").tolist()
    [255, 256]
    """
    return np.frombuffer(bytes.fromhex("".join(texts)), dtype)


def _originals(ids: pa.StringArray) -> NDArray:
    return digests(pc.utf8_slice_codeunits(ids, 0, ID_DIGITS).to_pylist(), ID)


def _parts(out: str) -> list[str]:
    names = storage.names(storage.join(out, "plan"))
    return sorted(name for name in names if name.endswith(".parquet"))


def _uri(out: str, name: str) -> str:
    return storage.join(out, "plan", name)


def _leaf(field: str) -> str:
    return f"recordings.list.element.{field}"
