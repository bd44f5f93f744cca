"""What the bytes of a container promise, one module a family, so that a cut file is noticed.

Decoders end quietly where the bytes end. Only what a header states is read here: where the bytes
of the sound should lie (`Extent`). A stream that states nothing (MPEG-TS, ADTS, a live WebM) is
taken as it is.
"""

import importlib
import struct
from types import ModuleType
from typing import Any

from emodist.audio.containers.promise import Extent
from emodist.audio.source import Source

__all__ = ["Extent", "encryption", "extent", "of", "rest"]

# The modules, each named by its container.
_MODULES = (
    *("wav", "avi", "aiff", "w64", "au", "caf", "voc", "mov", "matroska", "flv", "asf", "mxf"),
    *("ogg", "mpegts"),
)


def of(source: Source) -> str:
    """Container by content, of those that are known here, or an empty string."""
    head = source.head
    if head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"RIFF" and head[8:12] in (b"AVI ", b"AVIX"):
        return "avi"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp"):
        return "mov"
    # Packets of 188 bytes, of 192 with a time in front, of 204 with a checksum behind.
    for size, first in ((188, 0), (192, 4), (204, 0)):
        if all(head[k : k + 1] == b"\x47" for k in range(first, first + 4 * size, size)):
            return "mpegts"
    for start, name in (
        (b"fLaC", "flac"),
        (b"\x1a\x45\xdf\xa3", "matroska"),
        (b"OggS", "ogg"),
        (b"FLV\x01", "flv"),
        (b"caff", "caf"),
        (b".snd", "au"),
        (b"dns.", "au"),
        (b"Creative Voice File\x1a", "voc"),
        (bytes.fromhex("726966662e91cf11a5d628db04c10000"), "w64"),
        (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), "asf"),
        (bytes.fromhex("060e2b34020501010d01020101"), "mxf"),
    ):
        if head.startswith(start):
            return name
    return ""


def extent(source: Source) -> Extent | None:
    """Where the bytes of the sound should lie; None where the headers do not say."""
    return _ask("extent", source)


def encryption(source: Source) -> str | None:
    """How the sound is encrypted, in words; None where it is not, or nobody knows."""
    return _ask("encryption", source)


def rest(source: Source) -> int | None:
    """Where in the file another recording is joined on; None where there is one alone."""
    return _ask("rest", source)


def _ask(question: str, source: Source) -> Any:
    call = getattr(_module(of(source)), question, None)
    try:
        return call(source) if call else None
    except (IndexError, struct.error):  # a header that ends, or says nonsense, promises nothing
        return None


def _module(name: str) -> ModuleType | None:
    if name not in _MODULES:
        return None
    return importlib.import_module(f"emodist.audio.containers.{name}")
