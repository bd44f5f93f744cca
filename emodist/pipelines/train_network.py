"""A network from a table to a bundle, in this process or by Ray Train on many workers.

Both run the same loop (`network_training.loop`) on the same batches (`network_training.batches`);
Ray adds workers, a stream of rows to each (`pipelines.row_stream`), and a new start of those that
are lost.

A training that was cut off goes on from its last epoch (`network_training.checkpoint`).
"""

import contextlib
import dataclasses
import datetime
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from emodist import storage
from emodist.learning import doubts
from emodist.learning.dataset import Dataset
from emodist.models import bundle, card, judging, network_bundle
from emodist.models.card import Card, Learned
from emodist.models.judgement import Judgement
from emodist.network_training import batches, checkpoint, fitting, loop, records, sources
from emodist.network_training.batches import Augment
from emodist.network_training.fitting import Network, Task
from emodist.network_training.settings import NetworkSettings
from emodist.network_training.sources import Source, TableSource
from emodist.network_training.state import Progress, State
from emodist.tables import claim, locate

# What an output folder may hold beside a bundle.
FILES = {
    *(bundle.CONTENT - {"model.skops"}),
    "run.json",
    claim.RUNS,
    "training",
    "tensorboard",
    "history.csv",
    "training_curves.png",
}
# What a training goes on with beside its settings, and in words what is another.
SAME = {"rows": "rows of another table"}


@dataclasses.dataclass(frozen=True, eq=False)
class Trained:
    """What a training came to; `judgement` is there with `cross_validate`."""

    card: Card
    judgement: Judgement | None


def train(
    table: str,
    settings: NetworkSettings,
    out: str,
    tell: judging.Tell | None = None,
    augment: Augment | None = None,
) -> Trained:
    """A bundle of a network trained on all labelled rows of a table.

    Parameters
    ----------
    out : str
        Folder of the bundle, local or `s3://`; workers on other machines need to reach it, and the
        table. A training that was cut off there goes on.
    tell : callable, optional
        Hears of progress.
    augment : callable, optional
        `(batch, rng) -> batch`, for training batches alone.

    Raises
    ------
    ConfigError, OutputError
        If the table does not fit the settings, the cluster cannot hold the workers, or `out`
        belongs to another training or cannot be written.
    """
    clock = time.monotonic()
    out = storage.absolute(out)
    data = judging.labelled(table, [])
    plain = TableSource(storage.absolute(table), data, settings.columns())
    name = _begin(out, settings, data, plain)
    if "bundle.json" in storage.names(out):
        return Trained(card.read(out), None)
    judgement = None
    if settings.cross_validate:
        judgement = Judgement(
            judging.cross_validated(table, settings, tell)[2], settings.identity()
        )

    def heard(progress: Progress) -> None:
        if tell is not None:
            tell("", progress)

    with _engine(settings) as engine:
        source = fitting.scaled(plain, data, settings, engine.statistics)
        todo = fitting.task(source, data, np.arange(len(data)), settings, engine.statistics)
        y, _ = data.targets()
        # A folder that cannot be written is found out before anything is learned.
        this = {"started": _now(), "workers": settings.workers}
        claim.save_run(_record(out), name, this)
        state = engine.learn(todo, source, y, settings, out, heard, augment)
        network = fitting.finish(todo, source, y, settings, state)
    about = _save(out, network, todo, data, plain, settings, table, judgement)
    this |= {
        "seconds": round(time.monotonic() - clock, 2),
        "epochs": len(network.history),
        "best_epoch": network.best_epoch,
        "development": network.dev,
    }
    claim.save_run(_record(out), name, this)
    storage.remove(storage.join(out, "training"))
    return Trained(about, judgement)


class _Here:
    """Training in this process."""

    statistics = staticmethod(sources.statistics)

    def learn(
        self,
        todo: Task,
        source: Source,
        y: np.ndarray,
        settings: NetworkSettings,
        out: str,
        heard: Callable[[Progress], None],
        augment: Augment | None,
    ) -> State:
        learner, state = checkpoint.begin(todo.problem, settings, out)

        def kept(progress: Progress, state: State | None) -> None:
            if state is not None:
                checkpoint.keep(out, state)
            heard(progress)

        schedule = todo.schedule(source, settings, range(state.epoch, settings.epochs))
        chunks = batches.chunks(source, y, schedule, settings.batch_size)
        return loop.train(learner, todo.problem, chunks, state, kept, augment)


@contextlib.contextmanager
def _engine(settings: NetworkSettings) -> Iterator[Any]:
    """This process where it is enough, else Ray."""
    on_cluster = settings.address or os.environ.get("RAY_ADDRESS")
    if settings.workers == 1 and not settings.use_gpu and not on_cluster:
        yield _Here()
        return
    from emodist.pipelines import train_on_ray

    yield train_on_ray.Cluster(settings)


def _begin(out: str, settings: NetworkSettings, data: Dataset, source: TableSource) -> str:
    """Make the folder that of this training, and name this run."""
    claim.no_strangers(out, FILES)
    fresh = claim.fresh(
        {"job": "train", **settings.identity()}, (), rows=_fingerprint(data, source)
    )
    fresh["versions"] |= network_bundle.versions()

    def is_begun() -> bool:
        return storage.exists(checkpoint.state_uri(out)) or "bundle.json" in storage.names(out)

    claim.take(_record(out), fresh, SAME, is_begun)
    return claim.new_run()


def _fingerprint(data: Dataset, source: TableSource) -> str:
    """Which rows, labels, speakers and columns are learned from."""
    digest = hashlib.blake2b(repr((source.columns, source.shape)).encode(), digest_size=8)
    for row in zip(data.recording_id, data.segment, data.label, data.people(), strict=True):
        digest.update(repr(row).encode())
    return digest.hexdigest()


def _save(
    out: str,
    network: Network,
    todo: Task,
    data: Dataset,
    source: TableSource,
    settings: NetworkSettings,
    table: str,
    judgement: Judgement | None,
) -> Card:
    """The bundle, its `bundle.json` last."""
    made = locate.origin(table)
    best = network.history[network.best_epoch - 1]
    development: dict[str, Any] | None = None
    if network.dev is not None:
        development = {
            **network.dev,
            "speakers": sorted({str(who) for who in data.people()[todo.dev]}),
            "says": "these speakers chose the epoch, so their numbers are somewhat too good",
        }
    about = Card(
        kind="network",
        settings=settings.identity(),
        classes=todo.problem.classes,
        columns=tuple(source.columns),
        names=tuple(source.names),
        shape=tuple(source.shape),
        temperature=network.temperature,
        featurized=made.pop("settings", {}),
        origin=made,
        metrics=None if judgement is None else judgement.evaluation.to_dict(),
        development=development,
        best_epoch={key: best[key] for key in best if key != "time"},
        n_epochs=len(network.history),
        notes=doubts.of(data, settings),
        data=Learned.of(data),
        versions=network_bundle.versions(),
    )
    records.write(out, network.history)
    records.write_curves(out, network.history)
    bundle.save(out, network.model, about, data)
    return about


def _record(out: str) -> str:
    return storage.join(out, "run.json")


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
