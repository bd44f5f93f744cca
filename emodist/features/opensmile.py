"""openSMILE's functionals, the sets that the field compares itself with; an optional extra.

`pip install "emodist[opensmile]"`. openSMILE is not a default because of its licence: research,
teaching and personal use are free; a product, also one that only uses these numbers or a model
made from them, needs a commercial licence from audEERING.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np

from emodist.errors import ConfigError
from emodist.features._analysis import SAMPLE_RATE, Analysis
from emodist.features._citations import GEMAPS
from emodist.features._settings import check_choice

# Of openSMILE's own settings: the name of each set in `opensmile.FeatureSet`.
SETS = {"egemaps": "eGeMAPSv02", "compare": "ComParE_2016"}
# The longest frame of both sets, 60 ms: openSMILE has no answer for less.
MIN_SAMPLES = 960
# openSMILE makes 16-bit integers of the samples, and at 1.0 they wrap around to -32768.
FULL_SCALE = np.float32(32767 / 32768)

CITATION = """\
@inproceedings{eyben2010opensmile,
  author = {Eyben, Florian and Wöllmer, Martin and Schuller, Björn},
  title = {{openSMILE}: the {Munich} Versatile and Fast Open-Source Audio Feature Extractor},
  booktitle = {Proceedings of the 18th ACM International Conference on Multimedia},
  pages = {1459--1462},
  year = {2010},
  doi = {10.1145/1873951.1874246}
}
@inproceedings{schuller2016compare,
  author = {Schuller, Björn and Steidl, Stefan and Batliner, Anton and Hirschberg, Julia and Burgoon, Judee K. and Baird, Alice and Elkins, Aaron and Zhang, Yue and Coutinho, Eduardo and Evanini, Keelan},
  title = {The {INTERSPEECH} 2016 Computational Paralinguistics Challenge: Deception, Sincerity and Native Language},
  booktitle = {Interspeech},
  pages = {2001--2005},
  year = {2016},
  doi = {10.21437/Interspeech.2016-129}
}
"""  # noqa: E501


@dataclass(frozen=True)
class Opensmile:
    """Functionals of openSMILE (needs the extra `opensmile`; licensed for research only).

    Parameters
    ----------
    feature_set : 'egemaps' (eGeMAPS v02, 88 numbers) or 'compare' (ComParE 2016, 6373 numbers)

    Raises
    ------
    ConfigError
        If the set is unknown, or the package is not installed.

    Notes
    -----
    The sets are fixed: they have their own frames and functionals, so the settings `functionals`,
    `n_fft` and `hop_length` do not apply.

    The numbers are those of `opensmile.Smile.process_signal`, with three additions: a waveform
    shorter than 60 ms is filled up with zeros, samples beyond full scale are clipped, and what
    openSMILE leaves NaN or infinite is 0.

    openSMILE: Eyben, Wöllmer & Schuller (2010). eGeMAPS: Eyben et al. (2016), IEEE Transactions
    on Affective Computing 7(2). ComParE 2016: Schuller et al. (2016), Interspeech.
    """

    unit: ClassVar[str] = "as in openSMILE"
    citation: ClassVar[str] = CITATION + GEMAPS

    feature_set: str = "egemaps"

    def __post_init__(self):
        check_choice("opensmile.feature_set", self.feature_set, tuple(SETS))
        _package()

    def labels(self, functionals: Sequence[str]) -> tuple[str, ...]:
        """`opensmile_` and openSMILE's own names, `_` for what is no letter or digit."""
        return _labels(self.feature_set)

    def shape(self, functionals: Sequence[str]) -> tuple[int, ...]:
        """The shape of what `compute` returns."""
        return (len(_labels(self.feature_set)),)

    def compute(self, analysis: Analysis, functionals: Sequence[str]) -> np.ndarray:
        """The set's numbers, in openSMILE's order."""
        waveform = np.clip(analysis.waveform, -1, FULL_SCALE)
        if waveform.size < MIN_SAMPLES:
            waveform = np.pad(waveform, (0, MIN_SAMPLES - waveform.size))
        # The same numbers as `process_signal`, without a table around them.
        values = _smile(self.feature_set)(waveform, SAMPLE_RATE).reshape(-1)
        return np.where(np.isfinite(values), values, 0).astype(np.float32)


@cache
def _package() -> Any:
    """The package, imported only when somebody asks for its numbers: it brings pandas along."""
    try:
        import opensmile
    except (ImportError, OSError) as error:  # OSError: its shared library does not load
        raise ConfigError(
            'opensmile is an optional extra: pip install "emodist[opensmile]" '
            f"(licensed for research, not for products); importing it failed: {error}"
        ) from error
    return opensmile


@cache
def _smile(feature_set: str) -> Any:
    """One extractor per process and set; it keeps nothing from call to call, and no threads."""
    package = _package()
    return package.Smile(
        feature_set=package.FeatureSet[SETS[feature_set]],
        feature_level=package.FeatureLevel.Functionals,
        num_workers=1,
    )


@cache
def _labels(feature_set: str) -> tuple[str, ...]:
    return tuple(_label(name) for name in _smile(feature_set).feature_names)


def _label(name: str) -> str:
    """A column's name from openSMILE's.

    Examples
    --------
    >>> _label("F0semitoneFrom27.5Hz_sma3nz_pctlrange0-2")
    'opensmile_F0semitoneFrom27_5Hz_sma3nz_pctlrange0_2'
    >>> _label("mfcc_sma[1]_range")
    'opensmile_mfcc_sma_1_range'
    """
    return "opensmile_" + re.sub(r"[^A-Za-z0-9]+", "_", name)
