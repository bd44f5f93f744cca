"""A problem that takes no time, for the tests of sweeps."""

import dataclasses
from typing import ClassVar

from emodist.sweeps import trials
from emodist.sweeps.trials import SweepSettings


@dataclasses.dataclass(frozen=True)
class Hill:
    """The score is highest at x = 3; each step adds nothing new."""

    searches: tuple[str, ...] = ("all", "fold/1")
    prune: bool = False
    n: int = 3
    RUNGS: ClassVar[tuple[int, ...]] = trials.RUNGS

    @property
    def space(self):
        return {"x": ("linear", 0.0, 10.0), "kind": ("choice", ("a", "b", None))}

    def applies(self, name, values):
        return True

    def n_steps(self, search):
        return self.n

    def step(self, row):
        x = row["values"]["x"]
        if x > 9:
            raise ValueError("x is too large\nand more")
        return {"name": f"step{len(row['steps'])}", "score": -abs(x - 3)}

    def score(self, steps):
        return sum(step["score"] for step in steps) / len(steps)


def settings(**more):
    return SweepSettings(**{"trials": 16, **more})


def plain(rows):
    kept = ("search", "number", "values", "score", "status", "message")
    return sorted(
        ({k: row[k] for k in kept} for row in rows), key=lambda r: (r["search"], r["number"])
    )
