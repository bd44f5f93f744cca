"""Ray Train's part in a training: workers, their streams of rows, and news of their progress.

How many workers there are, and when they are started again, is for `pipelines.train_workers`.
"""

import contextlib
import json
import logging
import os
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import ray
import ray.data
import ray.train

from emodist import storage
from emodist.errors import ConfigError
from emodist.learning import speaker_norm
from emodist.learning.speaker_norm import Statistics
from emodist.network_training import checkpoint, learner, loop, sources, tensorflow
from emodist.network_training.batches import Augment
from emodist.network_training.fitting import Task
from emodist.network_training.settings import NetworkSettings
from emodist.network_training.sources import Source
from emodist.network_training.state import Problem, Progress, State
from emodist.pipelines import ray_engine, ray_private, row_stream, train_workers

# How often the driver looks for news of the training.
LOOK_EVERY_S = 0.5


class Cluster:
    """Training by Ray Train.

    Raises
    ------
    ConfigError
        If the cluster has fewer CPUs or GPUs than the workers need.
    """

    def __init__(self, settings: NetworkSettings):
        address = settings.address or os.environ.get("RAY_ADDRESS")
        if not ray.is_initialized() and not address:
            # A cluster that is started here has what this machine has, and no more.
            train_workers.check_cpus(settings, float(os.cpu_count() or 1))
        for name, value in train_workers.PATIENCE.items():
            os.environ.setdefault(name, value)
        # Libraries of the workers have much to say; what matters comes as news, or as an error.
        ray_engine.connect_to(address, log_to_driver=False)
        if address and ray_private.may_grow():
            train_workers.wait_for_room(settings)
        else:
            train_workers.check(settings, train_workers.nodes())
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        logging.getLogger("ray.data").setLevel(logging.WARNING)

    def statistics(self, source: Source, rows: np.ndarray, who: np.ndarray) -> Statistics:
        """As `sources.statistics`, row groups read by tasks of the cluster."""
        shared = ray.put((source, who))

        @ray.remote(num_cpus=1)
        def part(shared: Any, own: np.ndarray) -> Statistics:
            return sources.statistics(shared[0], own, shared[1])

        groups = sources.by_group(source, rows)
        # In the order of the groups, whichever comes first.
        return speaker_norm.joined(ray.get([part.remote(shared, own) for own in groups]))

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
        if checkpoint.read(out).is_over(settings, todo.problem.has_dev):
            return checkpoint.read(out)
        _check_network(todo.problem, settings)
        shared = ray.put((source, y, todo, settings))
        window = min(todo.n_together, max(len(todo.train), len(todo.dev)))
        # Loads TensorFlow, which is wanted only where a network runs.
        from ray.train.tensorflow import TensorflowTrainer

        def fit(n_workers: int) -> None:
            TensorflowTrainer(
                _work,
                train_loop_config={
                    "problem": todo.problem,
                    "settings": settings,
                    "out": out,
                    "augment": augment,
                },
                scaling_config=ray.train.ScalingConfig(
                    num_workers=n_workers,
                    use_gpu=settings.use_gpu,
                    resources_per_worker=train_workers.of_one(settings),
                ),
                datasets={row_stream.NAME: row_stream.Plan(shared, out).dataset},
                dataset_config=row_stream.ToEachWorker(
                    shared, 4.0 * window * float(np.prod(source.shape))
                ),
                run_config=ray.train.RunConfig(
                    # Ray's own notes; each has a place of its own, where nothing is found.
                    name=f"ray-{uuid.uuid4().hex[:8]}",
                    storage_path=storage.join(out, "training"),
                    failure_config=ray.train.FailureConfig(
                        max_failures=0,
                        # mypy reads an older class by this name.
                        controller_failure_limit=0,  # type: ignore[call-arg]
                    ),
                ),
            ).fit()

        with _news(out, heard):
            train_workers.until_over(fit, todo.problem, settings, out)
        return checkpoint.read(out)


def _work(config: dict[str, Any]) -> None:
    """What each worker does."""
    problem: Problem = config["problem"]
    settings: NetworkSettings = config["settings"]
    out: str = config["out"]
    tf, _ = tensorflow.import_tensorflow()
    # As many threads as CPUs: TensorFlow would take all of the machine, once for each worker.
    n_threads = max(1, int(settings.cpus_per_worker))
    tf.config.threading.set_intra_op_parallelism_threads(n_threads)
    tf.config.threading.set_inter_op_parallelism_threads(n_threads)
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)
    context = ray.train.get_context()
    rank, n_workers = context.get_world_rank(), context.get_world_size()
    strategy = tf.distribute.MultiWorkerMirroredStrategy() if n_workers > 1 else None
    learner, state = checkpoint.begin(problem, settings, out, strategy)

    def heard(progress: Progress, state: State | None) -> None:
        if rank == 0:
            if state is not None:
                checkpoint.keep(out, state)
            storage.write(_news_uri(out), _news_of(progress))
        if state is not None:
            ray.train.report(dict(progress.row or {}))

    shard = ray.train.get_dataset_shard(row_stream.NAME)
    chunks = row_stream.chunks(shard, problem.shape, rank, state.epoch)
    loop.train(learner, problem, chunks, state, heard, config["augment"], rank)


def _check_network(problem: Problem, settings: NetworkSettings) -> None:
    """What is wrong with a network is found out here, and not by each worker in turn."""
    layers = learner.build(problem, settings).layers
    norms = [layer for layer in layers if type(layer).__name__ == "BatchNormalization"]
    if settings.xla and settings.workers > 1 and norms:
        raise ConfigError(
            f"xla=true cannot compile the batch norm of {settings.model} over several workers; "
            "take xla=false or workers=1"
        )


def _news_uri(out: str) -> str:
    return storage.join(out, "training", "progress.json")


def _news_of(progress: Progress) -> bytes:
    return json.dumps(vars(progress)).encode()


@contextlib.contextmanager
def _news(out: str, heard: Callable[[Progress], None]) -> Iterator[None]:
    """Passes on what the first worker writes about its progress."""
    over = threading.Event()
    last: list[bytes] = [b""]

    def look() -> None:
        with contextlib.suppress(FileNotFoundError):
            news = storage.read(_news_uri(out))
            if news != last[0]:
                last[0] = news
                heard(Progress(**json.loads(news)))

    def watch() -> None:
        while not over.wait(LOOK_EVERY_S):
            look()

    with contextlib.suppress(FileNotFoundError):
        # Of an earlier run of this training.
        last[0] = storage.read(_news_uri(out))
    thread = threading.Thread(target=watch, daemon=True, name="emodist-news")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        look()
