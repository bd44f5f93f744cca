"""Which rows a result comes from, as a hash: of the rows, or of their numbers too."""

import hashlib

import numpy as np

from emodist.learning.dataset import Dataset


def row(recording_id: str, segment: int | None, label: str | None, audio_sha: str | None) -> int:
    """Hash of one row by its keys and its sound, 128 bits."""
    words = repr((recording_id, segment or 0, label, audio_sha)).encode()
    return int.from_bytes(hashlib.blake2b(words, digest_size=16).digest(), "big")


def joined(total: int, more: int) -> int:
    """Of two sets of rows from the hashes of each; the order does not matter."""
    return (total + more) % 2**128


def shown(total: int) -> str:
    return f"{total:032x}"


def rows(data: Dataset) -> str:
    """Of recording, segment, label and sound of all rows, whatever their order and features.

    A table has one such fingerprint for every model that learns from it, and for its report.
    """
    keys = (data.recording_id, data.segment.tolist(), data.label, data.audio_sha)
    total = 0
    for words in zip(*keys, strict=True):
        total = joined(total, row(*words))
    return shown(total)


def numbers(data: Dataset) -> str:
    """Of segments, labels and flat numbers of the rows in their order."""
    digest = hashlib.sha256(np.ascontiguousarray(data.x).tobytes())
    for words in zip(data.recording_id, data.segment, data.label, strict=True):
        digest.update(repr(words).encode())
    return digest.hexdigest()
