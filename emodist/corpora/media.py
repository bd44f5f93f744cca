"""An archive without labels: folders of videos or sound, nested as they come."""

import dataclasses
from functools import cached_property, lru_cache
from pathlib import PurePosixPath
from typing import ClassVar

from emodist import storage
from emodist.corpora import Corpus, Description, _labels
from emodist.errors import ConfigError, CorpusError


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
        row = dict(self._rows.get(path, {}))
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

    @cached_property
    def _rows(self) -> dict[str, dict[str, str]]:
        if self.sidecar is None:
            return {}
        if not storage.exists(self.sidecar):
            raise CorpusError(f"media: no such sidecar file: {self.sidecar}")
        rows = _labels.rows("media", self.sidecar, ["path"])
        return {row.pop("path"): row for row in rows}


# A folder of an archive holds hundreds of files.
@lru_cache(maxsize=1024)
def _of_folder(folder: str, speaker_level: int | None) -> Description:
    folders = PurePosixPath(folder).parts
    if speaker_level is None or speaker_level > len(folders):
        return Description()
    return Description(speaker=folders[speaker_level - 1])
