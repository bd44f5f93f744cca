"""The spectrum from the beginning to the end of a segment, in a few steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emodist.features._analysis import N_SHORT_MELS, Analysis
from emodist.features._settings import check_int


@dataclass(frozen=True)
class MelContour:
    """Mean level, dB, of 26 mel bands in each of some equal parts of the segment.

    Functionals forget the order of frames; this keeps it, coarsely: how a sentence sets in, where
    its weight lies and how it dies away. It is emodist's own, published by nobody else.

    Parameters
    ----------
    n_parts : parts of equal length

    Notes
    -----
    Levels are never more than 60 dB below the loudest one. Functionals do not apply.
    """

    unit: ClassVar[str] = "dB"
    citation: ClassVar[str] = ""

    n_parts: int = 8

    def __post_init__(self):
        check_int("mel_contour.n_parts", self.n_parts, 1, 100)

    def labels(self, functionals: Sequence[str]) -> tuple[str, ...]:
        """`mel_contour_MEL_PART`, both counted from one."""
        return tuple(
            f"mel_contour_{mel + 1}_{part + 1}"
            for mel in range(N_SHORT_MELS)
            for part in range(self.n_parts)
        )

    def shape(self, functionals: Sequence[str]) -> tuple[int, ...]:
        """The shape of what `compute` returns, whatever the functionals."""
        return (N_SHORT_MELS * self.n_parts,)

    def compute(self, analysis: Analysis, functionals: Sequence[str]) -> np.ndarray:
        """Float32 numbers in the order of `labels`."""
        db = analysis.short_mel_db
        edges = np.arange(self.n_parts + 1) * len(db) // self.n_parts
        # In a very short sound, a part that holds no frame is the one where it begins (reduceat).
        sums = np.add.reduceat(db, edges[:-1], axis=0)
        counts = np.maximum(np.diff(edges), 1).astype(np.float32)
        return (sums / counts[:, None]).T.ravel()
