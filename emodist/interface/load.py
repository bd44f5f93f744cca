"""What lies in a folder, as the object that the functions take and give."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Union

from emodist import storage
from emodist.interface._keywords import Place
from emodist.interface.table import Table

if TYPE_CHECKING:
    from emodist.interface.predictions import Predictions
    from emodist.models.bundle import Bundle


def load(place: Place, plugins: str | Sequence[str] = ()) -> Union["Bundle", "Predictions", Table]:
    """A bundle, predictions, or a table, by what its folder holds.

    Parameters
    ----------
    place : str or path
        What `train`, `predict` or `featurize` wrote, local or `s3://`; or a Parquet file.
    plugins : folder or folders, optional
        With the entries of your own that a bundle was trained with.

    Returns
    -------
    ClassifierBundle, NetworkBundle, Predictions or Table

    Raises
    ------
    ConfigError
        If there is none of these, or a later emodist wrote it.
    """
    from emodist.plugins import folders

    folders.use((plugins,) if isinstance(plugins, str) else tuple(plugins))
    uri = storage.absolute(os.fspath(place))
    names = storage.names(uri)
    if "bundle.json" in names:
        from emodist.models import bundle

        return bundle.load(uri)
    if "predict.json" in names:
        from emodist.interface.predictions import Predictions

        return Predictions(uri)
    from emodist.tables import locate

    locate.open_table(uri)
    return Table(uri)
