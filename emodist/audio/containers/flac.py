"""FLAC: files that were joined are one behind the other, each with its own head."""

from emodist.audio.source import Source

_START = b"fLaC\0\0\0\x22"
# A decoder has read ahead by so much at most.
_AHEAD = 1 << 15
_BLOCK = 1 << 20


def joined(source: Source, read_to: int) -> int | None:
    """Where a further file begins, if the decoder stopped at the byte `read_to`."""
    at = max(4, read_to - _AHEAD)
    with source.opened() as view:
        block = b""
        view.seek(at)
        while new := view.read(_BLOCK):
            at, block = at + max(0, len(block) - 8), block[-8:] + new
            if (found := block.find(_START)) >= 0:
                return at + found
            # Tags after the sound are not searched through to their end.
            if at > read_to + _BLOCK:
                return None
    return None
