"""A media file before it is opened, and what lay beside it that is none."""

import collections
import dataclasses
import hashlib
import itertools
import os
import stat
import zlib
from collections.abc import Mapping
from typing import NamedTuple

from emodist.tables.sheets import printable

SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        # Sound.
        *("8svx", "aa3", "aac", "ac3", "adts", "aif", "aifc", "aiff", "amr", "ape", "au", "awb"),
        *("bwf", "caf", "dff", "dsf", "dts", "eac3", "flac", "gsm", "m4a", "m4b", "m4r", "mka"),
        *("mlp", "mp1", "mp2", "mp3", "mpa", "mpc", "nist", "oga", "ogg", "oma", "opus", "ra"),
        *("rf64", "snd", "sph", "spx", "tak", "thd", "tta", "voc", "w64", "wav", "wave", "weba"),
        *("wma", "wv"),
        # Films with sound.
        *("3g2", "3gp", "3gpp", "amv", "asf", "avi", "divx", "dv", "dvr-ms", "f4a", "f4v", "flv"),
        *("insv", "m2p", "m2t", "m2ts", "m4v", "mj2", "mk3d", "mkv", "mod", "mov", "mp4", "mpe"),
        *("mpeg", "mpg", "mpv", "mts", "mxf", "nsv", "nut", "ogm", "ogv", "ogx", "qt", "rm"),
        *("rmvb", "tod", "trp", "ts", "vob", "webm", "wmv", "wtv", "xvid"),
    )
)
# A name that ends in more than so many characters after a dot has no suffix.
SUFFIX_LETTERS = 10
N_SHOWN = 8
# Characters of a path in a message.
MOST_SHOWN = 400


class MediaFile(NamedTuple):
    """A file and what its folder says of it; `version` changes when the content does.

    A folder that cannot be read stands for what is in it, with a `path` that ends in `/`.
    """

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


@dataclasses.dataclass
class Aside:
    """What a listing came by and did not take, filled while it goes on."""

    left_out: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    notes: list[str] = dataclasses.field(default_factory=list)

    def leave(self, name: str) -> None:
        """Count a file that is not media, by its suffix."""
        stem, _, suffix = name.rpartition(".")
        if name.startswith("."):
            kind = "hidden"
        elif stem and 0 < len(suffix) <= SUFFIX_LETTERS and printable(suffix) == suffix:
            kind = f".{suffix.lower()}"
        else:
            kind = "without a suffix"
        self.left_out[kind] += 1

    def told(self) -> list[str]:
        """Sentences on all of it, the most frequent first."""
        kinds = self.counted()
        counted = [
            f"{n:,} {kind}{'s' if n > 1 and kind.endswith(('link', 'folder')) else ''}"
            for kind, n in itertools.islice(kinds.items(), N_SHOWN)
        ]
        if n_more := sum(itertools.islice(kinds.values(), N_SHOWN, None)):
            counted.append(f"{n_more:,} others")
        return [*self.notes, *([f"left out: {', '.join(counted)}"] if counted else [])]

    def counted(self) -> dict[str, int]:
        """How many of each kind were left out, the most frequent first."""
        return dict(sorted(self.left_out.items(), key=lambda item: (-item[1], item[0])))


def shown(path: str) -> str:
    """A path for messages: UTF-8, and not endless."""
    path = printable(path)
    return path if len(path) <= MOST_SHOWN else f"{path[:100]}...{path[-MOST_SHOWN // 2 :]}"


def is_media(name: str) -> bool:
    """Hidden files (`._clip.wav` of macOS, unfinished downloads) are not media."""
    stem, _, suffix = name.rpartition(".")
    return f".{suffix.lower()}" in SUFFIXES and stem != "" and not name.startswith(".")


def on_disk(uri: str, path: str) -> MediaFile:
    """A local file as it is now."""
    try:
        info = os.stat(uri)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        return MediaFile(path, uri, problem=f"{shown(path)} cannot be read: {reason}")
    problem = None
    if stat.S_ISDIR(info.st_mode):
        problem = f"{shown(path)} is a folder, and a list names files"
    elif not stat.S_ISREG(info.st_mode):
        problem = f"{shown(path)} is not a regular file"
    modified_ms = info.st_mtime_ns // 1_000_000
    return MediaFile(path, uri, info.st_size, modified_ms, str(info.st_mtime_ns), problem)
