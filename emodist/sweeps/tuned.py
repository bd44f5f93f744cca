"""What a sweep came to."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from emodist import storage
from emodist.config import Settings
from emodist.sweeps import output
from emodist.sweeps.trials import Kind, Row
from emodist.tables import locate

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from matplotlib.figure import Figure


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Tuned:
    """The trials of a sweep in the folder `out`, and what was chosen.

    `record` is what `sweep.json` holds, `rows` are the finished trials, `n_new` of them of this
    run; `kind` is what was tuned.
    """

    out: str
    record: dict[str, Any]
    kind: Kind
    rows: Sequence[Row]
    n_new: int

    @property
    def best(self) -> Settings:
        """The best settings; `emodist.train` and `emodist.cluster` take them as `config`."""
        return self.kind.settings_of(self.record["found"]["best"]["values"])

    def to_arrow(self) -> "pa.Table":
        """A row per trial: its settings, its score in each fold, what it took."""
        return locate.open_table(storage.join(self.out, "trials.parquet")).to_table()

    def to_pandas(self) -> "pd.DataFrame":
        """As `to_arrow`."""
        return self.to_arrow().to_pandas()

    def plot(self) -> "Figure":
        """Scores over trials and, where there is one, the nested score."""
        return output.figure(self.kind, self.rows, self.record["found"])

    def __str__(self) -> str:
        return output.text(self.record, self.kind, self.rows, self.n_new)

    def __repr__(self) -> str:
        conclusion = self.record["found"]
        if conclusion.get("nested"):
            nested = conclusion["nested_score_unbiased"]
            said = f"nested {conclusion['score']} {nested:.3f} (unbiased)"
        else:
            said = f"best {self.kind.score_name} {conclusion['best']['score']:.3f}"
        return f"Tuned({self.out!r}): {len(self.rows)} trials, {said}"

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        from emodist import plots

        return plots.cell(self.plot())
