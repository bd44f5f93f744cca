"""Bundle and media in, predictions and timelines out."""

import tempfile
from typing import Any

from emodist.interface import _keywords, failures
from emodist.interface._keywords import Config, Place
from emodist.interface.predictions import Predictions
from emodist.predicting.settings import PredictSettings


@_keywords.documented(predict=PredictSettings)
def predict(
    bundle: Place | None = None,
    path: Place | None = None,
    *,
    out: Place | None = None,
    config: Config = None,
    retry_failed: bool = False,
    **settings: Any,
) -> Predictions:
    """What a bundle says of media, over time; does only what is not done yet.

    Parameters
    ----------
    bundle : bundle, str or path
        What `train` made.
    path : str or path
        Folder, file, list (CSV or Parquet with `uri`), or `s3://` prefix.
    out : str or path, optional
        Output folder, local or `s3://`; an interrupted run goes on there. Default: a temporary
        folder, which goes with the result.
    config : str, path or PredictSettings, optional
        A YAML file or settings made before; keywords come over them.
    retry_failed : bool
        Try again what failed in earlier runs.
    **settings
        As below: `segment_s=4, hop_s=1`.

    Returns
    -------
    Predictions
        `spans`, `timelines`, `to_pandas()`, `notes` (what a reader must know), and of a single
        recording `to_vtt()` and `plot()`.

    Raises
    ------
    ConfigError, OutputError
        If a setting is wrong, there is no bundle or no media, or the folder belongs to another
        bundle or cannot be written.

    Examples
    --------
    ::

        vlog = emodist.predict("bundle", "vlog.mp4", segment_s=4, hop_s=1)
        vlog.spans
    """
    from emodist.pipelines import predict as job

    kept = None
    if _keywords.chosen("out", config, {"out": out}) is None:
        kept = tempfile.TemporaryDirectory(prefix="emodist-")
        out = kept.name
        # The result draws its timelines itself.
        settings = {"timelines": [], **settings}
    asked = _keywords.media(PredictSettings, config, settings, bundle=bundle, path=path, out=out)
    summary = job.run(asked, retry_failed)
    failures.tell(summary, asked)
    return Predictions(asked.out, kept)
