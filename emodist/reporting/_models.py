"""Saved evaluations: their numbers, curves, differences, and what the classifier leans on."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from emodist import registry, storage
from emodist.errors import ConfigError, EmodistError
from emodist.learning import classifier, comparison, curves, dataset
from emodist.learning.settings import TrainSettings
from emodist.network_training.settings import NetworkSettings
from emodist.tables import locate, records

N_REPEATS = 3
N_RESAMPLES = 2000
# The evaluation is made again for the importances; its UAR comes out the same to this.
SAME_UAR = 1e-3
N_TOP = 15
LEAST_SPEAKERS = 4


@dataclasses.dataclass(frozen=True)
class Result:
    """What `emodist evaluate --out` wrote: `about` is its JSON; `rows` its predictions, or None."""

    folder: str
    name: str
    about: dict[str, Any]
    rows: pa.Table | None

    @property
    def classes(self) -> list[str]:
        return self.about["classes"]

    def probabilities(self) -> np.ndarray:
        """Shape (n_rows, n_classes)."""
        assert self.rows is not None
        columns = [self.rows[f"p_{name}"].to_numpy() for name in self.classes]
        return np.stack(columns, axis=1).astype(np.float64)

    def truth(self) -> np.ndarray:
        assert self.rows is not None
        place = {name: index for index, name in enumerate(self.classes)}
        return np.array([place[label] for label in self.rows["label"].to_pylist()])

    @property
    def interval(self) -> str:
        """Of UAR, in words."""
        low, high = self.about["intervals"]["uar"]
        return "-" if low is None or high is None else f"{low:.3f} to {high:.3f}"

    @property
    def headline(self) -> str:
        """UAR with all that it must not stand without."""
        about = self.about
        return (
            f"UAR {about['uar']:.3f} (95% {self.interval}, over {about['n_speakers']} speakers; "
            f"{about['protocol']}; chance {about['chance']:.3f})"
        )

    def people(self) -> list[str]:
        assert self.rows is not None
        # Speaker 03 of one corpus is not speaker 03 of another.
        known = zip(self.rows["corpus"].to_pylist(), self.rows["speaker"].to_pylist(), strict=True)
        return [f"{corpus}/{who}" for corpus, who in known]


def load(folder: str) -> Result:
    """An evaluation from its folder.

    Raises
    ------
    ConfigError
        If there is none.
    """
    folder = storage.absolute(folder)
    if "evaluation.json" not in storage.names(folder):
        raise ConfigError(
            f"{folder} has no evaluation.json; `emodist evaluate TABLE --out {folder}` writes one"
        )
    about = records.read(storage.join(folder, "evaluation.json"))
    rows = None
    if "predictions.parquet" in storage.names(folder):
        table = locate.open_table(storage.join(folder, "predictions.parquet"))
        rows = table.to_table().sort_by([("recording_id", "ascending"), ("segment", "ascending")])
    return Result(folder, _name(about), about, rows)


def words(settings: Mapping[str, Any], settings_type: type) -> list[str]:
    """Settings that are not the defaults, as `key=value` words of the command line."""
    fields = dataclasses.fields(settings_type)
    said = []
    for field in fields:
        if field.name not in settings:
            continue
        value = settings[field.name]
        default = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        if isinstance(default, tuple):
            default = list(default)
        if value == default or (value in ("", None) and default in ("", None)):
            continue
        if isinstance(value, Mapping):
            said += _nested(value, field.name, settings)
        else:
            said.append(f"{field.name}={_word(value)}")
    return said


def roc(result: Result) -> dict[str, tuple[np.ndarray, np.ndarray, float]]:
    """ROC curve and area of each class that has rows of its own and others in a fold."""
    assert result.rows is not None
    y, scores = result.truth(), result.probabilities()
    fold = np.array(result.rows["fold"].to_pylist())
    lines = {}
    for index, name in enumerate(result.classes):
        x, up = curves.roc(y == index, scores[:, index], fold)
        if len(x):
            lines[name] = (x, up, float(np.trapezoid(up, x)))
    return lines


def differences(results: Sequence[Result]) -> list[dict[str, Any]]:
    """The best speaker-independent model against each other one on the same rows, paired."""
    able = [r for r in results if r.rows is not None and not r.about["speakers_overlap"]]
    if len(able) < 2:
        return []
    best = max(able, key=lambda result: result.about["uar"])
    tests = []
    for other in able:
        if other is best or not _same_rows(best, other):
            continue
        protocols = dict.fromkeys([best.about["protocol"], other.about["protocol"]])
        test = comparison.compare(
            best.truth(),
            best.probabilities(),
            other.probabilities(),
            best.classes,
            best.people(),
            "; ".join(protocols),
        )
        tests.append({"a": best.name, "b": other.name, **test.to_dict()})
    return tests


def permutation(table: str, result: Result, most_rows: int) -> tuple[list[dict[str, Any]], str]:
    """What UAR loses on held-out speakers when a feature's numbers are dealt out anew.

    The classifier is fitted once more on each fold's training side; then all columns of one
    feature are shuffled together among the fold's test rows. Intervals resample speakers.

    Returns
    -------
    rows, note
        Rows with `name`, `n_numbers`, `loss`, `low`, `high`, the largest loss first; none where
        the note says why.
    """
    if result.about["speakers_overlap"]:
        return [], "not computed: speakers overlap in this evaluation, so no speaker is held out"
    if settings_type_of(result.about) is not TrainSettings or result.about.get("blended"):
        return [], "computed for single classifiers only, not for networks and blends"
    if result.about["n_rows"] > most_rows:
        return [], (
            f"not computed: {result.about['n_rows']} rows, more than "
            f"importance_rows={most_rows}; every fold is fitted anew"
        )
    try:
        known = {field.name for field in dataclasses.fields(TrainSettings)}
        own = {k: v for k, v in result.about["settings"].items() if k in known}
        if own.get("features") is not None:
            own["features"] = tuple(own["features"])
        # Temperature does not change which class is highest.
        settings = TrainSettings(**{**own, "calibrate": False})
        data = dataset.load(table, settings.features).labelled()
        folds = classifier.make_folds(data, settings)
    except EmodistError as error:
        return [], f"not computed: {error}"
    x = classifier.inputs(data, settings)
    y, classes = data.targets()
    families = list(dict.fromkeys(data.columns.tolist()))
    rng = np.random.default_rng(settings.seed)
    tested = np.concatenate([fold.test for fold in folds])
    base: list[np.ndarray] = []
    shuffled: dict[str, list[np.ndarray]] = {name: [] for name in families}
    for fold in folds:
        learned = data.with_variants(fold.train)
        model = classifier.pipeline(settings, y[learned]).fit(x[learned], y[learned])
        present = np.unique(y[fold.train])
        base.append(_full(model.predict_proba(x[fold.test]), present, len(classes)))
        for name in families:
            own_columns = np.flatnonzero(data.columns == name)
            copies = []
            for _ in range(N_REPEATS):
                rows = rng.permutation(fold.test)
                other = x[fold.test].copy()
                other[:, own_columns] = x[np.ix_(rows, own_columns)]
                copies.append(other)
            answers = _full(model.predict_proba(np.concatenate(copies)), present, len(classes))
            shuffled[name].append(answers.reshape(N_REPEATS, len(fold.test), len(classes)))
    people = data.people()[tested].astype(str)
    found_rows = []
    for name in families:
        # All repeats of a row belong to its speaker, so they are resampled together.
        parts = np.concatenate(shuffled[name], axis=1).reshape(-1, len(classes))
        test = comparison.compare(
            np.tile(y[tested], N_REPEATS),
            np.tile(np.concatenate(base), (N_REPEATS, 1)),
            parts,
            classes,
            np.tile(people, N_REPEATS),
            result.about["protocol"],
            n_resamples=N_RESAMPLES,
        )
        found_rows.append(
            {
                "name": name,
                "n_numbers": int((data.columns == name).sum()),
                "loss": test.difference,
                "low": test.interval[0],
                "high": test.interval[1],
            }
        )
    note = ""
    if len(tested) != result.about["n_rows"] or abs(test.uar_a - result.about["uar"]) > SAME_UAR:
        note = (
            f"fitted on this table the classifier has UAR {test.uar_a:.3f} on {len(tested)} rows, "
            f"not {result.about['uar']:.3f} on {result.about['n_rows']}: the evaluation is of "
            "other rows or of another version"
        )
    return sorted(found_rows, key=lambda row: -row["loss"]), note


def effects(
    x: np.ndarray, names: np.ndarray, labels: np.ndarray, people: np.ndarray, seed: int
) -> tuple[list[dict[str, Any]], str]:
    """Numbers that differ most between labels, one at a time: eta squared on held-out speakers.

    Half of the speakers say which numbers these are; the other half says how large the effect is,
    so being the best of hundreds by luck does not count. Intervals resample the second half.

    Parameters
    ----------
    x : array, shape (n_rows, n_numbers)
        With a z-score per speaker.
    """
    rows = np.array([label is not None for label in labels], bool)
    who, y = people[rows].astype(str), labels[rows].astype(str)
    speakers = np.unique(who)
    classes = np.unique(y)
    if len(classes) < 2:
        return [], "needs two labels or more"
    if len(speakers) < LEAST_SPEAKERS:
        return [], f"needs {LEAST_SPEAKERS} speakers or more; the table has {len(speakers)}"
    x = x[rows]
    rng = np.random.default_rng(seed)
    speakers = rng.permutation(speakers)
    finders = np.isin(who, speakers[: len(speakers) // 2])
    of_finders = _eta(_sums(x[finders], y[finders], who[finders], classes))
    top = np.argsort(-of_finders, kind="stable")[:N_TOP]
    sums = _sums(x[~finders][:, top], y[~finders], who[~finders], classes)
    held_out = _eta(sums)
    n_held = len(sums[0])
    drawn = np.stack(
        [
            _eta(sums, rng.multinomial(n_held, np.full(n_held, 1 / n_held)))
            for _ in range(N_RESAMPLES // 4)
        ]
    )
    # A resample has fewer different speakers, so its eta squared is too large by about as much as
    # the whole one's is: the basic bootstrap turns that round.
    high, low = 2 * held_out - np.percentile(drawn, [2.5, 97.5], axis=0)
    note = f"found with {len(speakers) // 2} speakers, measured on the other {n_held}"
    order = np.argsort(-held_out, kind="stable")
    return [
        {
            "name": str(names[top[i]]),
            "effect": float(held_out[i]),
            "low": float(np.clip(low[i], 0, held_out[i])),
            "high": float(max(high[i], held_out[i])),
        }
        for i in order
    ], note


def _sums(
    x: np.ndarray, y: np.ndarray, who: np.ndarray, classes: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each speaker: rows and sums by class, and sums of squares."""
    people, at = np.unique(who, return_inverse=True)
    of = np.searchsorted(classes, y)
    counts = np.zeros((len(people), len(classes)))
    np.add.at(counts, (at, of), 1)
    sums = np.zeros((len(people), len(classes), x.shape[1]))
    np.add.at(sums, (at, of), x)
    squares = np.zeros((len(people), x.shape[1]))
    np.add.at(squares, at, x**2)
    return counts, sums, squares


def _eta(
    sums: tuple[np.ndarray, np.ndarray, np.ndarray], weights: np.ndarray | None = None
) -> np.ndarray:
    """Share of each number's variance that lies between the classes."""
    counts, totals, squares = sums
    w = np.ones(len(counts)) if weights is None else weights
    n, total, square = (np.tensordot(w, part, axes=1) for part in (counts, totals, squares))
    filled = n > 0
    mean = total.sum(axis=0) / n.sum()
    between = (n[filled, None] * (total[filled] / n[filled, None] - mean) ** 2).sum(axis=0)
    whole = square - n.sum() * mean**2
    return np.divide(between, whole, out=np.zeros_like(whole), where=whole > 1e-9)


def _full(probabilities: np.ndarray, present: np.ndarray, n_classes: int) -> np.ndarray:
    full = np.zeros((len(probabilities), n_classes))
    full[:, present] = probabilities
    return full


def _same_rows(a: Result, b: Result) -> bool:
    assert a.rows is not None
    assert b.rows is not None
    keys = ["recording_id", "segment", "label"]
    return a.classes == b.classes and a.rows.select(keys).equals(b.rows.select(keys))


def settings_type_of(about: Mapping[str, Any]) -> type:
    """Of the settings of an evaluation: a classifier's or a network's."""
    name = about.get("settings", {}).get("model")
    return NetworkSettings if name in registry.names("networks") else TrainSettings


def _name(about: Mapping[str, Any]) -> str:
    settings = about.get("settings", {})
    chosen = words(settings, settings_type_of(about))
    model = str(settings.get("model", "model"))
    rest = [word for word in chosen if not word.startswith(("folds=", "model="))]
    return " + ".join([" ".join([model, *rest]), *about.get("blended", [])])


def _nested(value: Mapping[str, Any], field: str, settings: Mapping[str, Any]) -> list[str]:
    """`mfcc.n_mfcc=13`, or `rbf_svm.c=10` where the settings of the one chosen entry stand."""
    said = []
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            said += [f"{key}.{name}={_word(cell)}" for name, cell in inner.items()]
        else:
            entry = settings.get(field.removesuffix("_settings"))
            said.append(f"{entry}.{key}={_word(inner)}")
    return said


def _word(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)
