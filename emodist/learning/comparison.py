"""Whether two models differ on the same rows: a paired test over speakers."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from emodist.learning.folds import OVERLAP, Column
from emodist.learning.judged import (
    MIN_SPEAKERS,
    SAYS_NOTHING,
    checked,
    plain,
    too_few,
)
from emodist.learning.metrics import counts, interval_of, resamples_of, uar


@dataclasses.dataclass(frozen=True)
class Comparison:
    """UAR of model a less that of model b on the same rows; `interval` is of the difference."""

    protocol: str
    uar_a: float
    uar_b: float
    difference: float
    interval: tuple[float, float]
    p_value: float
    n_speakers: int
    test: str
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        return plain(dataclasses.asdict(self))


def compare(
    y_true: Column,
    probabilities_a: np.ndarray,
    probabilities_b: np.ndarray,
    classes: Sequence[str],
    speakers: Column,
    protocol: str,
    *,
    n_resamples: int = 10_000,
    rng: np.random.Generator | None = None,
) -> Comparison:
    """Whether two models differ in UAR on the same rows.

    If they do not, swapping the models' predictions for any speaker changes nothing. So the test
    flips the sign of each speaker's share of the difference: every combination where there are no
    more than `n_resamples`, otherwise that many random ones; two-sided. The interval is a paired
    bootstrap: speakers are resampled, and both models are judged on the same ones.
    """
    y, a, who, people = checked(y_true, probabilities_a, classes, speakers, protocol)
    b = checked(y_true, probabilities_b, classes, speakers, protocol)[1]
    of_a, of_b = (
        counts(y, scores.argmax(axis=1), who, len(people), len(classes)) for scores in (a, b)
    )
    once = np.ones((1, len(people)))
    uar_a, uar_b = (float(uar(each.drawn(once))[0]) for each in (of_a, of_b))
    rng = rng or np.random.default_rng(0)
    resamples = resamples_of(len(people), n_resamples, rng)
    differences = uar(of_a.drawn(resamples)) - uar(of_b.drawn(resamples))
    interval = interval_of(differences, len(people))
    # Truth, and so each class's support, is the same for both: UAR is a sum over speakers.
    support = of_a.support.sum(axis=0)
    right = (of_a.hits - of_b.hits)[:, support > 0]
    p_value, test = _sign_flip((right / support[support > 0]).mean(axis=1), n_resamples, rng)
    if OVERLAP in protocol:
        verdict = SAYS_NOTHING
    elif len(people) < MIN_SPEAKERS:
        verdict = too_few(len(people))
    elif p_value < 0.05:
        verdict = f"{'better' if uar_a > uar_b else 'worse'} than that one (p = {p_value:.3g})"
    else:
        verdict = f"no difference shown (p = {p_value:.3g})"
    return Comparison(
        protocol=protocol,
        uar_a=uar_a,
        uar_b=uar_b,
        difference=uar_a - uar_b,
        interval=interval,
        p_value=p_value,
        n_speakers=len(people),
        test=test,
        verdict=verdict,
    )


def _sign_flip(shares: np.ndarray, n_resamples: int, rng: np.random.Generator) -> tuple[float, str]:
    n = len(shares)
    exact = 2**n <= n_resamples
    if exact:
        signs = 1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
    else:
        signs = rng.choice([-1, 1], size=(n_resamples, n))
    flipped = np.abs(signs @ shares)
    # Rounding must not make an equal sum smaller.
    n_extreme = int((flipped >= np.abs(shares.sum()) - 1e-12).sum())
    if exact:
        return n_extreme / len(signs), f"sign flips of {n} speakers, all {2**n}"
    p_value = (n_extreme + 1) / (n_resamples + 1)
    return p_value, f"sign flips of {n} speakers, {n_resamples} at random"
