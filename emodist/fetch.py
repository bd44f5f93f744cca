"""Corpora from their publishers: downloaded with resume, checked, unpacked, and then left alone.

`OUT/.emodist-fetch/` holds unfinished archives and, for each finished one, a receipt that lists
its files; with a receipt whose files are all there, nothing is downloaded again.
"""

import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import shutil
import ssl
import stat
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from tqdm import tqdm

from emodist import __version__, registry, storage
from emodist.corpora import Download
from emodist.errors import ConfigError, FetchError, OutputError

STATE = ".emodist-fetch"
CHUNK = 2**20
TIMEOUT_S = 60.0
# Tries in a row that bring nothing new; the wait doubles.
MAX_TRIES = 6
FIRST_WAIT_S = 1.0
# 1440 WAV files are 2.9 times their archive; a hundred times is an attack.
MAX_GROWTH = 100
LINE_EVERY_S = 15.0


def fetch(
    name: str,
    out: str,
    parts: Sequence[str] = (),
    mirror: str | None = None,
    keep_archives: bool = False,
) -> dict[str, Any]:
    """Bring a corpus, or some of its parts, into a local folder.

    Parameters
    ----------
    name : str
        Of a corpus.
    out : str
        Local folder.
    parts : sequence of str
        Of the corpus's downloads; none: the first.
    mirror : str, optional
        Address of a folder that holds the archives under their names, in place of the publisher's;
        size and checksum are those of the publisher.
    keep_archives : bool
        Do not delete what was unpacked.

    Returns
    -------
    dict
        `out`, and lists of the archives that were `fetched` and that were `there` already.

    Raises
    ------
    ConfigError
        If the corpus is not for download; the message says how to get it.
    FetchError, OutputError
        If it did not arrive as published, or cannot be written.
    """
    chosen = _choose(name, parts)
    if storage.is_remote(out):
        raise ConfigError(f"fetch writes to a local folder; got {out}")
    folder = Path(storage.absolute(out))
    summary: dict[str, Any] = {"out": str(folder), "fetched": [], "there": []}
    with _writing(folder), _alone(folder):
        for item in chosen:
            if _has(folder, item):
                summary["there"].append(item.name)
                continue
            url = f"{mirror.rstrip('/')}/{item.name}" if mirror else item.url
            archive = download(item, url, folder / STATE)
            files = unpack(archive, folder)
            receipt = {
                "corpus": name,
                "url": url,
                "md5": item.md5 or _digest(archive),
                "files": files,
                "emodist": __version__,
            }
            storage.write(str(_receipt(folder, item)), json.dumps(receipt, indent=1).encode())
            if not keep_archives:
                archive.unlink()
            summary["fetched"].append(item.name)
    return summary


def _choose(name: str, parts: Sequence[str]) -> list[Download]:
    corpus: Any = registry.get("corpora", name)
    if not corpus.downloads:
        how = corpus.access or f"see {corpus.source}"
        raise ConfigError(f"{name} cannot be fetched ({corpus.licence}). {how} ({corpus.source})")
    known = {item.part: item for item in corpus.downloads}
    for part in parts:
        if part not in known:
            raise ConfigError(f"{name} has no part {part!r}; {registry.suggest(part, known)}")
    return [known[part] for part in dict.fromkeys(parts)] or [corpus.downloads[0]]


def download(item: Download, url: str, folder: Path) -> Path:
    """The whole archive, checked; goes on where an earlier call was cut off.

    Parameters
    ----------
    item : Download
        Its size and MD5 are checked where they are known.
    url : str
        http or https.
    folder : Path
        Where `NAME.part` grows and then becomes `NAME`.

    Raises
    ------
    FetchError
        If the server refuses it, stops sending for good, or sends something else.
    """
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"{url} is not an http address")
    folder.mkdir(parents=True, exist_ok=True)
    done, partial = folder / item.name, folder / f"{item.name}.part"
    if done.exists():
        if _problem(item, done) is None:
            return done
        done.unlink()
    was_resumed = partial.exists()
    _receive(item, url, partial)
    problem = _problem(item, partial)
    if problem and was_resumed:
        # What lay there may have been the damaged half.
        partial.unlink()
        _receive(item, url, partial)
        problem = _problem(item, partial)
    if problem:
        partial.unlink()
        _tag(partial).unlink(missing_ok=True)
        raise FetchError(f"{url} is not what was published: {problem}; it was deleted")
    os.replace(partial, done)
    _tag(partial).unlink(missing_ok=True)
    return done


def _receive(item: Download, url: str, partial: Path) -> None:
    n_tries = 0
    with _progress(item) as show:
        while True:
            before = partial.stat().st_size if partial.exists() else 0
            try:
                if _receive_once(url, partial, item.size_bytes, show):
                    return
                reason = "the connection ended early"
            except urllib.error.HTTPError as error:
                reason = f"HTTP {error.code} {error.reason}"
                if 400 <= error.code < 500 and error.code not in (408, 429):
                    raise FetchError(f"{url} cannot be downloaded: {reason}") from None
            except (urllib.error.URLError, http.client.HTTPException, TimeoutError) as error:
                reason = str(getattr(error, "reason", None) or error) or type(error).__name__
            except (ConnectionError, ssl.SSLError) as error:
                reason = str(error) or type(error).__name__
            now = partial.stat().st_size if partial.exists() else 0
            n_tries = 1 if now > before else n_tries + 1
            if n_tries >= MAX_TRIES:
                raise FetchError(
                    f"{url} cannot be downloaded: {reason} ({n_tries} tries in a row brought "
                    f"nothing; {now} bytes are kept, the same command goes on from there)"
                )
            print(f"{item.name}: {reason}; trying again at {now} bytes", file=sys.stderr)
            time.sleep(FIRST_WAIT_S * 2 ** (n_tries - 1))


def _receive_once(
    url: str, partial: Path, size_bytes: int | None, show: Callable[[int, int | None], None]
) -> bool:
    """Append what one connection brings; True when the file is whole as far as can be told."""
    start = partial.stat().st_size if partial.exists() else 0
    if size_bytes is not None and start >= size_bytes:
        return True
    headers = {"User-Agent": f"emodist/{__version__}", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
        with contextlib.suppress(FileNotFoundError):
            # Only if it is still the same file; otherwise the server sends it from the start.
            headers["If-Range"] = _tag(partial).read_text()
    request = urllib.request.Request(url, headers=headers)
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise
        # All is there, or more than all: the checksum will tell, or the next try.
        total = error.headers.get("Content-Range", "").rpartition("/")[2]
        if total.isdigit() and int(total) == start:
            return True
        partial.unlink()
        return False
    with response:
        if response.status != 206:
            start = 0
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            partial.unlink()
            return False
        length = response.headers.get("Content-Length")
        total_bytes = start + int(length) if length and length.isdigit() else size_bytes
        etag = response.headers.get("ETag") or ""
        tag = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified")
        if tag:
            _tag(partial).write_text(tag)
        else:
            _tag(partial).unlink(missing_ok=True)
        with open(partial, "ab" if start else "wb") as file:
            while chunk := response.read1(CHUNK):
                file.write(chunk)
                show(file.tell(), total_bytes)
            n_bytes = file.tell()
    return total_bytes is None or n_bytes >= total_bytes


def _problem(item: Download, file: Path) -> str | None:
    n_bytes = file.stat().st_size
    if item.size_bytes is not None and n_bytes != item.size_bytes:
        return f"it has {n_bytes} bytes; expected {item.size_bytes}"
    if item.md5 and (md5 := _digest(file)) != item.md5:
        return f"its MD5 is {md5}; expected {item.md5}"
    return None


def _digest(file: Path) -> str:
    with open(file, "rb") as opened:
        # A checksum against damage, as publishers give it; not a signature.
        return hashlib.file_digest(opened, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _tag(partial: Path) -> Path:
    return partial.with_name(f"{partial.name}.tag")


def unpack(archive: Path, folder: Path) -> dict[str, int]:
    """The files of a zip, each written whole or not at all; their names and sizes.

    Everything is looked at before anything is written. Resource forks of macOS are left out.

    Raises
    ------
    FetchError
        If it is no zip, is damaged, or would write outside of `folder`, a link, or very much more
        than its own size.
    """
    written: dict[str, int] = {}
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [m for m in opened.infolist() if not m.is_dir() and not _is_fork(m.filename)]
            for member in members:
                _check(archive, member)
            total = sum(member.file_size for member in members)
            if total > MAX_GROWTH * max(archive.stat().st_size, 2**20):
                raise FetchError(f"{archive.name} would grow to {total} bytes; it is not unpacked")
            free = shutil.disk_usage(folder).free
            if total > free:
                raise OutputError(
                    f"{folder} has {free} bytes free; unpacking {archive.name} takes {total}"
                )
            root = folder.resolve()
            for member in tqdm(members, f"unpacking {archive.name}", disable=_is_quiet()):
                target = root / member.filename
                if not target.parent.resolve().is_relative_to(root):
                    raise FetchError(
                        f"{archive.name}: {member.filename} would be written outside of {folder}"
                    )
                target.parent.mkdir(parents=True, exist_ok=True)
                with (
                    storage.new_file(str(target)) as temporary,
                    opened.open(member) as source,
                    open(temporary, "wb") as file,
                ):
                    shutil.copyfileobj(source, file, CHUNK)
                written[member.filename] = member.file_size
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError) as error:
        raise FetchError(f"{archive.name} is not a whole zip archive: {error}") from None
    except RuntimeError as error:
        raise FetchError(f"{archive.name} cannot be unpacked: {error}") from None
    return written


def _is_fork(name: str) -> bool:
    path = PurePosixPath(name)
    return "__MACOSX" in path.parts or path.name.startswith("._")


def _check(archive: Path, member: zipfile.ZipInfo) -> None:
    name = member.filename
    parts = name.split("/")
    file_type = stat.S_IFMT(member.external_attr >> 16)
    if (
        not name
        or name.startswith("/")
        or "\\" in name
        or "\0" in name
        or ":" in parts[0]
        or ".." in parts
        or parts[0] == STATE
    ):
        raise FetchError(f"{archive.name}: {name!r} would be written outside of the folder")
    if file_type not in (0, stat.S_IFREG):
        raise FetchError(f"{archive.name}: {name!r} is a link or a device, not a file")


def _receipt(folder: Path, item: Download) -> Path:
    return folder / STATE / f"{item.name}.json"


def _has(folder: Path, item: Download) -> bool:
    try:
        receipt = json.loads(_receipt(folder, item).read_text())
        if item.md5 and receipt["md5"] != item.md5:
            return False
        return all((folder / file).stat().st_size == n for file, n in receipt["files"].items())
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return False


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    with storage.writing(str(folder)):
        (folder / STATE).mkdir(parents=True, exist_ok=True)
        yield


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with open(folder / STATE / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(
                f"another emodist fetch is at work in {folder}; wait for it"
            ) from None
        yield


def _is_quiet() -> bool:
    return not sys.stderr.isatty()


@contextlib.contextmanager
def _progress(item: Download) -> Iterator[Callable[[int, int | None], None]]:
    """Bytes so far on stderr: a bar, or now and then a line."""
    shown = time.monotonic()
    with tqdm(
        desc=item.name, total=item.size_bytes, unit="B", unit_scale=True, disable=_is_quiet()
    ) as bar:

        def show(n_bytes: int, total_bytes: int | None) -> None:
            nonlocal shown
            bar.total = total_bytes
            bar.update(n_bytes - bar.n)
            if _is_quiet() and time.monotonic() - shown > LINE_EVERY_S:
                shown = time.monotonic()
                of = f" of {total_bytes / 1e6:.0f}" if total_bytes else ""
                print(f"{item.name}: {n_bytes / 1e6:.0f}{of} MB", file=sys.stderr, flush=True)

        yield show
