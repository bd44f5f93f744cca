"""What lies under a path: media files of a folder, a list or a bucket, before any is opened."""

import csv
import hashlib
import io
import os
import stat
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from emodist import storage
from emodist.errors import ConfigError
from emodist.tables import parquet

SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *("aac", "aif", "aiff", "amr", "au", "flac", "m4a", "m4b", "mka", "mp2", "mp3", "oga"),
        *("ogg", "opus", "wav", "wma", "3gp", "avi", "flv", "m2ts", "m4v", "mkv", "mov", "mp4"),
        *("mpeg", "mpg", "mts", "ogv", "ts", "webm", "wmv"),
    )
)
# What names media files in a column `uri`.
LISTS = (".csv", ".tsv", ".parquet")


class MediaFile(NamedTuple):
    """A file and what its folder says of it; `version` changes when the content does."""

    path: str
    uri: str
    size_bytes: int | None = None
    modified_ms: int | None = None
    version: str = ""
    problem: str | None = None
    given: Mapping[str, str] = {}
    # What `media.spans` found of its pieces.
    spans: str | None = None

    @property
    def recording_id(self) -> str:
        """Known before decoding: 16 hexadecimal digits of the path, 8 of what is in the file.

        The second part hashes size and modification time or ETag: ids of one path that differ are
        versions of one file. That two paths of ten million share a hash has a chance of 3 in a
        million.
        """
        path = hashlib.blake2b(self.path.encode("utf-8", "surrogateescape"), digest_size=8)
        return f"{path.hexdigest()}{zlib.crc32(f'{self.size_bytes} {self.version}'.encode()):08x}"


def media_files(uri: str) -> Iterator[MediaFile]:
    """Every media file of a folder (by its suffix), a list, or a single file; each path once.

    They come as they are found, in an order that does not change: a folder or a bucket is never
    held as a whole, a list is.

    Raises
    ------
    ConfigError
        If there is nothing at `uri`, or a list has no column `uri`.
    """
    try:
        with storage.reached(uri):
            if is_list(uri):
                return iter(_listed(uri))
            return _remote(uri) if storage.is_remote(uri) else _local(uri)
    except FileNotFoundError:
        raise ConfigError(f"{uri}: no such file or folder") from None
    except PermissionError as error:
        raise ConfigError(f"{uri} cannot be read: {error}") from None


def is_list(uri: str) -> bool:
    """Whether a path is that of a list of media files, by its suffix."""
    return uri.lower().endswith(LISTS)


def is_media(name: str) -> bool:
    """Hidden files (`._clip.wav` of macOS, unfinished downloads) are not media."""
    stem, _, suffix = name.rpartition(".")
    return f".{suffix.lower()}" in SUFFIXES and stem != "" and not name.startswith(".")


def _local(root: str) -> Iterator[MediaFile]:
    os.stat(root)
    if not os.path.isdir(root):
        return iter([_stat(root, os.path.basename(root))])
    return _walk(root, "", {os.path.realpath(root)})


def _walk(root: str, folder: str, seen: set[str]) -> Iterator[MediaFile]:
    with os.scandir(os.path.join(root, folder)) as entries:
        in_order = sorted(entries, key=lambda entry: entry.name)
    for entry in in_order:
        path = f"{folder}/{entry.name}".lstrip("/")
        if entry.is_dir():
            # A linked folder may hold itself.
            real = os.path.realpath(entry.path)
            if not entry.name.startswith(".") and real not in seen:
                yield from _walk(root, path, seen | {real})
        elif is_media(entry.name):
            yield _stat(entry.path, path)


def _stat(uri: str, path: str) -> MediaFile:
    try:
        info = os.stat(uri)
    except OSError as error:
        return MediaFile(path, uri, problem=f"{path} cannot be read: {error.strerror}")
    problem = None if stat.S_ISREG(info.st_mode) else f"{path} is not a regular file"
    modified_ms = info.st_mtime_ns // 1_000_000
    return MediaFile(path, uri, info.st_size, modified_ms, str(info.st_mtime_ns), problem)


def _remote(uri: str) -> Iterator[MediaFile]:
    fs, root = storage.filesystem(uri)
    info = fs.info(root)
    if info["type"] == "file":
        return iter([_object(info, fs.unstrip_protocol(root), os.path.basename(root))])
    entries = _keys(fs, root) if hasattr(fs, "call_s3") else _tree(fs, root)
    base = fs.unstrip_protocol(root)
    return (
        _object(entry, f"{base}{entry['name'][len(root) :]}", entry["name"][len(root) + 1 :])
        for entry in entries
        if is_media(entry["name"].rpartition("/")[2])
    )


def _keys(fs: Any, root: str) -> Iterator[dict]:
    """Objects below a prefix of S3, a page at a time; `fs.find` would hold them all."""
    bucket, prefix, _ = fs.split_path(root)
    request = {"Bucket": bucket, "Prefix": f"{prefix}/" if prefix else ""}
    is_last = False
    while not is_last:
        with storage.reached(fs.unstrip_protocol(root)):
            page = fs.call_s3("list_objects_v2", **request)
        for entry in page.get("Contents", ()):
            yield {**entry, "name": f"{bucket}/{entry['Key']}", "size": entry["Size"]}
        is_last = not page["IsTruncated"]
        request["ContinuationToken"] = page.get("NextContinuationToken")


def _tree(fs: Any, folder: str) -> Iterator[dict]:
    entries = sorted(fs.ls(folder, detail=True), key=lambda entry: entry["name"])
    # Some filesystems remember all that they have listed.
    fs.invalidate_cache(folder)
    for entry in entries:
        if entry["type"] == "directory":
            yield from _tree(fs, entry["name"])
        else:
            yield entry


def _object(info: dict, uri: str, path: str) -> MediaFile:
    modified = info.get("LastModified")
    modified_ms = int(modified.timestamp() * 1000) if modified else None
    version = str(info.get("ETag") or modified).strip('"')
    return MediaFile(path, uri, info["size"], modified_ms, version)


def _listed(uri: str) -> list[MediaFile]:
    """Files named by a list; relative names start at the list's folder, the rest is `given`.

    Blanks around the names and values of columns are none of theirs.
    """
    if uri.lower().endswith(".parquet"):
        rows = parquet.read(uri).to_pylist()
    else:
        lines = io.TextIOWrapper(io.BytesIO(storage.read(uri)), "utf-8-sig", newline="")
        delimiter = "\t" if uri.lower().endswith(".tsv") else ","
        rows = list(csv.DictReader(lines, delimiter=delimiter))
    rows = [{k.strip(): v for k, v in row.items() if k} for row in rows]
    if rows and "uri" not in rows[0]:
        raise ConfigError(f"{uri} needs a column `uri`; it has {', '.join(rows[0])}")
    base = uri.rsplit("/", 1)[0]

    def look(row: dict) -> MediaFile:
        name = str(row["uri"])
        words = {k: str(v).strip() for k, v in row.items() if k != "uri" and v is not None}
        given = {k: word for k, word in words.items() if word}
        place = name if storage.is_remote(name) or os.path.isabs(name) else f"{base}/{name}"
        return _look(place, name)._replace(given=given)

    with ThreadPoolExecutor(16) as pool:
        files = pool.map(look, rows)
        return sorted({file.path: file for file in files}.values(), key=lambda file: file.path)


def _look(uri: str, path: str) -> MediaFile:
    if not storage.is_remote(uri):
        return _stat(uri, path)
    fs, root = storage.filesystem(uri)
    try:
        return _object(fs.info(root), fs.unstrip_protocol(root), path)
    except FileNotFoundError:
        return MediaFile(path, uri, problem=f"{path} cannot be read: no such object")
