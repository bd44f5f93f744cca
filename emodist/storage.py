"""Files on a disk or in a bucket, each written whole or not at all.

Paths are local or `s3://bucket/key`; fsspec and s3fs do the work, and the usual AWS variables
(`AWS_ENDPOINT_URL`, `AWS_PROFILE`, ...) hold. A filesystem is made where it is used: one that
crosses a fork hangs (s3fs#464).
"""

import contextlib
import errno
import io
import json
import os
import shutil
import tempfile
import urllib.parse
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from emodist.errors import ConfigError, EmodistError, OutputError

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# Objects up to this size are fetched with one request; larger ones are read as they are used.
WHOLE_BYTES = 16 * 2**20
# What callers ask about.
NOT_THERE = (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError)
# What s3fs makes of 500 and 503, after all tries.
OVERLOADED = frozenset({errno.EBUSY, getattr(errno, "EREMOTEIO", errno.EIO)})
# S3's client would wait a minute, five times, for a machine that is not there.
CONNECT_S = 10
# Each try is up to five of the client below (AWS_MAX_ATTEMPTS), whose pauses grow from 1 s to 8 s:
# a server that throttles or breaks connections is borne with for about a minute, which is less
# than `file_timeout_s`.
TRIES = 8
# Once a server has answered, that nothing listens there is an outage and no wrong address.
_has_answered = False


def is_remote(uri: str) -> bool:
    return "://" in uri and not uri.startswith("file://")


def absolute(uri: str) -> str:
    """The one way to spell a place: an absolute local path, or a URI without a final slash.

    Examples
    --------
    >>> absolute("s3://bucket/a/"), absolute("file:///a%20b/../c")
    ('s3://bucket/a', '/c')
    """
    if is_remote(uri):
        return uri.rstrip("/")
    return os.path.abspath(os.path.expanduser(local(uri)))


def local(uri: str) -> str:
    """A local path as it was given; of a `file://` URI, the path that its escapes stand for.

    Examples
    --------
    >>> local("file:///a%20b.wav"), local("file://localhost/a"), local("a%20b.wav")
    ('/a b.wav', '/a', 'a%20b.wav')
    """
    if not uri.startswith("file://"):
        return uri
    return urllib.parse.unquote(uri[7:].removeprefix("localhost"), errors="surrogateescape")


def join(uri: str, *parts: str) -> str:
    return "/".join([uri.rstrip("/"), *parts])


def filesystem(uri: str) -> tuple[Any, str]:
    """The fsspec filesystem of a place, and the place's path in it.

    Raises
    ------
    ConfigError
        If no filesystem has this scheme, or its package is not here.
    """
    # Here: where all is local, nobody waits for it, nor for what it imports.
    import fsspec

    own = {"config_kwargs": {"connect_timeout": CONNECT_S}} if uri.startswith("s3://") else {}
    place = absolute(uri)
    if not is_remote(place):
        # fsspec would take a name with `::` for a chain of filesystems.
        return fsspec.filesystem("file"), place
    try:
        fs, path = fsspec.core.url_to_fs(place, **own)
    except (ImportError, ValueError) as error:
        raise ConfigError(f"{uri} has a scheme that cannot be used: {error}") from None
    if own:
        import s3fs

        fs.retries = TRIES
        s3fs.core.set_custom_error_handler(_will_pass)
    # Another process may have changed the folder since this one listed it.
    fs.invalidate_cache()
    return fs, path


def _will_pass(error: Exception) -> bool:
    """Whether S3 should be asked once more; s3fs knows of broken connections and of `SlowDown`.

    The answer to a HEAD has no text, and so only a status.
    """
    if type(error).__name__ == "EndpointConnectionError":
        return _has_answered
    answer = getattr(error, "response", None) or {}
    # Two `create` at one moment: one of them has won, and the next answer says which.
    if answer.get("Error", {}).get("Code") == "ConditionalRequestConflict":
        return True
    return answer.get("ResponseMetadata", {}).get("HTTPStatusCode") in (500, 502, 503, 504)


def exists(uri: str) -> bool:
    if not is_remote(uri):
        return os.path.exists(absolute(uri))
    with reached(uri):
        fs, path = filesystem(uri)
        return fs.exists(path)


def names(uri: str) -> set[str]:
    """Names in a folder; none if the folder does not exist."""
    with reached(uri), contextlib.suppress(FileNotFoundError, NotADirectoryError):
        if not is_remote(uri):
            return set(os.listdir(absolute(uri)))
        fs, path = filesystem(uri)
        return {name.rstrip("/").rsplit("/", 1)[-1] for name in fs.ls(path, detail=False)}
    return set()


def read(uri: str) -> bytes:
    if not is_remote(uri):
        return Path(absolute(uri)).read_bytes()
    with reached(uri):
        fs, path = filesystem(uri)
        return fs.cat_file(path)


def size(uri: str) -> int:
    """Bytes of a file."""
    with reached(uri):
        fs, path = filesystem(uri)
        return fs.info(path)["size"]


def read_ranges(uri: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
    """Parts of a file, each from its first byte to before its last; all asked for at once."""
    with reached(uri):
        fs, path = filesystem(uri)
        starts, ends = [start for start, _ in ranges], [end for _, end in ranges]
        return fs.cat_ranges([path] * len(ranges), starts, ends, on_error="raise")


@contextlib.contextmanager
def opened(uri: str) -> Iterator[Any]:
    """What media libraries read: a local path as it is, an object as a seekable binary file.

    Not for Arrow, whose threads may let go of a Python file while the interpreter shuts down, and
    abort: `tables.parquet` and `tables.native` are.
    """
    if not is_remote(uri):
        yield absolute(uri)
        return
    fs, path = filesystem(uri)
    with reached(uri):
        is_small = fs.info(path)["size"] <= WHOLE_BYTES
        content = fs.cat_file(path) if is_small else b""
    if is_small:
        with io.BytesIO(content) as file:
            file.name = uri
            yield file
    else:
        with fs.open(path, "rb", block_size=8 * 2**20, cache_type="readahead") as file:
            yield file


def read_json(uri: str) -> Any:
    """What a JSON file holds."""
    return json.loads(read(uri))


def remove(uri: str) -> None:
    """Delete a file or a folder with all in it; nothing happens if it does not exist."""
    if is_remote(uri):
        with reached(uri), contextlib.suppress(FileNotFoundError):
            fs, path = filesystem(uri)
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


def write_json(uri: str, record: Mapping[str, Any]) -> None:
    """Write a small record as JSON for people to read, whole or not at all."""
    write(uri, _json(record))


def check_writable(uri: str) -> None:
    """Find out before long work whether a folder can be written, or made.

    Raises
    ------
    OutputError
        If it cannot.
    """
    if is_remote(uri):
        # Nothing but writing tells.
        probe = join(uri, ".writable")
        try:
            write(probe, b"")
            remove(probe)
        except EmodistError as error:
            raise OutputError(str(error).replace(probe, uri)) from None
        return
    path = absolute(uri)
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    with writing(uri):
        if not os.path.isdir(path):
            raise NotADirectoryError(errno.ENOTDIR, "", path)
        if os.statvfs(path).f_flag & os.ST_RDONLY:
            raise OSError(errno.EROFS, "", path)
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "", path)


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
            with writing(folder, NO_SPACE):
                yield temporary
            with reached(uri), writing(uri):
                fs, path = filesystem(uri)
                fs.put_file(temporary, path)
        return
    path = absolute(uri)
    temporary = f"{os.path.dirname(path)}/.{uuid.uuid4().hex}.tmp"
    try:
        with writing(uri):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            # Of the place, and not of what the caller does besides.
            open(temporary, "xb").close()
        with writing(uri, NO_SPACE):
            yield temporary
        with writing(uri):
            os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def create(uri: str, data: bytes) -> bool:
    """Write a small file only if there is none yet; False if there was one.

    Of several writers at one moment, exactly one wins: a hard link on a disk, `IfNoneMatch` on S3.
    """
    if is_remote(uri):
        with reached(uri), writing(uri), contextlib.suppress(FileExistsError):
            fs, path = filesystem(uri)
            fs.pipe_file(path, data, mode="create")
            return True
        return False
    path = absolute(uri)
    temporary = f"{os.path.dirname(path)}/.{uuid.uuid4().hex}.tmp"
    with writing(uri):
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


def create_json(uri: str, record: Mapping[str, Any]) -> bool:
    """`create` of what `write_json` writes."""
    return create(uri, _json(record))


@contextlib.contextmanager
def reached(uri: str) -> Iterator[None]:
    """One line for what keeps this process from a bucket: no rights, no server, an old token.

    That something is not there, or is there already, stays the error that it is.

    Raises
    ------
    EmodistError
        See above; names the place and what to look at.
    """
    global _has_answered
    try:
        yield
        _has_answered = _has_answered or is_remote(uri)
    except (EmodistError, *NOT_THERE):
        raise
    except Exception as error:
        # Errors of the client's library are not OSErrors; it is not loaded for local files.
        of_client = type(error).__module__.startswith(("botocore.", "aiohttp."))
        if not is_remote(uri) or not (of_client or isinstance(error, OSError)):
            raise
        is_known = of_client or (isinstance(error, OSError) and error.errno in OVERLOADED)
        reason = (None if is_known else _refusal(uri)) or str(error)
        raise EmodistError(
            f"{uri} cannot be reached: {reason.rstrip('.')}. Credentials, region and endpoint come "
            "from AWS_ACCESS_KEY_ID, AWS_PROFILE, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL and the like"
        ) from error


def is_outage(error: Exception) -> bool:
    """Whether an error of S3 says that all of it is out of reach, and not just one name."""
    if isinstance(error, OSError) and error.errno in OVERLOADED:
        return True
    kind = type(error)
    return kind.__module__.startswith("botocore.") and kind.__name__ != "ParamValidationError"


def _json(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, indent=2) + "\n").encode()


def _refusal(uri: str) -> str | None:
    """What the server says of a request whose answer has a text; that of HEAD has none."""
    fs, path = filesystem(uri)
    try:
        fs.call_s3("list_objects_v2", Bucket=path.split("/")[0], MaxKeys=1)
    except OSError as error:
        return str(error)
    except Exception:
        pass
    return None


@contextlib.contextmanager
def writing(uri: str, only: frozenset[int] | None = None) -> Iterator[None]:
    """One line for what keeps a place from being written: no rights, a read-only disk, no space.

    Parameters
    ----------
    only : error numbers, optional
        What a caller does while it writes may fail for other reasons than the place.

    Raises
    ------
    OutputError
        See above; names the place.
    """
    try:
        yield
    except OSError as error:
        if only is not None and error.errno not in only:
            raise
        reason = os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
        raise OutputError(f"{uri} cannot be written: {reason}") from error
