"""Media to predictions and timelines: featurize as the bundle was trained, then predict.

Both halves can be killed and started again: features by `media_job`, predictions file by file.
"""

import logging
import pickle
import warnings
from collections.abc import Iterator
from typing import Any

from emodist.media import speech
from emodist.models import bundle
from emodist.models.bundle import Bundle
from emodist.pipelines import bars, media_job
from emodist.predicting import about, folder, rows, score, voices
from emodist.predicting.rows import FileWork
from emodist.predicting.settings import PredictSettings, Rules, featurize_settings


def run(settings: PredictSettings, retry_failed: bool = False) -> dict[str, Any]:
    """Bring predictions and timelines up to date with the media.

    Returns
    -------
    dict
        The summary of `media_job.run`, with `labels` (segments of each), `abstained` (by reason),
        `predicted` (segments in this run), `score` (`Evaluation.to_dict`, where the media have
        labels that the bundle knows; else None), `normalized` (who the z-score of speakers rests
        on, of a bundle that has one; else None) and `notes` for the reader.

    Raises
    ------
    ConfigError, OutputError
        If there is no bundle or no media, the folder belongs to another bundle or other feature
        settings, or it cannot be written.
    """
    loaded = bundle.load(settings.bundle)
    digest = bundle.digest(settings.bundle)
    folder.check(settings, digest)
    made = featurize_settings(settings, loaded.card)
    made = speech.settled(made, is_mixed=True, is_told=False)
    media = media_job.run(made, retry_failed)
    folder.check_network(settings, loaded.card)
    folder.begin(settings, digest)
    rules = Rules.of(settings, digest, loaded.card, made.told_by())
    work = rows.outstanding(settings.out, rules, made.features, loaded)
    maker = Maker(settings, rules, made.features)
    done = _on_ray(work, maker, settings) if _wants_ray(media, settings) else map(maker, work)
    shown = bars.new(done, "predicting", len(work), unit=" files", disable=not bars.is_watched())
    n_rows = sum(shown)
    folder.drop_stale(settings.out)
    far = rows.drift(settings.out, rules, made.features, loaded)
    judged = score.judge(settings.out, settings.bundle, loaded.card)
    normalized = None
    if loaded.card.speaker_norm:
        normalized = voices.told(rules, voices.basis(settings.out, rules))
    summary = {
        **media,
        **about.counts(settings.out),
        "predicted": n_rows,
        "score": None if judged is None else judged.to_dict(),
        "normalized": normalized,
        "notes": about.notes(settings, made, loaded.card, far, normalized),
    }
    folder.save(settings, rules, summary)
    return summary


class Maker:
    """Makes the predictions for one file after another; loads the bundle with the first."""

    def __init__(self, settings: PredictSettings, rules: Rules, features: tuple[str, ...]):
        self.settings, self.rules, self.features = settings, rules, features
        self.loaded: Bundle | None = None

    def __call__(self, work: FileWork) -> int:
        if self.loaded is None:
            self.loaded = bundle.load(self.settings.bundle)
        return rows.predict_file(self.settings.out, work, self.loaded, self.rules, self.features)


def _wants_ray(media: dict[str, Any], settings: PredictSettings) -> bool:
    return "ray" in (media["engine"], settings.engine)


def _on_ray(work: list[FileWork], maker: Maker, settings: PredictSettings) -> Iterator[int]:
    """Rows of each file, in any order; the files are written by the actors themselves."""
    if not work:
        return
    import ray.data
    from ray.util.annotations import RayDeprecationWarning

    from emodist.pipelines import ray_engine, ray_private

    n_cpus = ray_engine.connect(settings.address, settings.workers)
    n_actors = min(settings.workers or n_cpus, len(work))
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    items = [{"work": pickle.dumps(item)} for item in work]
    with warnings.catch_warnings():
        # As in `ray_engine`: retries are bounded, in the only way that Ray 2.60 has.
        warnings.simplefilter("ignore", RayDeprecationWarning)
        dataset = ray.data.from_items(items, override_num_blocks=len(items)).map_batches(
            _Actor,
            fn_constructor_args=(maker,),
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=n_actors),
            num_cpus=1,
            max_restarts=8,
            max_task_retries=8,
        )
    try:
        for row in dataset.iter_rows():
            yield int(row["n_rows"])
    except ray.exceptions.RayError as error:
        raise ray_private.cause(error) from error


class _Actor:
    """What Ray Data calls with the work of one file."""

    def __init__(self, maker: Maker):
        self.maker = maker

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        return {"n_rows": [self.maker(pickle.loads(item)) for item in batch["work"]]}
