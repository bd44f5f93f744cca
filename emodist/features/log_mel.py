"""Log-mel spectrogram of a fixed size, for networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.errors import ConfigError
from emodist.features._analysis import SAMPLE_RATE, Analysis
from emodist.features._citations import LIBROSA
from emodist.features._settings import check_between, check_choice, check_int

FLOOR_DB = -100.0


@dataclass(frozen=True)
class LogMel:
    """Mel power in dB re 1, n_mels by n_frames: `power_to_db(melspectrogram(y))` of librosa.

    Parameters
    ----------
    n_mels : mel bands
    n_frames : frames; 128 are 4.1 s with the default hop
    top_db : levels lower than this below the loudest are raised; null for no such floor
    fit : 'pad' fills a shorter clip at its end with its floor (top_db below the loudest, or
        -100 dB) and takes the middle of a longer one; 'resize' stretches the clip by linear
        interpolation from its first frame to its last
    fmin_hz, fmax_hz : range of the mel bands

    Notes
    -----
    The reference is absolute, so a quiet voice stays quieter than a loud one.
    """

    unit: ClassVar[str] = "dB"
    citation: ClassVar[str] = LIBROSA

    n_mels: int = 128
    n_frames: int = 128
    top_db: float | None = 80.0
    fit: str = "pad"
    fmin_hz: float = 0.0
    fmax_hz: float = SAMPLE_RATE / 2

    def __post_init__(self):
        check_int("log_mel.n_mels", self.n_mels, 1, 1024)
        check_int("log_mel.n_frames", self.n_frames, 1, 100_000)
        if self.top_db is not None:
            check_between("log_mel.top_db", self.top_db, 0, 1000)
        check_choice("log_mel.fit", self.fit, ("pad", "resize"))
        check_between("log_mel.fmin_hz", self.fmin_hz, 0, SAMPLE_RATE / 2)
        check_between("log_mel.fmax_hz", self.fmax_hz, 0, SAMPLE_RATE / 2)
        if self.fmin_hz >= self.fmax_hz:
            raise ConfigError(
                f"log_mel.fmin_hz={self.fmin_hz} must be below fmax_hz={self.fmax_hz}"
            )

    def labels(self, functionals: Sequence[str]) -> tuple[str, ...]:
        """`log_mel_MEL_FRAME`, both counted from one; functionals do not apply."""
        frames = range(1, self.n_frames + 1)
        return tuple(f"log_mel_{m}_{t}" for m in range(1, self.n_mels + 1) for t in frames)

    def shape(self, functionals: Sequence[str]) -> tuple[int, ...]:
        """(n_mels, n_frames), whatever the functionals."""
        return (self.n_mels, self.n_frames)

    def compute(self, analysis: Analysis, functionals: Sequence[str]) -> np.ndarray:
        """Float32 array of shape (n_mels, n_frames), dB."""
        top_db = None if self.top_db is None else float(self.top_db)
        db = analysis.log_mel(self.n_mels, self.fmin_hz, self.fmax_hz, top_db).T
        if self.fit == "resize":
            return _stretched(db, self.n_frames)
        floor = FLOOR_DB if top_db is None else max(FLOOR_DB, float(db.max()) - top_db)
        out = np.full((self.n_mels, self.n_frames), floor, np.float32)
        surplus = max(0, db.shape[1] - self.n_frames)
        kept = db[:, surplus // 2 : surplus // 2 + self.n_frames]
        out[:, : kept.shape[1]] = kept
        return out


def _stretched(db: np.ndarray, n_frames: int) -> np.ndarray:
    position = np.linspace(0, db.shape[1] - 1, n_frames)
    below = np.minimum(position.astype(np.intp), max(0, db.shape[1] - 2))
    above = np.minimum(below + 1, db.shape[1] - 1)
    part = (position - below).astype(np.float32)
    return db[:, below] * (1 - part) + db[:, above] * part
