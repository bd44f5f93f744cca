"""What lies under a path: media files of a folder, a list or a bucket, before any is opened."""

import os
import stat
from collections.abc import Iterator

from emodist import storage
from emodist.errors import ConfigError
from emodist.media import lists, objects, tree
from emodist.media.files import SUFFIXES, Aside, MediaFile, is_media, on_disk
from emodist.tables.sheets import printable

__all__ = ["SUFFIXES", "Listing", "MediaFile", "is_list", "is_media", "media_files", "none_found"]

HEAD_BYTES = 4096


class Listing(Iterator[MediaFile]):
    """Media files as they are found; `aside` knows what else there was, as far as it has come."""

    def __init__(self, files: Iterator[MediaFile], aside: Aside):
        self.aside = aside
        self._files = files

    def __next__(self) -> MediaFile:
        return next(self._files)


def media_files(uri: str) -> Listing:
    """Every media file of a folder (by its suffix), a list, or a single file; each path once.

    They come as they are found, in an order that does not change: a folder or a bucket is never
    held as a whole, a list is. What is wrong with one file or folder is its `problem`. A single
    file is taken whatever its suffix, unless it holds text.

    Raises
    ------
    ConfigError
        If there is nothing at `uri`, it cannot be read, or it is a list that is none.
    """
    aside = Aside()
    try:
        with storage.reached(uri):
            return Listing(_files(uri, aside), aside)
    except FileNotFoundError:
        raise ConfigError(f"{printable(uri)}: no such file or folder") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{printable(uri)} cannot be read: {reason}") from None


def none_found(uri: str, aside: Aside) -> ConfigError:
    """What to say where there is not one media file."""
    told = "; ".join(aside.told())
    return ConfigError(
        f"{printable(uri)} holds no media files{f' ({told})' if told else ''}; "
        f"known suffixes: {' '.join(sorted(SUFFIXES))}"
    )


def is_list(uri: str) -> bool:
    """Whether a path is that of a list of media files: by its suffix, and no folder."""
    if not uri.lower().endswith(lists.SUFFIXES):
        return False
    if not storage.is_remote(uri):
        return stat.S_ISREG(os.stat(uri).st_mode)
    fs, path = storage.filesystem(uri)
    return fs.info(path)["type"] == "file"


def _files(uri: str, aside: Aside) -> Iterator[MediaFile]:
    if is_list(uri):
        return iter(lists.listed(uri, aside))
    if storage.is_remote(uri):
        return objects.walk(uri, aside)
    if stat.S_ISDIR(os.stat(uri).st_mode):
        return tree.walk(uri, aside)
    return iter([_single(uri, aside)])


def _single(uri: str, aside: Aside) -> MediaFile:
    name = os.path.basename(uri)
    found = on_disk(uri, name)
    if is_media(name) or found.problem or not found.size_bytes:
        return found
    with open(uri, "rb") as file:
        head = file.read(HEAD_BYTES)
    if _is_text(head):
        raise ConfigError(
            f"{printable(uri)} holds text, not sound; a list of files is a CSV, TSV or Parquet "
            "file with a column `uri`"
        )
    aside.notes.append(f"{printable(name)} is tried, though its suffix is none of media")
    return found


def _is_text(head: bytes) -> bool:
    """Whether a file is UTF-8 without control characters, as far as its head says."""
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        # The end of the head may cut a letter.
        if error.end < HEAD_BYTES - 3:
            return False
        text = head[: error.start].decode()
    return all(letter.isprintable() or letter.isspace() for letter in text)
