"""A search for each outer fold and one of all rows, and what both are worth.

The best of N cross-validated scores is better than the configuration really is: it was chosen for
its luck too (Cawley & Talbot 2010). So there is one search for each outer fold, which sees that
fold's training side alone and scores its trials on inner speaker-independent folds of it; its
winner is fitted on the training side and judged on the fold's test rows. These rows, pooled, give
the **nested score (unbiased)**: what this way of choosing is worth on new people. One more search,
`all`, scores its trials on the outer folds of all rows; its winner is `best.yaml`, and its own
score is the **selected score (optimistic)**.

Each search has its own proposals and its own pruning, so nothing of a fold's test rows reaches
the choice for that fold, with an adaptive search neither. The cost: N configurations, for F outer
and I inner folds, are N (F I + F) fits.
"""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from emodist import registry
from emodist.learning import classifier, judged, splits
from emodist.learning.classifier import Prediction
from emodist.learning.dataset import Dataset
from emodist.learning.folds import Fold
from emodist.spaces import Space
from emodist.sweeps import trials
from emodist.sweeps.proposals import Values
from emodist.sweeps.trials import Refits, Row

ALL = "all"


@dataclasses.dataclass(frozen=True, eq=False)
class Nested:
    """The problem that workers get a copy of. `inner` has the folds of each outer one.

    A kind adds a trial's step, `settings_of`, and `_judged`: what its winners say of test rows.
    """

    RUNGS: ClassVar[Collection[int]] = trials.RUNGS
    MEASURES: ClassVar[tuple[str, ...]] = ()
    score_name: ClassVar[str] = "UAR"

    settings: Any
    data: Dataset
    outer: Sequence[Fold]
    inner: Mapping[str, Sequence[Fold]]
    space: Space

    @property
    def searches(self) -> tuple[str, ...]:
        return (ALL, *self.inner)

    @property
    def prune(self) -> bool:
        return self.settings.prune

    def folds(self, search: str) -> Sequence[Fold]:
        """On which a search scores its trials."""
        return self.outer if search == ALL else self.inner[search]

    def score(self, steps: Sequence[dict[str, Any]]) -> float | None:
        """UAR over the pooled rows of the folds so far."""
        right, rows = (np.sum([step[name] for step in steps], axis=0) for name in ("right", "rows"))
        return float(np.mean(right[rows > 0] / rows[rows > 0]))

    def settings_of(self, values: Values) -> Any:
        raise NotImplementedError

    def refits(self, rows: Sequence[Row]) -> Refits | None:
        """A sweep of its own, of the winners that `conclude` wants to hear of; None: none."""
        return None

    def measures(self, row: Row) -> dict[str, Any]:
        return {}

    def conclude(self, rows: Sequence[Row]) -> dict[str, Any]:
        """The selected configuration, and the nested score of choosing it like this."""
        chosen, winners = trials.best(rows, ALL), self.winners(rows)
        if chosen is None or winners is None:
            return {"best": None, "nested": None}
        parts = self._judged(winners, rows)
        pooled = Prediction.joined(parts)
        settings = self.settings_of(chosen["values"])
        evaluation = classifier.judge(self.data, self.outer, pooled, settings)
        inner = f"settings chosen in each fold by {self.settings.inner_folds} inner folds"
        evaluation = dataclasses.replace(evaluation, protocol=f"{evaluation.protocol}, {inner}")
        return {
            "protocol": evaluation.protocol,
            "score": "UAR",
            "selected_score_optimistic": chosen["score"],
            "nested_score_unbiased": evaluation.uar,
            "nested_interval_95": list(evaluation.intervals["uar"]),
            "chance": 1 / len(evaluation.classes),
            "best": {"number": chosen["number"], "values": chosen["values"]},
            "nested": {
                "winners": [
                    {
                        "fold": name,
                        "number": row["number"],
                        "values": row["values"],
                        "inner_score": row["score"],
                        "outer_score": evaluation.per_fold[name]["uar"],
                    }
                    for name, row in winners.items()
                ],
                "evaluation": evaluation.to_dict(),
            },
        }

    def text(self, conclusion: dict[str, Any]) -> str:
        low, high = conclusion["nested_interval_95"]
        nested = conclusion["nested"]["evaluation"]
        lines = [
            conclusion["protocol"],
            f"selected score (optimistic)  UAR {conclusion['selected_score_optimistic']:.3f}   "
            "best.yaml, on the folds that chose it",
            f"nested score (unbiased)      UAR {conclusion['nested_score_unbiased']:.3f}   "
            f"95% {low:.3f} to {high:.3f}, {nested['n_speakers']} speakers, "
            f"chance {conclusion['chance']:.3f}",
        ]
        if nested["n_speakers"] < judged.MIN_SPEAKERS:
            lines.append(nested["verdict"])
        for winner in conclusion["nested"]["winners"]:
            lines.append(
                f"  {winner['fold']:14} inner {winner['inner_score']:.3f}   outer "
                f"{winner['outer_score']:.3f}   {self.words(winner['values'])}"
            )
        return "\n".join([*lines, f"best: {self.words(conclusion['best']['values'])}"])

    def words(self, values: Values) -> str:
        return words(values)

    def winners(self, rows: Sequence[Row]) -> dict[str, Row] | None:
        """The best trial of each outer fold's search; None if one has none."""
        best = {fold.name: trials.best(rows, fold.name) for fold in self.outer}
        known = {name: row for name, row in best.items() if row is not None}
        return known if len(known) == len(best) else None

    def _judged(self, winners: Mapping[str, Row], rows: Sequence[Row]) -> list[Prediction]:
        """What each winner, fitted on its fold's training side, says of the fold's test rows."""
        raise NotImplementedError


def inner_folds(data: Dataset, outer: Sequence[Fold], n_folds: int) -> dict[str, Sequence[Fold]]:
    """Folds of each training side alone."""
    people = data.speakers()
    return {fold.name: splits.inner(fold.train, people, data.label, n_folds) for fold in outer}


def counted(data: Dataset, prediction: Prediction) -> dict[str, list[int]]:
    """Of each class, rows that were tested and rows that were told right."""
    y, classes = data.targets()
    truth = y[prediction.rows]
    is_right = prediction.probabilities.argmax(axis=1) == truth
    return {
        "right": np.bincount(truth[is_right], minlength=len(classes)).tolist(),
        "rows": np.bincount(truth, minlength=len(classes)).tolist(),
    }


def own(values: Values, model: str) -> Values:
    """The values that are settings of a model, by the names that it gives them."""
    return {
        name.partition(".")[2]: value
        for name, value in values.items()
        if name.startswith(f"{model}.")
    }


def own_space(folder: str, models: Sequence[str], fixed: Mapping[str, Values]) -> Space:
    """The settings of each model that are not fixed, as MODEL.NAME."""
    space: dict[str, Any] = {}
    for model in models:
        entry: Any = registry.get(folder, model)
        given = fixed.get(model, {})
        space.update({f"{model}.{k}": d for k, d in entry.SPACE.items() if k not in given})
    return space


def words(values: Values) -> str:
    """A configuration as settings on a command line."""
    return " ".join(f"{k}={'null' if v is None else v}" for k, v in values.items())
