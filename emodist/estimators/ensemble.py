"""Mean of the probabilities of several classifiers that err differently."""

from dataclasses import dataclass
from typing import Any, ClassVar

from sklearn.ensemble import VotingClassifier

from emodist import registry
from emodist.errors import ConfigError
from emodist.spaces import Space


@dataclass(frozen=True)
class Ensemble:
    """Parameters: `members`, names of other entries, each with its defaults."""

    SPACE: ClassVar[Space] = {
        "members": (
            "choice",
            (
                "lda,logistic_regression",
                "lda,logistic_regression,rbf_svm",
                "lda,rbf_svm,mlp",
                "rbf_svm,logistic_regression,mlp",
                "rbf_svm,hist_gradient_boosting",
            ),
        )
    }

    members: tuple[str, ...] = ("lda", "logistic_regression", "rbf_svm")

    def __post_init__(self) -> None:
        given: Any = self.members
        names = given.split(",") if isinstance(given, str) else given
        object.__setattr__(self, "members", tuple(str(name).strip() for name in names))
        if len(set(self.members)) < 2 or "ensemble" in self.members:
            raise ConfigError(f"members takes two or more other classifiers; got {given!r}")
        for name in self.members:
            registry.get("estimators", name)

    @property
    def trusts(self) -> tuple[str, ...]:
        members = (registry.build("estimators", name) for name in self.members)
        own = ("sklearn.utils._bunch.Bunch",)
        return own + tuple(type for member in members for type in getattr(member, "trusts", ()))

    def build(self, class_weight: str | None, seed: int):
        members = [
            (name, registry.build("estimators", name).build(class_weight, seed))
            for name in self.members
        ]
        return VotingClassifier(members, voting="soft")
