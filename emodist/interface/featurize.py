"""Media in, feature table out."""

from typing import Any

from emodist.interface import _keywords, failures
from emodist.interface._keywords import Config, Place
from emodist.interface.table import Table
from emodist.media.settings import FeaturizeSettings


@_keywords.documented(featurize=FeaturizeSettings)
def featurize(
    path: Place | None = None,
    *,
    out: Place | None = None,
    config: Config = None,
    retry_failed: bool = False,
    **settings: Any,
) -> Table:
    """Features of every recording in a folder, list or bucket; does only what is not done yet.

    A file that cannot be processed is a row of `table.to_arrow("failures")`; the first of them are
    named on stderr.

    Parameters
    ----------
    path : str or path
        Folder, file, list (CSV or Parquet with `uri`), or `s3://` prefix.
    out : str or path
        Output folder, local or `s3://`; an interrupted run goes on there.
    config : str, path or FeaturizeSettings, optional
        A YAML file or settings made before; keywords come over them.
    retry_failed : bool
        Try again what failed in earlier runs.
    **settings
        As below: `features=["mfcc", "rms"]`, `trim_db=None`, `mfcc={"n_mfcc": 13}`.

    Returns
    -------
    Table

    Raises
    ------
    ConfigError, OutputError
        If a setting is wrong, there are no media, or the folder was made with other settings or
        cannot be written.

    Examples
    --------
    ::

        table = emodist.featurize("ravdess/", corpus="ravdess", out="out/ravdess")
        table.to_pandas()
    """
    from emodist.pipelines import media_job

    asked = _keywords.media(FeaturizeSettings, config, settings, path=path, out=out)
    summary = media_job.run(asked, retry_failed)
    failures.tell(summary, asked)
    return Table(asked.out, summary)
