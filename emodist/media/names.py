"""Names of files that are made after others: what disks and buckets take."""

import errno
import hashlib

# Of a file in a folder (Linux, macOS, Windows); and of a path below an output folder, which leaves
# room for that folder's own: 1024 bytes make a key of S3, 4096 a path of Linux.
MOST_NAME_BYTES = 255
MOST_PATH_BYTES = 768
# What keeps one name from being written, and no other: too long, or with letters or a folder that
# the place does not take.
BAD_NAME = frozenset(
    {errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.EISDIR, errno.ENOTDIR, errno.EEXIST}
)


def fitting(path: str) -> str:
    """A relative path that disks and buckets take: a name of it that is too long is cut.

    A hash of the whole name comes in place of what is cut, and the suffix stays; of a path that is
    too long, a hash takes the place of all folders but the first.

    Examples
    --------
    >>> fitting("a/b.wav"), len(fitting("a/" + 300 * "b" + ".wav"))
    ('a/b.wav', 257)
    """
    if len(path.encode()) > MOST_PATH_BYTES and "/" in path:
        first, *_, name = path.split("/")
        path = f"{first}/{_hash(path)}/{name}"
    return "/".join(_fitting_name(name) for name in path.split("/"))


def _fitting_name(name: str) -> str:
    if len(name.encode()) <= MOST_NAME_BYTES:
        return name
    stem, _, suffix = name.rpartition(".")
    end = f"-{_hash(name)}" + (f".{suffix}" if stem and len(suffix) <= 16 else "")
    # Half a letter is none.
    return name.encode()[: MOST_NAME_BYTES - len(end.encode())].decode(errors="ignore") + end


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
