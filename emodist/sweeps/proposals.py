"""Which configuration a sweep tries next: from a fixed sequence, or learnt from earlier trials.

Both draw from `kind.space`; a dimension that does not apply beside the values so far (a setting of
another model) is left out.
"""

import json
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from scipy.stats import qmc

from emodist import spaces
from emodist.errors import ConfigError
from emodist.spaces import Dimension, Space

Row: TypeAlias = dict[str, Any]
Values: TypeAlias = dict[str, Any]

# How many points of the sequence are looked at for one more configuration that is new.
POINTS_PER_TRIAL = 64


class Searched(Protocol):
    """What has a space, and one or more searches in it."""

    @property
    def searches(self) -> tuple[str, ...]: ...

    @property
    def space(self) -> Space: ...

    def applies(self, name: str, values: Values) -> bool:
        """Whether a dimension means anything beside the values chosen so far."""


class Proposals(Protocol):
    """What a sweep asks for configurations, and tells what became of them."""

    n_most: int

    def propose(self, search: str, number: int) -> Values: ...

    def learn(self, row: Row) -> None: ...


def draw(kind: Searched, pick: Callable[[str, Dimension], Any]) -> Values:
    """A configuration; `pick` gives the value of each dimension that applies."""
    values: Values = {}
    for name, dimension in kind.space.items():
        if kind.applies(name, values):
            values[name] = pick(name, dimension)
    return values


class Sobol:
    """A scrambled Sobol' sequence over the whole space, each configuration once.

    Every search tries the same ones. More trials continue the sequence.
    """

    def __init__(self, kind: Searched, n_trials: int, seed: int):
        self._values = list(_different(kind, n_trials, seed))
        self.n_most = len(self._values)

    def propose(self, search: str, number: int) -> Values:
        return self._values[number]

    def learn(self, row: Row) -> None:
        pass


def _different(kind: Searched, n_trials: int, seed: int) -> Iterator[Values]:
    sequence = qmc.Sobol(max(len(kind.space), 1), rng=np.random.default_rng(seed))
    points = sequence.random_base2(math.ceil(math.log2(n_trials * POINTS_PER_TRIAL)))
    seen: set[str] = set()
    for point in points:
        places = dict(zip(kind.space, point.tolist(), strict=False))
        values = draw(kind, lambda name, dimension: spaces.at(dimension, places[name]))  # noqa: B023
        text = json.dumps(values, sort_keys=True)
        if text not in seen:
            seen.add(text)
            yield values
        if len(seen) == n_trials:
            return


class Optuna:
    """One study for each search (Tree-structured Parzen Estimator, Bergstra et al. 2011)."""

    def __init__(self, kind: Searched, n_trials: int, seed: int, rows: Sequence[Row]):
        try:
            import optuna
        except ImportError:
            raise ConfigError(
                "search=optuna needs Optuna: pip install 'emodist[tune]'; or take search=sobol"
            ) from None
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._optuna: Any = optuna
        self._kind = kind
        self.n_most = n_trials
        self._asked: dict[tuple[str, int], Any] = {}
        self._studies = {}
        for index, search in enumerate(kind.searches):
            # A run that goes on must not draw its first points again.
            own = np.random.SeedSequence([seed, index, len(rows)]).generate_state(1)[0]
            with warnings.catch_warnings():
                # Options of the sampler that Optuna calls experimental.
                warnings.simplefilter("ignore")
                sampler = optuna.samplers.TPESampler(
                    seed=int(own), multivariate=True, group=True, constant_liar=True
                )
            self._studies[search] = optuna.create_study(direction="maximize", sampler=sampler)
        for row in rows:
            self.learn(row)

    def propose(self, search: str, number: int) -> Values:
        trial = self._studies[search].ask()
        self._asked[search, number] = trial
        return draw(self._kind, lambda name, dimension: self._pick(trial, name, dimension))

    def learn(self, row: Row) -> None:
        study = self._studies[row["search"]]
        trial = self._asked.pop((row["search"], row["number"]), None)
        if trial is None:
            study.add_trial(self._told(row))
        elif row["status"] == "done" and row["score"] is not None:
            study.tell(trial, row["score"])
        else:
            study.tell(trial, state=self._optuna.trial.TrialState.FAIL)

    def _told(self, row: Row) -> Any:
        has_score = row["status"] == "done" and row["score"] is not None
        state = self._optuna.trial.TrialState
        return self._optuna.trial.create_trial(
            params=row["values"],
            distributions=self._distributions(row["values"]),
            value=row["score"] if has_score else None,
            state=state.COMPLETE if has_score else state.FAIL,
        )

    def _pick(self, trial: Any, name: str, dimension: Dimension) -> Any:
        scale, *bounds = dimension
        if scale == "choice":
            return trial.suggest_categorical(name, list(bounds[0]))
        if scale.endswith("int"):
            return trial.suggest_int(name, *bounds, log=scale == "log_int")
        value = trial.suggest_float(name, *bounds, log=scale == "log")
        return min(max(float(f"{value:.3g}"), bounds[0]), bounds[1])

    def _distributions(self, values: Mapping[str, Any]) -> dict[str, Any]:
        make = self._optuna.distributions
        distributions = {}
        for name in values:
            scale, *bounds = self._kind.space[name]
            if scale == "choice":
                distributions[name] = make.CategoricalDistribution(list(bounds[0]))
            elif scale.endswith("int"):
                distributions[name] = make.IntDistribution(*bounds, log=scale == "log_int")
            else:
                distributions[name] = make.FloatDistribution(*bounds, log=scale == "log")
        return distributions
