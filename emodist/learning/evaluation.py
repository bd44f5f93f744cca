"""How good predictions are, and how sure that is: metrics, intervals over speakers, tests.

Conventions, so that a number means one thing:

- UAR is the mean recall of the classes that occur in the truth; weighted accuracy is the share of
  rows that are right; macro-F1 is the mean over classes that occur in truth or predictions;
- ROC AUC is one-vs-rest, ties count half, macro is the mean over the classes that have both rows
  of their own and others; it is None for a class that has not;
- rows of all folds are pooled: one confusion matrix, not a mean over folds;
- ECE is of the highest probability, in 15 bins of equal mass (Guo et al. 2017 use equal width;
  equal mass leaves no bin with a handful of rows);
- intervals are 95%, from resampled speakers, and do not know how another training run would
  have ended.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, ndtr, softmax, stdtrit

from emodist.errors import ConfigError

# One value per row.
Column: TypeAlias = Sequence[Any] | np.ndarray

OVERLAP = "speakers overlap"
SAYS_NOTHING = f"{OVERLAP}: this says nothing about people who were not in training"

N_BINS = 15

# With fewer speakers a resampled interval is too narrow whatever one does, and a sign-flip test
# has fewer than 256 outcomes.
MIN_SPEAKERS = 8

# A probability of exactly 0 would make one row's likelihood count for all.
TINY = 1e-12


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """Metrics of one model under one protocol.

    `intervals` has (low, high) of `uar`, `weighted_accuracy`, `macro_f1` and `roc_auc`;
    `confusion` has truth in rows; `per_class` and `per_fold` are by name; NaN is "not defined".
    """

    protocol: str
    speakers_overlap: bool
    n_rows: int
    n_speakers: int
    classes: tuple[str, ...]
    uar: float
    weighted_accuracy: float
    macro_f1: float
    roc_auc: float
    ece: float
    intervals: dict[str, tuple[float, float]]
    per_class: dict[str, dict[str, float]]
    per_fold: dict[str, dict[str, float]]
    confusion: np.ndarray
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, lists and words for JSON; None is "not defined"."""
        return {**_plain(dataclasses.asdict(self)), "chance": 1 / max(_n_present(self), 1)}


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
        return _plain(dataclasses.asdict(self))


def evaluate(
    y_true: Column,
    probabilities: np.ndarray,
    classes: Sequence[str],
    speakers: Column,
    folds: Column,
    protocol: str,
    *,
    speakers_overlap: bool | None = None,
    n_resamples: int = 2000,
    rng: np.random.Generator | None = None,
) -> Evaluation:
    """Metrics of out-of-fold predictions.

    Parameters
    ----------
    y_true : shape (n_rows,)
        Class names, or their places in `classes`.
    probabilities : shape (n_rows, n_classes)
        Rows add up to 1; the highest is the prediction, the first of equals.
    speakers, folds : shape (n_rows,)
        Who speaks, and in which fold the row was tested.
    protocol : str
        As the report shall name it; "speakers overlap" is added where it is so.
    speakers_overlap : bool, optional
        Default: true if the protocol says so or one speaker was tested in several folds. Say it
        where there is one fold only, since its training side is not seen here.
    n_resamples : int
        Of the speakers, for the intervals.

    Raises
    ------
    ConfigError
        If shapes do not fit, a label is unknown, or probabilities are none.
    """
    y, scores, who, people = _checked(y_true, probabilities, classes, speakers, protocol)
    if len(folds) != len(y):
        raise ConfigError(f"evaluate needs a fold for each of {len(y)} rows; got {len(folds)}")
    predicted = scores.argmax(axis=1)
    tables = _confusions(y, predicted, who, len(people), len(classes))
    wins = [
        _auc_wins(y == index, scores[:, index], who, len(people)) for index in range(len(classes))
    ]
    metrics: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "uar": lambda weights: _uar(_pooled(tables, weights)),
        "weighted_accuracy": lambda weights: _accuracy(_pooled(tables, weights)),
        "macro_f1": lambda weights: _mean(_f1(_pooled(tables, weights))),
        "roc_auc": lambda weights: _mean(_aucs(wins, tables, weights)),
    }
    once = np.ones((1, len(people)))
    resamples = _resamples(len(people), n_resamples, rng)
    values = {name: float(metric(once)[0]) for name, metric in metrics.items()}
    intervals = {
        name: _interval(metric(resamples), len(people)) for name, metric in metrics.items()
    }
    names, fold = np.unique(np.asarray(folds).astype(str), return_inverse=True)
    if speakers_overlap is None:
        tested = len(np.unique(np.column_stack([who, fold]), axis=0))
        speakers_overlap = tested > len(people)
    speakers_overlap = speakers_overlap or OVERLAP in protocol
    if speakers_overlap and OVERLAP not in protocol:
        protocol += f", {OVERLAP}"
    confusion = tables.sum(axis=0)
    return Evaluation(
        protocol=protocol,
        speakers_overlap=speakers_overlap,
        n_rows=len(y),
        n_speakers=len(people),
        classes=tuple(map(str, classes)),
        **values,
        ece=calibration_error(y, scores),
        intervals=intervals,
        per_class=_per_class(classes, confusion, _aucs(wins, tables, once)[0]),
        per_fold={
            name: {
                "uar": float(_uar(_confusions(y[rows], predicted[rows], None, 1, len(classes)))[0]),
                "n_rows": int(rows.sum()),
                "n_speakers": len(np.unique(who[rows])),
            }
            for name, rows in ((name, fold == index) for index, name in enumerate(names.tolist()))
        },
        confusion=confusion.astype(int),
        verdict=_verdict(
            values["uar"], intervals["uar"], len(people), len(np.unique(y)), speakers_overlap
        ),
    )


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
    y, a, who, people = _checked(y_true, probabilities_a, classes, speakers, protocol)
    b = _checked(y_true, probabilities_b, classes, speakers, protocol)[1]
    tables = [
        _confusions(y, scores.argmax(axis=1), who, len(people), len(classes)) for scores in (a, b)
    ]
    once = np.ones((1, len(people)))
    uar_a, uar_b = (float(_uar(_pooled(table, once))[0]) for table in tables)
    rng = rng or np.random.default_rng(0)
    resamples = _resamples(len(people), n_resamples, rng)
    differences = _uar(_pooled(tables[0], resamples)) - _uar(_pooled(tables[1], resamples))
    interval = _interval(differences, len(people))
    # Truth, and so each class's support, is the same for both: UAR is a sum over speakers.
    support = tables[0].sum(axis=(0, 2))
    right = np.diagonal(tables[0] - tables[1], axis1=1, axis2=2)[:, support > 0]
    p_value, test = _sign_flip((right / support[support > 0]).mean(axis=1), n_resamples, rng)
    if OVERLAP in protocol:
        verdict = SAYS_NOTHING
    elif len(people) < MIN_SPEAKERS:
        verdict = _too_few(len(people))
    elif p_value < 0.05:
        verdict = f"model {'a' if uar_a > uar_b else 'b'} is better (p = {p_value:.3g})"
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


def calibration_error(y: np.ndarray, probabilities: np.ndarray, n_bins: int = N_BINS) -> float:
    """Expected calibration error of the highest probability, in bins of equal mass.

    Equal confidences share a bin, so fewer distinct ones make fewer bins.

    Examples
    --------
    >>> y = np.array([0, 0, 1, 1])
    >>> calibration_error(y, np.tile([0.5, 0.5], (4, 1)))
    0.0
    >>> calibration_error(y, np.tile([1.0, 0.0], (4, 1)))
    0.5
    """
    confidence = probabilities.max(axis=1)
    excess = confidence - (probabilities.argmax(axis=1) == y)
    edges = np.quantile(confidence, np.arange(1, n_bins) / n_bins)
    bins = np.searchsorted(np.unique(edges), confidence, side="right")
    return float(np.abs(np.bincount(bins, excess)).sum() / len(y))


def fit_temperature(y: np.ndarray, probabilities: np.ndarray) -> float:
    """The temperature T that makes softmax(log p / T) most likely; above 1 means overconfident.

    Guo et al., *On Calibration of Modern Neural Networks* (2017). Fit it on development data:
    neither rows that trained the model nor rows that test it.

    Returns
    -------
    float, from 0.05 to 20
    """
    log_p = np.log(np.clip(probabilities, TINY, 1))

    def loss(log_t: float) -> float:
        return -float(log_softmax(log_p / np.exp(log_t), axis=1)[np.arange(len(y)), y].mean())

    limits = (np.log(0.05), np.log(20))
    return float(np.exp(minimize_scalar(loss, bounds=limits, method="bounded").x))


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities after temperature scaling; which class is highest does not change.

    Examples
    --------
    >>> apply_temperature(np.array([[0.9, 0.1]]), 2.0).round(3)
    array([[0.75, 0.25]])
    """
    return softmax(np.log(np.clip(probabilities, TINY, 1)) / temperature, axis=1)


def _checked(
    y_true: Column,
    probabilities: np.ndarray,
    classes: Sequence[str],
    speakers: Column,
    protocol: str,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    y, scores = np.asarray(y_true), np.asarray(probabilities, np.float64)
    if not protocol:
        raise ConfigError("evaluation needs the protocol's name: no number without it")
    if len(classes) < 2:
        raise ConfigError(f"evaluation needs two classes or more; got {list(classes)}")
    if not len(y) or scores.shape != (len(y), len(classes)) or len(speakers) != len(y):
        raise ConfigError(
            f"evaluation needs probabilities of shape (n_rows, {len(classes)}) and a speaker for "
            f"each row; got {len(y)} labels, {scores.shape}, {len(speakers)} speakers"
        )
    # The comparison is false for NaN too.
    if not (np.all(np.abs(scores.sum(axis=1) - 1) < 1e-3) and scores.min() >= 0):
        raise ConfigError("evaluation needs probabilities: none below 0, rows that add up to 1")
    if y.dtype.kind not in "iu":
        place = {str(name): index for index, name in enumerate(classes)}
        unknown = {str(name) for name in y} - set(place)
        if unknown:
            raise ConfigError(f"labels that are no class: {sorted(unknown)}; got {list(classes)}")
        y = np.array([place[str(name)] for name in y])
    if y.min() < 0 or y.max() >= len(classes):
        raise ConfigError(f"labels are places in the {len(classes)} classes; got up to {y.max()}")
    people = np.asarray(speakers, object)
    if any(speaker is None for speaker in people):
        raise ConfigError("evaluation needs every speaker, for its intervals; some are unknown")
    names, who = np.unique(people.astype(str), return_inverse=True)
    return y, scores, who, names


def _confusions(
    y: np.ndarray, predicted: np.ndarray, who: np.ndarray | None, n_speakers: int, n_classes: int
) -> np.ndarray:
    """Confusion matrix of each speaker, shape (n_speakers, truth, predicted)."""
    tables = np.zeros((n_speakers, n_classes, n_classes))
    np.add.at(tables, (np.zeros(len(y), int) if who is None else who, y, predicted), 1)
    return tables


def _pooled(tables: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Confusion matrix of each resample, shape (n_resamples, truth, predicted)."""
    return np.tensordot(weights, tables, axes=1)


def _uar(confusion: np.ndarray) -> np.ndarray:
    return _mean(_ratio(_hits(confusion), confusion.sum(axis=2)))


def _accuracy(confusion: np.ndarray) -> np.ndarray:
    return _hits(confusion).sum(axis=1) / confusion.sum(axis=(1, 2))


def _f1(confusion: np.ndarray) -> np.ndarray:
    return _ratio(2 * _hits(confusion), confusion.sum(axis=1) + confusion.sum(axis=2))


def _hits(confusion: np.ndarray) -> np.ndarray:
    return np.diagonal(confusion, axis1=1, axis2=2)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def _mean(per_class: np.ndarray) -> np.ndarray:
    """Mean over the classes for which there is a number; NaN if there is none."""
    has = np.isfinite(per_class)
    return _ratio(np.where(has, per_class, 0).sum(axis=1), has.sum(axis=1))


def _auc_wins(is_class: np.ndarray, score: np.ndarray, who: np.ndarray, n: int) -> np.ndarray:
    """How many pairs (row of the class, other row) are in the right order, by their speakers.

    Shape (n_speakers, n_speakers); a resample's AUC follows from it without another look at rows.
    """
    wins = np.zeros((n, n))
    positive = np.sort(score[is_class])
    owner = who[is_class][np.argsort(score[is_class], kind="stable")]
    for speaker in range(n):
        others = np.sort(score[~is_class & (who == speaker)])
        below = np.searchsorted(others, positive) + np.searchsorted(others, positive, side="right")
        wins[:, speaker] = np.bincount(owner, below / 2, minlength=n)
    return wins


def _aucs(wins: list[np.ndarray], tables: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """ROC AUC of each class in each resample, shape (n_resamples, n_classes)."""
    support = weights @ tables.sum(axis=2)
    n_pairs = support * (support.sum(axis=1, keepdims=True) - support)
    won = np.stack([((weights @ table) * weights).sum(axis=1) for table in wins], axis=1)
    return _ratio(won, n_pairs)


def _resamples(n: int, n_resamples: int, rng: np.random.Generator | None) -> np.ndarray:
    """How often each speaker is drawn in each resample."""
    rng = rng or np.random.default_rng(0)
    return rng.multinomial(n, np.full(n, 1 / n), size=n_resamples).astype(float)


def _interval(values: np.ndarray, n_speakers: int) -> tuple[float, float]:
    """95% interval: expanded percentiles, which make up for few speakers.

    Hesterberg, *What Teachers Should Know About the Bootstrap* (2015), section 4.1.
    """
    values = values[np.isfinite(values)]
    if n_speakers < 2 or not len(values):
        return (np.nan, np.nan)
    tail = ndtr(np.sqrt(n_speakers / (n_speakers - 1)) * stdtrit(n_speakers - 1, 0.025))
    low, high = np.quantile(values, [tail, 1 - tail])
    return (float(low), float(high))


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


def _per_class(
    classes: Sequence[str], confusion: np.ndarray, aucs: np.ndarray
) -> dict[str, dict[str, float]]:
    table = confusion[None]
    columns = {
        "precision": _ratio(_hits(table), table.sum(axis=1))[0],
        "recall": _ratio(_hits(table), table.sum(axis=2))[0],
        "f1": _f1(table)[0],
        "roc_auc": aucs,
    }
    return {
        str(name): {
            **{metric: float(values[index]) for metric, values in columns.items()},
            "support": int(confusion[index].sum()),
        }
        for index, name in enumerate(classes)
    }


def _verdict(
    uar: float, interval: tuple[float, float], n_speakers: int, n_classes: int, overlap: bool
) -> str:
    if overlap:
        return SAYS_NOTHING
    if n_speakers < MIN_SPEAKERS:
        return _too_few(n_speakers)
    chance = 1 / n_classes
    shown = f"UAR {uar:.3f} [{interval[0]:.3f}, {interval[1]:.3f}], {n_speakers} speakers"
    if interval[0] > chance:
        return f"better than chance ({chance:.3f}) on unseen speakers: {shown}"
    return f"not shown to be better than chance ({chance:.3f}): {shown}"


def _too_few(n_speakers: int) -> str:
    return (
        f"too few speakers to conclude anything: {n_speakers}, and fewer than {MIN_SPEAKERS} "
        "say too little about others"
    )


def _n_present(result: Evaluation) -> int:
    return int((result.confusion.sum(axis=1) > 0).sum())


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
