"""Winners of a nested search that are fitted by workers, as trials are."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from emodist.learning.folds import Fold
from emodist.spaces import Space
from emodist.sweeps.proposals import Values
from emodist.sweeps.trials import Row
from emodist.tuning._kept import Kept
from emodist.tuning._nested import Nested, counted


@dataclasses.dataclass(frozen=True, eq=False)
class NetworkRefits:
    """The winner of each outer fold, fitted on the fold's training side: a sweep of its own.

    So winners are fitted at once, wherever trials are, and a break costs none that is finished.
    """

    RUNGS: ClassVar[Collection[int]] = ()
    prune: ClassVar[bool] = False

    # A `Network`.
    network: Any
    winners: Mapping[str, Values]

    @property
    def searches(self) -> tuple[str, ...]:
        return tuple(f"refit/{name}" for name in self.winners)

    @property
    def space(self) -> Space:
        return {}

    def applies(self, name: str, values: Values) -> bool:
        return True

    def n_steps(self, search: str) -> int:
        return 1

    def step(self, row: Row) -> dict[str, Any]:
        fold = self._fold(row["search"])
        values = self.winners[fold.name]
        settings = self.network.settings_of(values)
        kept = Kept(row["scratch"], values)
        prediction = self.network.learned([fold], settings, settings.epochs, kept)
        counts = counted(self.network.data, prediction)
        return {
            "name": fold.name,
            "score": Nested.score(self.network, [counts]),
            "values": values,
            "probabilities": prediction.probabilities.round(7).tolist(),
        }

    def score(self, steps: Sequence[dict[str, Any]]) -> float | None:
        return steps[-1]["score"]

    def holds(self, row: Row) -> bool:
        """Whether a row of an earlier run is of this winner; more trials may have found others."""
        return (
            bool(row["steps"])
            and row["steps"][-1]["values"] == (self.winners[self._fold(row["search"]).name])
        )

    def _fold(self, search: str) -> Fold:
        return next(f for f in self.network.outer if f"refit/{f.name}" == search)
