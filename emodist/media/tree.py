"""Media files below a local folder, in an order that does not change."""

import os
from collections.abc import Iterator
from typing import Any

from emodist.media.files import Aside, MediaFile, is_media, on_disk, shown


def walk(root: str, aside: Aside) -> Iterator[MediaFile]:
    """Files of a folder and of those below it; a folder that cannot be read is a problem.

    Each folder is listed once, however many links lead to it: its own name counts, and links come
    last. So links may lead in circles.

    Raises
    ------
    OSError
        If the folder itself cannot be read.
    """
    os.scandir(root).close()
    return _walk(root, aside)


def _walk(root: str, aside: Aside) -> Iterator[MediaFile]:
    listed: set[str] = set()
    # Folders below the root; links to others join them as they are found.
    starts = [""]
    for start in starts:
        # What is not below a link cannot have been listed before.
        is_linked = start != ""
        stack: list[Iterator[Any]] = [iter([(start, os.path.realpath(os.path.join(root, start)))])]
        while stack:
            step = next(stack[-1], None)
            if step is None:
                stack.pop()
                continue
            if isinstance(step, MediaFile):
                yield step
                continue
            folder, real = step
            if is_linked and real in listed:
                aside.left_out["repeated folder"] += 1
                continue
            listed.add(real)
            stack.append(_found(root, folder, real, starts, aside))


def _found(
    root: str, folder: str, real: str, links: list[str], aside: Aside
) -> Iterator[MediaFile | tuple[str, str]]:
    """The media files of one folder, and its folders with their real places."""
    entries, problem = _entries(os.path.join(root, folder))
    for entry in entries:
        path = f"{folder}/{entry.name}".lstrip("/")
        is_folder, is_lost = _kind(entry)
        if is_folder and entry.name.startswith("."):
            aside.left_out["hidden"] += 1
        elif is_folder and entry.is_symlink():
            links.append(path)
        elif is_folder:
            yield path, f"{real.rstrip('/')}/{entry.name}"
        elif is_media(entry.name):
            yield on_disk(entry.path, path)
        elif is_lost:
            aside.left_out["broken link"] += 1
        else:
            aside.leave(entry.name)
    if problem is not None:
        place = os.path.join(root, folder)
        aside.left_out["unreadable folder"] += 1
        said = f"{shown(folder or root)}/ cannot be read: {problem.strerror}"
        yield MediaFile(f"{folder}/", f"{place}/", None, None, _state(place), said)


def _entries(folder: str) -> tuple[list[os.DirEntry[str]], OSError | None]:
    found = []
    problem = None
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                found.append(entry)
    except OSError as error:
        problem = error
    return sorted(found, key=lambda entry: entry.name), problem


def _kind(entry: os.DirEntry[str]) -> tuple[bool, bool]:
    """Whether it is a folder, or one by a link; whether it is a link to nothing, or to itself."""
    try:
        if entry.is_dir():
            return True, False
        return False, entry.is_symlink() and not os.path.exists(entry.path)
    except OSError:
        return False, True


def _state(folder: str) -> str:
    """Changes when the rights of a folder do, so that another refusal is another failure."""
    try:
        return str(os.stat(folder).st_ctime_ns)
    except OSError:
        return ""
