"""Feature table in, bundle out."""

from typing import TYPE_CHECKING, Any

from emodist.interface import _keywords, epochs
from emodist.interface._keywords import Config, Place
from emodist.learning.settings import TrainSettings
from emodist.network_training.settings import NetworkSettings

if TYPE_CHECKING:
    from emodist.models.bundle import Bundle


@_keywords.documented(classifiers=TrainSettings, networks=NetworkSettings)
def train(
    table: Place | None = None,
    *,
    out: Place | None = None,
    config: Config = None,
    **settings: Any,
) -> "Bundle":
    """A classifier or network trained on all labelled rows of a table, saved as a bundle.

    The numbers of a classifier are cross-validated, those of a network with `cross_validate=True`.

    Parameters
    ----------
    table : Table, str or path
        What `featurize` made.
    out : str or path
        Folder of the bundle, local or `s3://`; the training of a network that was cut off there
        goes on.
    config : str, path or settings, optional
        A YAML file or settings made before, as `tuned.best`; keywords come over them.
    **settings
        As below: `model="rbf_svm"`, `speaker_norm=True`, `rbf_svm={"c": 10}`.

    Returns
    -------
    ClassifierBundle or NetworkBundle
        As `load` opens it: `judgement` (its numbers), `card` (what it is), `plot()`, and
        `estimator`, which is scikit-learn's.

    Raises
    ------
    ConfigError, OutputError
        If a setting is wrong, the table does not fit it, or `out` belongs to another training or
        cannot be written.
    """
    settings_type = _keywords.settings_type_for(config, settings)
    asked, place, where = _keywords.table(settings_type, config, settings, table, out)
    from emodist.models import bundle

    if settings_type is NetworkSettings:
        from emodist.pipelines import train_network

        train_network.train(place, asked, str(where), epochs.tell)
    else:
        from emodist.models import judging
        from emodist.pipelines import bars

        judging.train(place, asked, str(where), lambda folds: bars.counted(folds, "folds"))
    return bundle.load(str(where))
