"""The sound of one recording, and how the work on it ends."""

import contextlib
import dataclasses
import hashlib
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from emodist import storage
from emodist.audio import decode
from emodist.audio.readers import Account
from emodist.errors import EmodistError, FileMemoryError, OutputError, UnexpectedError
from emodist.media import names
from emodist.media.settings import HOW, MediaSettings
from emodist.plugins.folders import told


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What only decoding can tell: length, hash of the 16 kHz samples, and what was odd."""

    duration_s: float
    audio_sha: str
    account: Account = dataclasses.field(default_factory=Account)

    def columns(self) -> dict[str, Any]:
        """For the table of recordings."""
        own = {"duration_s": self.duration_s, "audio_sha": self.audio_sha}
        return {**own, **dataclasses.asdict(self.account)}


# By `recording_id`.
Outcomes: TypeAlias = dict[str, Outcome | EmodistError]


class Sound:
    """The blocks of a recording, once; afterwards its length and hash are known."""

    def __init__(self, uri: str, settings: MediaSettings):
        self.uri = uri
        self.settings = settings
        self._sha = hashlib.sha256()
        self._n_samples = 0
        # Its offset is known with the first block, the rest with the last.
        self.account = Account()

    def __iter__(self) -> Iterator[np.ndarray]:
        asked = (*HOW, "max_duration_s")
        how: dict[str, Any] = {name: getattr(self.settings, name) for name in asked}
        with storage.opened(self.uri) as source:
            blocks = decode.blocks(source, **how)
            self.account = blocks.account
            for block in blocks:
                self._sha.update(block.tobytes())
                self._n_samples += len(block)
                yield block

    def outcome(self) -> Outcome:
        duration_s = self._n_samples / decode.SAMPLE_RATE
        return Outcome(duration_s, self._sha.hexdigest(), self.account)


@contextlib.contextmanager
def judged(recording: dict[str, Any], sound: Sound, outcomes: Outcomes) -> Iterator[None]:
    """Note how the work on a recording ends; only what is wrong with the output goes further."""
    outcome: Outcome | EmodistError
    try:
        yield
        outcome = sound.outcome()
    except OutputError as error:
        cause = error.__cause__
        if not isinstance(cause, OSError) or cause.errno not in names.BAD_NAME:
            raise
        outcome = error
    except EmodistError as error:
        outcome = error
    except MemoryError:
        outcome = FileMemoryError("asks for more memory than it may have (file_memory_gb)")
    # Whatever goes wrong with one file is a row of `failures`, with its name and message.
    except Exception as error:
        outcome = UnexpectedError(told(error))
    outcomes[recording["recording_id"]] = outcome
