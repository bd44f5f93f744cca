"""Feature table in, honest numbers out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from emodist.interface import _keywords, epochs
from emodist.interface._keywords import Config, Place
from emodist.learning.settings import TrainSettings
from emodist.network_training.settings import NetworkSettings

if TYPE_CHECKING:
    from emodist.models.judgement import Judgement


@_keywords.documented(classifiers=TrainSettings, networks=NetworkSettings)
def evaluate(
    table: Place | None = None,
    *,
    out: Place | None = None,
    against: str | None = None,
    blend: Sequence[str] | str = (),
    config: Config = None,
    **settings: Any,
) -> "Judgement":
    """Cross-validated numbers of a classifier or network, with intervals over speakers.

    Parameters
    ----------
    table : Table, str or path
        What `featurize` made.
    out : str or path, optional
        A folder for the result and the out-of-fold predictions.
    against : str, optional
        Another model, for a paired test.
    blend : names, optional
        Other models; the probabilities of all are averaged. `--with` on the command line.
    config : str, path or settings, optional
        A YAML file or settings made before; keywords come over them.
    **settings
        As below: `model="rbf_svm"`, `folds="loso"`, `speaker_norm=True`, `rbf_svm={"c": 10}`.

    Returns
    -------
    Judgement
        `print` shows all numbers; `uar`, `interval`, `confusion`, `protocol`, `evaluation` (all
        metrics), `comparison`, `to_pandas()` (out-of-fold predictions), `plot()`.

    Raises
    ------
    ConfigError, OutputError
        If a setting is wrong, the table does not fit it, or `out` cannot be written.
    """
    settings_type = _keywords.settings_type_for(config, settings)
    asked, place, where = _keywords.table(
        settings_type, config, settings, table, out, needs_out=False
    )
    from emodist.models import judging
    from emodist.pipelines import bars

    others = blend.split(",") if isinstance(blend, str) else blend
    return judging.evaluate(
        place,
        asked,
        where,
        against,
        tell=lambda fold, progress: epochs.tell(f"{fold}: ", progress),
        blend=[name for name in others if name],
        watch=lambda folds: bars.counted(folds, "folds"),
    )
