"""Label files beside the sound: finding and reading them, on a disk or in a bucket."""

from collections.abc import Sequence

from emodist import storage
from emodist.errors import ConfigError, CorpusError
from emodist.tables import sheets
from emodist.tables.sheets import Sheet


def find(root: str, names: Sequence[str], n_above: int = 2) -> str | None:
    """The first of `names` (relative paths) in the folder `root` or in one of those above it.

    The sound is often a subfolder of what was unpacked, and the labels stand beside it.
    """
    place = storage.absolute(root)
    for _ in range(n_above + 1):
        for name in names:
            if storage.exists(storage.join(place, name)):
                return storage.join(place, name)
        above = place.rsplit("/", 1)[0]
        if not above or above.endswith(("/", ":")) or above == place:
            break
        place = above
    return None


def rows(corpus: str, uri: str, needed: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a CSV or TSV file; blanks around names and values are none of theirs.

    Raises
    ------
    CorpusError
        If it cannot be read or lacks a column.
    """
    found = sheet(corpus, uri, needed)
    return [{column: row.words.get(column, "") for column in found.columns} for row in found.rows]


def sheet(corpus: str, uri: str, needed: Sequence[str], known: Sequence[str] = ()) -> Sheet:
    """A CSV or TSV file with the number of each row's line, and how it was read.

    Raises
    ------
    CorpusError
        As `rows`.
    """
    try:
        found = sheets.parse(_content(corpus, uri), uri, needed[:1], known)
    except ConfigError as error:
        raise CorpusError(f"{corpus}: {error}") from None
    lacking = [name for name in needed if name not in found.columns]
    if lacking:
        has = ", ".join(found.columns) or "none"
        raise CorpusError(f"{corpus}: {uri} has no column {lacking[0]}; it has {has}")
    return found


def read(corpus: str, uri: str) -> str:
    """The content of a label file.

    Raises
    ------
    CorpusError
        If it cannot be read, or is a Git LFS pointer.
    """
    return sheets.printable(sheets.decoded(_content(corpus, uri))[0])


def _content(corpus: str, uri: str) -> bytes:
    try:
        data = storage.read(uri)
    except (OSError, ValueError) as error:
        raise CorpusError(f"{corpus}: the label file {uri} cannot be read: {error}") from None
    if data.startswith(b"version https://git-lfs"):
        raise CorpusError(
            f"{corpus}: {uri} is a Git LFS pointer, not the labels; fetch it with `git lfs pull`"
        )
    return data
