"""A sweep over the settings of a classifier, of clusters or of a network."""

from typing import TYPE_CHECKING, Any

from emodist import registry
from emodist.errors import ConfigError
from emodist.interface import _keywords
from emodist.interface._keywords import Config, Place

if TYPE_CHECKING:
    from emodist.sweeps.tuned import Tuned


def _sweep(kind: str) -> Any:
    entry: Any = registry.get("tuning", kind)
    return entry.SETTINGS


@_keywords.documented(**{kind: _sweep(kind) for kind in registry.names("tuning")})
def tune(
    table: Place | None = None,
    kind: str | None = None,
    *,
    out: Place | None = None,
    config: Config = None,
    **settings: Any,
) -> "Tuned":
    """The best settings of a classifier, clusters or a network; goes on with what is left.

    Two numbers come out for a classifier or a network: the selected score (optimistic: the best of
    many) and the nested score (unbiased: settings chosen inside each fold).

    Parameters
    ----------
    table : Table, str or path
        What `featurize` made.
    kind : "classifier", "clusters" or "network"
        What is to be tuned.
    out : str or path
        Folder of the results, local or `s3://`.
    config : str, path or settings, optional
        A YAML file or settings made before; keywords come over them.
    **settings
        As below: `trials=20`, `models=["rbf_svm", "lda"]`, `engine="local"`.

    Returns
    -------
    Tuned
        `print` shows all numbers; `best`, `to_pandas()`, `plot()`. A bundle of the best settings is
        `emodist.train(table, config=tuned.best, out=DIR)`.

    Raises
    ------
    ConfigError, OutputError
        If a setting is wrong, or the folder belongs to another sweep or cannot be written.
    EmodistError
        If no trial has a score.

    Notes
    -----
    `engine="local"` works in processes that import the calling script again: there, a script calls
    this below `if __name__ == "__main__":`.
    """
    known = registry.names("tuning")
    what = _keywords.chosen("kind", config, {"kind": kind})
    if what not in known:
        raise ConfigError(f"say what to tune, {', '.join(known)}, as in kind={known[0]}")
    asked, place, where = _keywords.table(_sweep(what), config, settings, table, out)
    from emodist.pipelines import tune

    return tune.run(place, asked, str(where))
