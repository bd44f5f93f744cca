"""Media files of a bucket, or of any filesystem that fsspec knows, a page at a time."""

import os
from collections.abc import Iterator
from typing import Any

from emodist import storage
from emodist.media.files import MOST_SHOWN, Aside, MediaFile, is_media, shown


def walk(uri: str, aside: Aside) -> Iterator[MediaFile]:
    """Files below a prefix, or the file itself.

    Raises
    ------
    FileNotFoundError
        If there is nothing.
    """
    fs, root = storage.filesystem(uri)
    info = fs.info(root)
    if info["type"] == "file":
        return iter([_file(info, fs.unstrip_protocol(root), os.path.basename(root))])
    return _walk(fs, root, aside)


def look(uri: str, path: str) -> MediaFile:
    """One object, by its name.

    Raises
    ------
    EmodistError
        If S3 cannot be reached at all.
    """
    said = f"{shown(path)} cannot be read: "
    with storage.reached(uri):
        try:
            fs, root = storage.filesystem(uri)
            info = fs.info(root)
        except FileNotFoundError:
            return MediaFile(path, uri, problem=f"{said}no such object")
        except Exception as error:
            # What is wrong with the server is wrong with all of them.
            if storage.is_outage(error):
                raise
            reason = " ".join(str(error).split())[:MOST_SHOWN] or type(error).__name__
            return MediaFile(path, uri, problem=said + reason.removeprefix(f"{uri} "))
    if info["type"] != "file":
        return MediaFile(path, uri, problem=f"{path} is a folder, and a list names files")
    return _file(info, fs.unstrip_protocol(root), path)


def _walk(fs: Any, root: str, aside: Aside) -> Iterator[MediaFile]:
    base = fs.unstrip_protocol(root)
    for entry in _keys(fs, root) if hasattr(fs, "call_s3") else _tree(fs, root):
        uri, path = f"{base}{entry['name'][len(root) :]}", entry["name"][len(root) + 1 :]
        name = path.rpartition("/")[2]
        if "problem" in entry:
            said = f"{path}/ cannot be read: {entry['problem']}"
            yield MediaFile(f"{path}/", f"{uri}/", problem=said)
        elif is_media(name):
            yield _file(entry, uri, path)
        elif name:
            # A key that ends in `/` stands for a folder.
            aside.leave(name)


def _keys(fs: Any, root: str) -> Iterator[dict]:
    """Objects below a prefix of S3; `fs.find` would hold them all."""
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


def _tree(fs: Any, root: str) -> Iterator[dict]:
    stack = [_folder(fs, root)]
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
        elif entry["type"] == "directory" and "problem" not in entry:
            stack.append(_folder(fs, entry["name"]))
        else:
            yield entry


def _folder(fs: Any, name: str) -> Iterator[dict]:
    try:
        found = sorted(fs.ls(name, detail=True), key=lambda entry: entry["name"])
    except OSError as error:
        yield {"name": name, "type": "directory", "problem": error.strerror or str(error)}
        return
    # Some filesystems remember all that they have listed.
    fs.invalidate_cache(name)
    yield from found


def _file(info: dict, uri: str, path: str) -> MediaFile:
    modified = info.get("LastModified")
    modified_ms = int(modified.timestamp() * 1000) if modified else None
    version = str(info.get("ETag") or modified).strip('"')
    return MediaFile(path, uri, info["size"], modified_ms, version)
