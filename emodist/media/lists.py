"""Lists of media files, with what is known of each: CSV, TSV or Parquet with a column `uri`.

What is wrong with one row is the problem of one file; what is wrong with the list ends the run.
Names are found as people and other systems spell them: relative to the list, absolute, as URIs,
with backslashes, `~`, blanks at their end, or accents in another Unicode form than on the disk.
"""

import os
import posixpath
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from emodist import storage
from emodist.annotations.csv import has_times
from emodist.errors import ConfigError
from emodist.media import objects
from emodist.media.files import Aside, MediaFile, on_disk
from emodist.tables import parquet, sheets
from emodist.tables.sheets import Row

SUFFIXES = (".csv", ".tsv", ".tab", ".parquet")
KNOWN = ("uri", "speaker", "label", "corpus")
ONE_EACH = ("speaker", "label", "corpus")
# A longer name is none of a file, and is not repeated in full.
MOST_LETTERS = 4096
ROWS_AT_ONCE = 256
N_SHOWN = 3


def listed(uri: str, aside: Aside) -> list[MediaFile]:
    """The files that a list names, each once, ordered by path; other columns are `given`.

    Raises
    ------
    ConfigError
        If it cannot be read, has no column `uri`, holds spans, or says two things of one file.
    """
    folder, _, name = uri.rpartition("/")
    data = storage.read(uri)
    if uri.lower().endswith(".parquet"):
        sheet = sheets.of_table(parquet.parsed(data).read(), KNOWN)
    else:
        sheet = sheets.parse(data, name, ("uri",), KNOWN)
    if has_times(sheet.columns):
        raise ConfigError(
            f"{uri} holds spans of recordings (start and end), not a list of files; give the "
            f"folder of the recordings, as in: emodist featurize FOLDER segments={name}"
        )
    if "uri" not in sheet.columns:
        has = ", ".join(sheet.columns) or "none"
        raise ConfigError(f"{uri} needs a column `uri`; it has {has}")
    aside.notes += sheet.notes
    finder = Finder(folder)
    rows = sheet.rows

    def look(start: int) -> list[tuple[Row, MediaFile]]:
        chunk = rows[start : start + ROWS_AT_ONCE]
        return [(row, _looked(row, finder, uri, name)) for row in chunk]

    with ThreadPoolExecutor(16) as pool:
        chunks = pool.map(look, range(0, len(rows), ROWS_AT_ONCE))
        pairs = [pair for chunk in chunks for pair in chunk]
    found = _merged(_without_comments(pairs, name, aside), name, aside)
    return sorted(found, key=lambda file: file.path)


class Finder:
    """Files by the names that a list in `folder` gives them."""

    def __init__(self, folder: str):
        self.folder = folder
        self._entries: dict[tuple[str, Callable[[str], str]], dict[str, list[str]]] = {}

    def find(self, name: str) -> MediaFile:
        """The file as it is now; its `path` is the name, the plainest if there are several."""
        if name.startswith("file://"):
            # Some programs write `file://` before a path and escape nothing.
            name = next(filter(os.path.lexists, (storage.local(name), name[7:])), None) or (
                storage.local(name)
            )
        if storage.is_remote(name) or storage.is_remote(self._place(name)):
            return self._object(name)
        spelled = [name, name.replace("\\", "/"), os.path.expanduser(name)]
        for path in dict.fromkeys(spelled):
            if os.path.lexists(self._place(path)):
                return self._plain(path)
        for path in dict.fromkeys(spelled):
            if found := self._like(path, _composed):
                return self._plain(found)
        missing = self._plain(name)
        if near := self._like(name, str.casefold):
            return missing._replace(problem=f"{missing.problem}; there is {near}")
        return missing

    def _object(self, name: str) -> MediaFile:
        """An object, whose name may have accents in another form, or backslashes."""
        plain = name if storage.is_remote(name) else posixpath.normpath(name.replace("\\", "/"))
        forms = (unicodedata.normalize(form, plain) for form in ("NFC", "NFD"))
        found: MediaFile | None = None
        for path in dict.fromkeys((plain, *forms)):
            looked = objects.look(self._place(path), path)
            if looked.problem is None:
                return looked
            found = found or looked
        assert found is not None
        return found

    def _place(self, name: str) -> str:
        if os.path.isabs(name) or storage.is_remote(name):
            return name
        if storage.is_remote(self.folder):
            scheme, _, folder = self.folder.partition("://")
            return f"{scheme}://{posixpath.normpath(f'{folder}/{name}')}"
        return f"{self.folder}/{name}"

    def _plain(self, name: str) -> MediaFile:
        """`sub/../a.flac` is `a.flac`, unless `sub` is a link to elsewhere."""
        given = on_disk(self._place(name), name)
        plain = posixpath.normpath(name)
        if plain == name:
            return given
        found = on_disk(self._place(plain), plain)
        return given if found.recording_id[16:] != given.recording_id[16:] else found

    def _like(self, name: str, key: Callable[[str], str]) -> str | None:
        """The one name of a file that is the same by a key, folder by folder."""
        found = "/" if os.path.isabs(name) else ""
        for part in filter(None, name.split("/")):
            if os.path.lexists(self._place(f"{found}{part}")):
                found = f"{found}{part}/"
                continue
            names = self._names(self._place(found), key).get(key(part), ())
            if len(names) != 1:
                return None
            found = f"{found}{names[0]}/"
        return found.rstrip("/") or None

    def _names(self, folder: str, key: Callable[[str], str]) -> dict[str, list[str]]:
        if (folder, key) not in self._entries:
            names: dict[str, list[str]] = {}
            try:
                for name in os.listdir(folder):
                    names.setdefault(key(name), []).append(name)
            except (OSError, ValueError):
                pass
            self._entries[folder, key] = names
        return self._entries[folder, key]


def _composed(name: str) -> str:
    return sheets.composed(name).strip()


def _looked(row: Row, finder: Finder, uri: str, name: str) -> MediaFile:
    where = f"row {row.line} of {name}"
    if row.problem or not row.words.get("uri"):
        return MediaFile(where, uri, problem=f"{where} {row.problem or 'has no uri'}")
    if len(row.words["uri"]) > MOST_LETTERS:
        start = row.words["uri"][:40]
        return MediaFile(where, uri, problem=f"{where} has a uri that is too long: {start}...")
    return finder.find(row.words["uri"])


def _without_comments(
    pairs: Iterable[tuple[Row, MediaFile]], name: str, aside: Aside
) -> list[tuple[Row, MediaFile]]:
    kept, n_comments = [], 0
    for row, file in pairs:
        if row.is_comment and file.problem:
            n_comments += 1
        else:
            kept.append((row, file))
    if n_comments:
        aside.notes.append(f"rows of {name} that begin with # are comments: {n_comments}")
    return kept


def _merged(pairs: Sequence[tuple[Row, MediaFile]], name: str, aside: Aside) -> list[MediaFile]:
    """Each file once, with all that its rows say."""
    of_label = sheets.labels(row.words.get("label") for row, _ in pairs)
    known: dict[str, tuple[Row, MediaFile]] = {}
    wrong: list[str] = []
    n_again = 0
    for row, file in pairs:
        words = {k: word for k, word in row.words.items() if word and k != "uri"}
        if "speaker" in words:
            words["speaker"] = sheets.whole(sheets.composed(words["speaker"]))
        if "label" in words:
            words["label"] = sheets.composed(of_label[words["label"]])
        # Rows without a file are each their own.
        key = file.uri if file.path != f"row {row.line} of {name}" else file.path
        first = known.get(key)
        if first is not None:
            there = first[1].given
            for column in ONE_EACH:
                if {column} <= words.keys() & there.keys() and words[column] != there[column]:
                    wrong.append(
                        f"rows {first[0].line} and {row.line} give {file.path} the {column} "
                        f"{there[column]} and {words[column]}"
                    )
            n_again += any(there.get(k, word) != word for k, word in words.items())
            words = {**words, **there}
            row = first[0]
            if os.path.isabs(file.path) or not os.path.isabs(first[1].path):
                file = first[1]
        known[key] = (row, file._replace(given=words))
    if wrong:
        more = f", and {len(wrong) - N_SHOWN} more" if len(wrong) > N_SHOWN else ""
        raise ConfigError(
            f"{name} contradicts itself: {'; '.join(wrong[:N_SHOWN])}{more}. A list has one row "
            "for each file; spans of files are given as segments=FILE"
        )
    if n_again:
        aside.notes.append(
            f"{name} names files again and says something else of them: the first row counts, "
            f"and {n_again} do not"
        )
    return [file for _, file in known.values()]
