"""What the frame-level features share: names of their numbers, and functionals over frames."""

from collections.abc import Sequence

import numpy as np

from emodist.features import _functionals
from emodist.features._analysis import Analysis


class FrameFeature:
    """A feature with one value, or a few, per frame of the shared analysis.

    A subclass says what its elements are called and how their frames come about; its columns are
    then NAME_ELEMENT_FUNCTIONAL, or NAME_FUNCTIONAL where the one element has no name.
    """

    def elements(self) -> tuple[str, ...]:
        """Names of the elements; () stands for one nameless element."""
        return ()

    def frames(self, analysis: Analysis) -> np.ndarray:
        """Float array of shape (n_elements, n_frames), finite."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The registry name, which is the name of the file."""
        return type(self).__module__.rpartition(".")[2]

    def labels(self, functionals: Sequence[str]) -> tuple[str, ...]:
        """Column names, element after element."""
        stems = [f"{self.name}_{element}" for element in self.elements()] or [self.name]
        return tuple(f"{stem}_{functional}" for stem in stems for functional in functionals)

    def shape(self, functionals: Sequence[str]) -> tuple[int, ...]:
        """The shape of what `compute` returns."""
        return (max(1, len(self.elements())) * len(functionals),)

    def compute(self, analysis: Analysis, functionals: Sequence[str]) -> np.ndarray:
        """The functionals of each element, float32."""
        return _functionals.apply(self.frames(analysis), functionals, analysis.frame_s)


def numbered(count: int, prefix: str = "") -> tuple[str, ...]:
    """Element names that count from one.

    Examples
    --------
    >>> numbered(2, "delta_")
    ('delta_1', 'delta_2')
    """
    return tuple(f"{prefix}{number}" for number in range(1, count + 1))
