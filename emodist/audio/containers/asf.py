"""ASF (WMA, WMV): the header object has the size of the whole file."""

from emodist.audio.containers.promise import Extent
from emodist.audio.source import Source

_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ENCRYPTIONS = (
    bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e"),  # Content Encryption Object
    bytes.fromhex("14e68a292622174c"),  # Extended Content Encryption Object
)


def extent(source: Source) -> Extent | None:
    at = source.head.find(_FILE)
    # Object id and size, file id, then the size; the flags say of a broadcast that it has none.
    size = int.from_bytes(source.head[at + 40 : at + 48], "little")
    is_broadcast = int.from_bytes(source.head[at + 88 : at + 92], "little") & 1
    return None if at < 0 or is_broadcast or not size else Extent(0, size)


def encryption(source: Source) -> str | None:
    found = any(name in source.head for name in _ENCRYPTIONS)
    return "Windows Media DRM" if found else None
