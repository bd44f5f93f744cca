"""An archive without labels: folders of videos or sound, nested as they come."""

import dataclasses
import posixpath
from functools import cached_property, lru_cache
from pathlib import PurePosixPath
from typing import ClassVar

from emodist import storage
from emodist.corpora import Corpus, Description, _labels
from emodist.errors import ConfigError, CorpusError
from emodist.tables import sheets

N_SHOWN = 3


@dataclasses.dataclass(frozen=True)
class Media(Corpus):
    """The speaker of a vlog is its uploader or channel.

    Parameters
    ----------
    speaker_level : int or None
        Which folder below the root names the speaker, 1 being the topmost; a file that lies
        higher has no known speaker. None: speakers are not in the path.
    sidecar : str or None
        A CSV or TSV file with the columns `path` (relative to the root) and optionally `speaker`
        and `label`; other columns become attributes. It wins over the folder.
    """

    speaker_level: int | None = 1
    sidecar: str | None = None

    naming: ClassVar[str] = "media.speaker_level=N, media.sidecar=FILE.csv"
    title: ClassVar[str] = "Unlabelled videos and sound files, nested folders"
    source: ClassVar[str] = "your own"
    licence: ClassVar[str] = "your own"

    def __post_init__(self) -> None:
        level = self.speaker_level
        if level is not None and (not isinstance(level, int) or level < 1):
            raise ConfigError(f"speaker_level takes 1, 2, ... or null; got {level!r}")

    def describe(self, path: str) -> Description:
        """Speaker from a folder level or the sidecar file.

        Raises
        ------
        CorpusError
            If the sidecar file cannot be used.

        Examples
        --------
        >>> Media().describe("channel_a/2020/first.mp4").speaker
        'channel_a'
        """
        known = _of_folder(path.rpartition("/")[0], self.speaker_level)
        row = dict(self._row(path) or {})
        if not row:
            return known
        return Description(
            speaker=row.pop("speaker", None) or known.speaker,
            label=row.pop("label", None) or None,
            attributes={key: value for key, value in row.items() if value},
        )

    def key(self, path: str) -> str:
        # Names are the owner's, and may repeat from folder to folder.
        return path

    def knows(self, path: str) -> bool:
        """Whether the sidecar names the file; true of every file where there is no sidecar."""
        if self.sidecar is None:
            return True
        if (found := self._sidecar.named(path)) is not None:
            self._sidecar.met.add(found)
        return found is not None

    def stranger(self) -> CorpusError:
        """A sidecar that names no file is a wrong one, or has other paths."""
        examples = ", ".join(list(self._sidecar.rows)[:N_SHOWN]) or "no path at all"
        return CorpusError(
            f"media: the sidecar {self.sidecar} names none of the files; it has {examples}. Its "
            "paths are relative to PATH"
        )

    def notes(self) -> list[str]:
        """How the sidecar was read, and which of its rows name no file."""
        if self.sidecar is None:
            return []
        rows, met = self._sidecar.rows, self._sidecar.met
        missed = [path for path in rows if path not in met]
        notes = list(self._sidecar.notes)
        if missed:
            more = ", ..." if len(missed) > N_SHOWN else ""
            notes.append(
                f"{len(missed)} of {len(rows)} rows of {self.sidecar} name no file: "
                f"{', '.join(missed[:N_SHOWN])}{more}"
            )
        return notes

    def _row(self, path: str) -> dict[str, str] | None:
        if self.sidecar is None:
            return None
        found = self._sidecar.named(path)
        return None if found is None else self._sidecar.rows[found]

    @cached_property
    def _sidecar(self) -> "_Sidecar":
        assert self.sidecar is not None
        if not storage.exists(self.sidecar):
            raise CorpusError(f"media: no such sidecar file: {self.sidecar}")
        return _Sidecar(self.sidecar)


class _Sidecar:
    """The rows of a table by their paths, and those that files were found for (`met`)."""

    def __init__(self, uri: str):
        sheet = _labels.sheet("media", uri, ["path"], ("speaker", "label"))
        of_label = sheets.labels(row.words.get("label") for row in sheet.rows)
        self.rows: dict[str, dict[str, str]] = {}
        self.met: set[str] = set()
        self.notes = list(sheet.notes)
        lines: dict[str, int] = {}
        for row in sheet.rows:
            words = {column: word for column, word in row.words.items() if word}
            path = posixpath.normpath(words.pop("path", "").replace("\\", "/"))
            if row.is_comment:
                continue
            if row.problem or path == ".":
                self.notes.append(f"row {row.line} of {uri} {row.problem or 'has no path'}")
                continue
            if "speaker" in words:
                words["speaker"] = sheets.whole(words["speaker"])
            if "label" in words:
                words["label"] = of_label[words["label"]]
            there = self.rows.setdefault(path, words)
            for column in ("speaker", "label"):
                if {column} <= words.keys() & there.keys() and words[column] != there[column]:
                    raise CorpusError(
                        f"media: rows {lines[path]} and {row.line} of {uri} give {path} the "
                        f"{column} {there[column]} and {words[column]}"
                    )
            self.rows[path] = {**words, **there}
            lines.setdefault(path, row.line)
        self._composed = {sheets.composed(path): path for path in self.rows}

    def named(self, path: str) -> str | None:
        """The path of a file as the table spells it, perhaps with accents in another form."""
        return path if path in self.rows else self._composed.get(sheets.composed(path))


# A folder of an archive holds hundreds of files.
@lru_cache(maxsize=1024)
def _of_folder(folder: str, speaker_level: int | None) -> Description:
    folders = PurePosixPath(folder).parts
    if speaker_level is None or speaker_level > len(folders):
        return Description()
    return Description(speaker=folders[speaker_level - 1])
