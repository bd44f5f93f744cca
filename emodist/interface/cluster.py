"""Feature table in, clusters out."""

from typing import TYPE_CHECKING, Any

from emodist.clustering.settings import ClusterSettings
from emodist.interface import _keywords
from emodist.interface._keywords import Config, Place

if TYPE_CHECKING:
    from emodist.clustering.clusters import Clustering


@_keywords.documented(cluster=ClusterSettings)
def cluster(
    table: Place | None = None,
    *,
    out: Place | None = None,
    config: Config = None,
    **settings: Any,
) -> "Clustering":
    """Clusters of a table without looking at labels, and how well they hold.

    Parameters
    ----------
    table : Table, str or path
        What `featurize` made.
    out : str or path, optional
        A folder for the rows, the scores, clips to listen to and figures.
    config : str, path or ClusterSettings, optional
        A YAML file or settings made before; keywords come over them.
    **settings
        As below: `algorithm="gaussian_mixture"`, `k=5`, `speaker_norm=True`.

    Returns
    -------
    Clustering
        `print` shows all numbers; `cluster`, `scores`, `examples`, `to_pandas()`,
        `plot()` and `plot("scores")`.

    Raises
    ------
    ConfigError, OutputError
        If a setting is wrong, the table does not fit it, or `out` holds other files or cannot be
        written.
    """
    asked, place, where = _keywords.table(
        ClusterSettings, config, settings, table, out, needs_out=False
    )
    from emodist.clustering import output

    return output.run(place, asked, where)
