"""Gaussian mixture: clusters of different widths, with a probability for each row."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.mixture import GaussianMixture as Model

from emodist.clusterers._settings import check_choice, check_count
from emodist.spaces import Space


@dataclass(frozen=True)
class GaussianMixture:
    """Parameters: `covariance`: full, tied, diag or spherical; `n_init`, starts."""

    TAKES_K: ClassVar[bool] = True
    MOST_ROWS: ClassVar[int | None] = None

    SPACE: ClassVar[Space] = {"covariance": ("choice", ("full", "tied", "diag", "spherical"))}

    # Principal components have a diagonal covariance over all rows; a full one for each cluster
    # needs many more rows.
    covariance: str = "diag"
    n_init: int = 3

    def __post_init__(self) -> None:
        check_choice("covariance", self.covariance, ("full", "tied", "diag", "spherical"))
        check_count("n_init", self.n_init)

    def build(self, k: int, seed: int):
        return Model(
            n_components=k,
            covariance_type=self.covariance,
            n_init=self.n_init,
            reg_covar=1e-4,
            max_iter=300,
            random_state=seed,
        )
