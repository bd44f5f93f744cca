"""One folder per label, as in `data/Angry/x.wav`; speakers are not known."""

import dataclasses
from pathlib import PurePosixPath
from typing import ClassVar

from emodist.corpora import Corpus, Description
from emodist.errors import ConfigError, CorpusError


@dataclasses.dataclass(frozen=True)
class Folder(Corpus):
    """The folder that holds a file names its label.

    Parameters
    ----------
    speaker_pattern : str or None
        `"prefix"` takes the part of the file name before the first underscore as the speaker;
        None leaves speakers unknown, and then no speaker-independent result is possible.
    """

    speaker_pattern: str | None = None

    naming: ClassVar[str] = "folder.speaker_pattern=prefix"
    title: ClassVar[str] = "One folder per label"
    source: ClassVar[str] = "your own"
    licence: ClassVar[str] = "your own"

    def __post_init__(self) -> None:
        if self.speaker_pattern not in (None, "prefix"):
            raise ConfigError(f"speaker_pattern takes prefix or null; got {self.speaker_pattern!r}")

    def describe(self, path: str) -> Description:
        """Label from the folder's name.

        Raises
        ------
        CorpusError
            If the file lies beside the label folders.

        Examples
        --------
        >>> Folder().describe("data/Angry/x.wav").label
        'Angry'
        """
        parts = PurePosixPath(path).parts
        if len(parts) < 2:
            raise CorpusError(f"folder: {path} lies in no label folder; expected LABEL/{path}")
        speaker = None
        if self.speaker_pattern == "prefix":
            speaker, underscore, _ = parts[-1].partition("_")
            if not underscore:
                raise CorpusError(f"folder: {path} has no speaker before an underscore")
        return Description(speaker=speaker, label=parts[-2])

    def key(self, path: str) -> str:
        # Names are the owner's, and may repeat from folder to folder.
        return path
