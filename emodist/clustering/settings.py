"""Settings of clusters."""

import dataclasses
from typing import Any, ClassVar

from emodist import registry
from emodist.config import Choices, Settings, setting
from emodist.errors import ConfigError


@dataclasses.dataclass(frozen=True)
class ClusterSettings(Settings):
    """Feature table in, clusters out."""

    CHOICES: ClassVar[Choices] = {"algorithm": ("clusterers", "algorithm_settings")}

    algorithm: str = setting("kmeans", "which clusterer, by name")
    algorithm_settings: dict = setting({}, "settings of the clusterer, under its name")
    features: tuple[str, ...] | None = setting(None, "which feature columns; null: all but images")
    k: int | None = setting(None, "number of clusters; null: chosen within k_min to k_max")
    k_min: int = setting(2, "least number of clusters that is tried")
    k_max: int = setting(12, "largest number of clusters that is tried")
    pca: int | None = setting(
        20, "principal components at most of the scaled features; null: no PCA"
    )
    speaker_norm: bool = setting(
        False, "z-score per speaker first, or clusters may be voices and not what they do"
    )
    n_resamples: int = setting(10, "bootstrap draws for the stability of each k; 0: none")
    sample: int = setting(
        5000, "rows at most for silhouette (quadratic) and each bootstrap draw, and in the plot"
    )
    n_examples: int = setting(5, "clips nearest to each centre, one of a recording")
    seed: int = setting(0, "of everything random")

    def __post_init__(self) -> None:
        super().__post_init__()
        least = {"k_min": 2, "pca": 1, "n_resamples": 0, "sample": 10, "n_examples": 0, "seed": 0}
        for name, bound in {"k": 2, **least}.items():
            value = getattr(self, name)
            if value is not None and value < bound:
                raise ConfigError(f"{name} must be at least {bound}; got {value}")
        if self.k_max < self.k_min:
            raise ConfigError(f"k_max={self.k_max} is below k_min={self.k_min}")
        entry: Any = self.build_algorithm()
        if self.k is not None and not entry.TAKES_K:
            raise ConfigError(
                f"{self.algorithm} finds the number of clusters itself; leave k out "
                f"(its settings: {registry.describe('clusterers', self.algorithm)[1]})"
            )

    def build_algorithm(self):
        return registry.build("clusterers", self.algorithm, **self.algorithm_settings)
