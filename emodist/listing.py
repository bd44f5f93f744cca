"""What lies under a path: media files of a folder, a list or a bucket, before any is opened."""

import csv
import dataclasses
import datetime
import hashlib
import io
import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow.parquet as pq

from emodist import storage
from emodist.errors import ConfigError

SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *("aac", "aif", "aiff", "amr", "au", "flac", "m4a", "m4b", "mka", "mp2", "mp3", "oga"),
        *("ogg", "opus", "wav", "wma", "3gp", "avi", "flv", "m2ts", "m4v", "mkv", "mov", "mp4"),
        *("mpeg", "mpg", "mts", "ogv", "ts", "webm", "wmv"),
    )
)


@dataclasses.dataclass(frozen=True)
class MediaFile:
    """A file and what its folder says of it; `version` changes when the content does."""

    path: str
    uri: str
    size_bytes: int | None = None
    modified: datetime.datetime | None = None
    version: str = ""
    problem: str | None = None
    given: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def recording_id(self) -> str:
        """Known before decoding: a hash of path, size and modification time or ETag."""
        text = f"{self.path}\0{self.size_bytes}\0{self.version}"
        return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()


def media_files(uri: str) -> Iterator[MediaFile]:
    """Every media file of a folder (by its suffix), a list, or a single file; sorted by path.

    Raises
    ------
    ConfigError
        If there is nothing at `uri`, or a list has no column `uri`.
    """
    try:
        if uri.lower().endswith((".csv", ".parquet")):
            return iter(_listed(uri))
        return _remote(uri) if storage.is_remote(uri) else _local(uri)
    except FileNotFoundError:
        raise ConfigError(f"{uri}: no such file or folder") from None
    except PermissionError as error:
        raise ConfigError(f"{uri} cannot be read: {error}") from None


def is_media(name: str) -> bool:
    """Hidden files (`._clip.wav` of macOS, unfinished downloads) are not media."""
    return os.path.splitext(name)[1].lower() in SUFFIXES and not name.startswith(".")


def _local(root: str) -> Iterator[MediaFile]:
    os.stat(root)
    if not os.path.isdir(root):
        return iter([_stat(root, os.path.basename(root))])
    return _walk(root, "", {os.path.realpath(root)})


def _walk(root: str, folder: str, seen: set[str]) -> Iterator[MediaFile]:
    with os.scandir(os.path.join(root, folder)) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
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
    modified = datetime.datetime.fromtimestamp(info.st_mtime, datetime.UTC)
    return MediaFile(path, uri, info.st_size, modified, str(info.st_mtime_ns), problem)


def _remote(uri: str) -> Iterator[MediaFile]:
    fs, root = storage.filesystem(uri)
    info = fs.info(root)
    if info["type"] == "file":
        return iter([_object(fs, info, os.path.basename(root))])
    found = fs.find(root, detail=True)
    return (
        _object(fs, found[key], key[len(root) :].lstrip("/"))
        for key in sorted(found)
        if is_media(os.path.basename(key))
    )


def _object(fs: Any, info: dict, path: str) -> MediaFile:
    modified = info.get("LastModified")
    version = str(info.get("ETag") or modified).strip('"')
    return MediaFile(path, fs.unstrip_protocol(info["name"]), info["size"], modified, version)


def _listed(uri: str) -> list[MediaFile]:
    """Files named by a list; relative names start at the list's folder, the rest is `given`."""
    data = io.BytesIO(storage.read(uri))
    if uri.lower().endswith(".csv"):
        rows = list(csv.DictReader(io.TextIOWrapper(data, "utf-8-sig", newline="")))
    else:
        rows = pq.read_table(data).to_pylist()
    if rows and "uri" not in rows[0]:
        raise ConfigError(f"{uri} needs a column `uri`; it has {', '.join(rows[0])}")
    base = uri.rsplit("/", 1)[0]

    def look(row: dict) -> MediaFile:
        name = str(row["uri"])
        given = {k: str(v) for k, v in row.items() if k and k != "uri" and v not in (None, "")}
        place = name if storage.is_remote(name) or os.path.isabs(name) else f"{base}/{name}"
        return dataclasses.replace(_look(place, name), given=given)

    with ThreadPoolExecutor(16) as pool:
        files = pool.map(look, rows)
        return sorted({file.path: file for file in files}.values(), key=lambda file: file.path)


def _look(uri: str, path: str) -> MediaFile:
    if not storage.is_remote(uri):
        return _stat(uri, path)
    fs, root = storage.filesystem(uri)
    try:
        return _object(fs, fs.info(root), path)
    except FileNotFoundError:
        return MediaFile(path, uri, problem=f"{path} cannot be read: no such object")
