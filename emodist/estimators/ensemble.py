"""Mean of the probabilities of several classifiers that err differently."""

from dataclasses import dataclass
from typing import Any

from sklearn.ensemble import VotingClassifier

from emodist import registry
from emodist.errors import ConfigError


@dataclass(frozen=True)
class Ensemble:
    """Parameters: `members`, names of other entries, each with its defaults."""

    members: tuple[str, ...] = ("rbf_svm", "logistic_regression", "mlp")

    def __post_init__(self) -> None:
        given: Any = self.members
        names = given.split(",") if isinstance(given, str) else given
        object.__setattr__(self, "members", tuple(str(name).strip() for name in names))
        if len(set(self.members)) < 2 or "ensemble" in self.members:
            raise ConfigError(f"members takes two or more other classifiers; got {given!r}")
        for name in self.members:
            registry.get("estimators", name)

    def build(self, class_weight: str | None, seed: int):
        members = [
            (name, registry.build("estimators", name).build(class_weight, seed))
            for name in self.members
        ]
        return VotingClassifier(members, voting="soft")
