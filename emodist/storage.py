"""Files on a disk or in a bucket, each written whole or not at all.

Paths are local or `s3://bucket/key`; fsspec and s3fs do the work, and the usual AWS variables
(`AWS_ENDPOINT_URL`, `AWS_PROFILE`, ...) hold. A filesystem is made where it is used: one that
crosses a fork hangs (s3fs#464).
"""

import contextlib
import errno
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec

from emodist.errors import OutputError

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def is_remote(uri: str) -> bool:
    return "://" in uri and not uri.startswith("file://")


def absolute(uri: str) -> str:
    """The one way to spell a place: an absolute local path, or a URI without a final slash."""
    if is_remote(uri):
        return uri.rstrip("/")
    return os.path.abspath(os.path.expanduser(uri.removeprefix("file://")))


def join(uri: str, *parts: str) -> str:
    return "/".join([uri.rstrip("/"), *parts])


def filesystem(uri: str) -> tuple[Any, str]:
    """The fsspec filesystem of a place, and the place's path in it."""
    fs, path = fsspec.core.url_to_fs(absolute(uri))
    # Another process may have changed the folder since this one listed it.
    fs.invalidate_cache()
    return fs, path


def exists(uri: str) -> bool:
    fs, path = filesystem(uri)
    return fs.exists(path)


def names(uri: str) -> set[str]:
    """Names in a folder; none if the folder does not exist."""
    fs, path = filesystem(uri)
    try:
        return {name.rstrip("/").rsplit("/", 1)[-1] for name in fs.ls(path, detail=False)}
    except (FileNotFoundError, NotADirectoryError):
        return set()


def read(uri: str) -> bytes:
    fs, path = filesystem(uri)
    return fs.cat_file(path)


def remove(uri: str) -> None:
    """Delete a file or a folder with all in it; nothing happens if it does not exist."""
    if is_remote(uri):
        fs, path = filesystem(uri)
        with contextlib.suppress(FileNotFoundError):
            fs.rm(path, recursive=True)
        return
    path = absolute(uri)
    # Another process may write into the folder, or remove it, at the same moment.
    shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(OSError):
        os.unlink(path)


def write(uri: str, data: bytes) -> None:
    """Write a small file, whole or not at all."""
    with new_file(uri) as temporary:
        Path(temporary).write_bytes(data)


@contextlib.contextmanager
def new_file(uri: str) -> Iterator[str]:
    """A local path to write to; when the block ends well, its file stands at `uri`.

    A reader sees the old file or the new one, never a half: a rename on a disk, one put on S3.
    Two writers of one `uri` do not disturb each other; the later one stays.

    Raises
    ------
    OutputError
        If the place cannot be written (no rights, no space left, no such bucket).
    """
    if is_remote(uri):
        with tempfile.TemporaryDirectory(prefix="emodist-") as folder:
            temporary = os.path.join(folder, "file")
            with _explained(folder, NO_SPACE):
                yield temporary
            with _explained(uri):
                fs, path = filesystem(uri)
                fs.put_file(temporary, path)
        return
    path = absolute(uri)
    temporary = f"{os.path.dirname(path)}/.{uuid.uuid4().hex}.tmp"
    try:
        with _explained(uri):
            os.makedirs(os.path.dirname(path), exist_ok=True)
        with _explained(uri, NO_SPACE):
            yield temporary
        with _explained(uri):
            os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def create(uri: str, data: bytes) -> bool:
    """Write a small file only if there is none yet; False if there was one.

    Of several writers at one moment, exactly one wins: a hard link on a disk, `IfNoneMatch` on S3.
    """
    if is_remote(uri):
        fs, path = filesystem(uri)
        with _explained(uri), contextlib.suppress(FileExistsError):
            fs.pipe_file(path, data, mode="create")
            return True
        return False
    path = absolute(uri)
    temporary = f"{os.path.dirname(path)}/.{uuid.uuid4().hex}.tmp"
    with _explained(uri):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            Path(temporary).write_bytes(data)
            with contextlib.suppress(FileExistsError):
                os.link(temporary, path)
                return True
        finally:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
    return False


@contextlib.contextmanager
def _explained(uri: str, only: frozenset[int] | None = None) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # What a caller does while it writes may fail for other reasons than the place.
        if only is not None and error.errno not in only:
            raise
        reason = os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
        raise OutputError(f"{uri} cannot be written: {reason}") from error
