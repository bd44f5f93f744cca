"""What every opened bundle can do; how rows become probabilities is each kind's own."""

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from emodist.errors import ConfigError
from emodist.learning.dataset import Dataset
from emodist.learning.evaluation import Evaluation
from emodist.learning.speaker_norm import Statistics
from emodist.models.card import Card
from emodist.models.estimator import Estimator
from emodist.models.judgement import Judgement

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Opened:
    """A model ready to use, and what `bundle.json` says; `uri` is the folder that it came from."""

    model: Any
    card: Card
    uri: str | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        return self.card.classes

    @property
    def columns(self) -> tuple[str, ...] | None:
        """The feature columns that it takes, to be named when a table is loaded."""
        return self.card.columns

    @property
    def judgement(self) -> Judgement | None:
        """Its cross-validated numbers; None for a network that has none."""
        if self.card.metrics is None:
            return None
        evaluation = Evaluation.from_dict(self.card.metrics)
        return Judgement(evaluation, self.card.settings, notes=self.card.notes)

    @property
    def estimator(self) -> Estimator:
        """The same as scikit-learn knows classifiers: `predict` and `predict_proba` of arrays."""
        return Estimator(self)

    def inputs(self, data: Dataset) -> np.ndarray:
        """What it takes of each row, as it stands in the table.

        Raises
        ------
        ConfigError
            If the rows are not of the kind that the model was trained on.
        """
        raise NotImplementedError

    def probabilities(self, data: Dataset, statistics: Statistics | None = None) -> np.ndarray:
        """Of rows as they stand in a table, shape (n_rows, n_classes); no label is looked at.

        Parameters
        ----------
        data : Dataset
            With the columns of the bundle and no others, as `dataset.load(table, columns)` gives
            them.
        statistics : by voice (`speaker_norm.voices`), optional
            What is known of the speakers, for a bundle that was trained with `speaker_norm`. Rows
            of others stay as they are. Default: of the rows themselves.

        Raises
        ------
        ConfigError
            If the rows are not of the kind that the model was trained on.
        """
        raise NotImplementedError

    def plot(self) -> "Figure":
        """The confusion matrix of its cross-validated numbers.

        Raises
        ------
        ConfigError
            If it has none.
        """
        if self.judgement is None:
            raise ConfigError(f"{self!r}: there is nothing to draw; train with cross_validate=true")
        return self.judgement.plot()

    def __fspath__(self) -> str:
        if self.uri is None:
            raise ConfigError("the bundle was not saved; emodist.load(DIR) gives one that was")
        return self.uri

    def __str__(self) -> str:
        return repr(self) if self.judgement is None else str(self.judgement)

    def __repr__(self) -> str:
        name = f"{type(self).__name__}({self.uri!r})"
        if self.judgement is None:
            return f"{name}: {self.card.model}, {len(self.classes)} classes, not cross-validated"
        return f"{name}: {self.judgement.line}"

    def _repr_png_(self) -> tuple[bytes, dict[str, int]] | None:
        return None if self.judgement is None else self.judgement._repr_png_()
