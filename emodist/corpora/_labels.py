"""Label files beside the sound: finding and reading them, on a disk or in a bucket."""

import csv
import io
from collections.abc import Collection, Sequence

from emodist import storage
from emodist.errors import CorpusError


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


def rows(corpus: str, uri: str, needed: Collection[str]) -> list[dict[str, str]]:
    """The rows of a CSV file, or of a TSV file; blanks around names and values are none of theirs.

    Raises
    ------
    CorpusError
        If it cannot be read or lacks a column.
    """
    delimiter = "\t" if uri.lower().endswith(".tsv") else ","
    reader = csv.DictReader(io.StringIO(read(corpus, uri)), delimiter=delimiter)
    reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
    columns = reader.fieldnames
    lacking = [name for name in needed if name not in columns]
    if lacking:
        raise CorpusError(
            f"{corpus}: {uri} has no column {lacking[0]}; it has {', '.join(columns) or 'none'}"
        )
    return [{key: (value or "").strip() for key, value in row.items() if key} for row in reader]


def read(corpus: str, uri: str) -> str:
    """The content of a label file.

    Raises
    ------
    CorpusError
        If it cannot be read, or is a Git LFS pointer.
    """
    try:
        data = storage.read(uri)
    except (OSError, ValueError) as error:
        raise CorpusError(f"{corpus}: the label file {uri} cannot be read: {error}") from None
    if data.startswith(b"version https://git-lfs"):
        raise CorpusError(
            f"{corpus}: {uri} is a Git LFS pointer, not the labels; fetch it with `git lfs pull`"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
