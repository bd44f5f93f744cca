"""Multilayer perceptron with one hidden layer."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.neural_network import MLPClassifier

from emodist.spaces import Space


@dataclass(frozen=True)
class Mlp:
    """Parameters: `n_hidden` units; `alpha`, the L2 penalty; `n_epochs`.

    scikit-learn's network takes no class weights; balance classes with SMOTE.
    """

    SPACE: ClassVar[Space] = {
        "n_hidden": ("log_int", 32, 512),
        "alpha": ("log", 1e-3, 10.0),
        "n_epochs": ("log_int", 20, 120),
    }
    trusts: ClassVar[tuple[str, ...]] = (
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    )

    n_hidden: int = 256
    alpha: float = 1.0
    n_epochs: int = 60

    def build(self, class_weight: str | None, seed: int):
        return MLPClassifier(
            hidden_layer_sizes=(self.n_hidden,),
            alpha=self.alpha,
            max_iter=self.n_epochs,
            # The end of the epochs is meant; stopping early would need speakers held out.
            n_iter_no_change=self.n_epochs,
            random_state=seed,
        )
