"""How fast networks learn: rows that stream from a table against rows in memory, and two workers
of one core against one.

    python benchmarks/networks.py out/ravdess
    python benchmarks/networks.py out/ravdess --rounds 5 --model deep_cnn

Both parts train the same network on log-mel images of the table, twice round the other way
(A B B A), and give medians over the rounds:

- *input*: one process; batches lie in memory, or come through the whole way of `emodist train`
  (row groups shuffled, cut, handed over by a thread): *kept*, with row groups that stay in memory
  after the first epoch, as those of a table below 1 GiB do, or *stream*, each epoch read from
  Parquet anew, as of a larger one. Samples per second of wall time.
- *workers*: processes of one core and one TensorFlow thread each, the same global batch, gradients
  added up by `MultiWorkerMirroredStrategy`; without Ray, whose part is to start them.

Wall times on a machine that does other work too say little, so CPU time stands beside them.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import record

from emodist import config
from emodist.learning import dataset
from emodist.network_training import batches, fitting, sources, tensorflow
from emodist.network_training.learner import Learner
from emodist.network_training.settings import NetworkSettings

N_STEPS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table")
    parser.add_argument("settings", nargs="*", help="key=value")
    parser.add_argument("--model", default="simple_cnn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--part", choices=("input", "workers", "both"), default="both")
    record.add_option(parser)
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    settings = config.load(NetworkSettings, None, given.settings, model=given.model, epochs=1000)
    if given.worker:
        rank, n_workers, ports = given.worker
        _worker(given.table, settings, int(rank), int(n_workers), ports.split(","))
        return
    n_cores = len(os.sched_getaffinity(0))
    print(f"{given.model}, global batch {settings.batch_size}, {n_cores} cores")
    figures = {"model": given.model, "batch_size": settings.batch_size}
    if given.part in ("input", "both"):
        figures["input"] = _input(given.table, settings, given.rounds)
    if given.part in ("workers", "both"):
        figures["workers"] = _workers(given, n_cores)
    record.save(given, figures)


def _task(table: str, settings: NetworkSettings):
    data = dataset.load(table, []).labelled()
    source = sources.TableSource(table, data, settings.columns())
    return data, source, fitting.task(source, data, np.arange(len(data)), settings)


def _input(table: str, settings: NetworkSettings, n_rounds: int) -> dict:
    data, source, todo = _task(table, settings)
    y, classes = data.targets()
    learner = Learner(todo.problem, settings)
    n_train = len(todo.train)

    def stream(n_epochs: int, is_kept: bool = False):
        for epoch in range(n_epochs):
            if not is_kept:
                source._kept.clear()
                source._kept_bytes = 0
            plan = batches.schedule(
                source.groups, todo.train, todo.dev[:0], range(epoch, epoch + 1), 0, todo.n_together
            )
            for chunk in batches.chunks(source, y, plan, settings.batch_size):
                yield from chunk.batches(len(classes), todo.problem.class_weight, None, (0, 0))

    in_memory = list(stream(1))

    def learn(feed) -> tuple[float, float]:
        wall, cpu = time.perf_counter(), time.process_time()
        loss = None
        for batch in feed:
            loss = learner.learn(batch, 1e-3)
        float(loss)
        return time.perf_counter() - wall, time.process_time() - cpu

    ways = {
        "memory": lambda: in_memory * 2,
        "kept": lambda: batches.ahead(stream(2, is_kept=True)),
        "stream": lambda: batches.ahead(stream(2)),
    }
    learn(in_memory[:3])
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(n_rounds):
        for name in (*ways, *reversed(ways)):
            found[name].append(learn(ways[name]()))
    wall, cpu = (
        {name: statistics.median(row[kind] for row in rows) for name, rows in found.items()}
        for kind in (0, 1)
    )
    for name in ways:
        print(
            f"  {name:8} {2 * n_train / wall[name]:8.0f} samples/s wall   "
            f"{2 * n_train / cpu[name]:8.0f} samples/s of CPU time"
        )
    for name in ("kept", "stream"):
        print(
            f"  {name} against memory: {wall['memory'] / wall[name]:.1%} wall, "
            f"{cpu['memory'] / cpu[name]:.1%} CPU"
        )
    return {
        name: {
            "samples_per_s": 2 * n_train / wall[name],
            "samples_per_cpu_s": 2 * n_train / cpu[name],
            "cpu_ratio_to_memory": cpu["memory"] / cpu[name],
        }
        for name in ways
    }


def _workers(given: argparse.Namespace, n_cores: int) -> dict:
    if n_cores < 2:
        print("  two workers need two cores")
        return {}
    found: dict[int, list[dict[str, float]]] = {1: [], 2: []}
    for _ in range(given.rounds):
        for n_workers in (1, 2, 2, 1):
            found[n_workers].append(_run(given, n_workers))
    speed = {n: statistics.median(row["rows_per_s"] for row in rows) for n, rows in found.items()}
    # What a core did not get because others had it is not the workers' doing.
    own = {n: statistics.median(row["rows_per_cpu_s"] for row in rows) for n, rows in found.items()}
    for n, rows in found.items():
        share = statistics.median(row["cpu_share"] for row in rows)
        print(
            f"  {n} workers {speed[n]:8.0f} samples/s wall   {own[n]:8.0f} samples/s of CPU time"
            f" of one worker   (a worker had {share:.0%} of its core)"
        )
    print(f"  two workers against one: {speed[2] / speed[1]:.2f} wall, {own[2] / own[1]:.2f} CPU")
    return {"wall_ratio": speed[2] / speed[1], "cpu_ratio": own[2] / own[1]}


def _run(given: argparse.Namespace, n_workers: int) -> dict[str, float]:
    ports = ",".join(str(port) for port in _free_ports(n_workers))
    cores, rest = sorted(os.sched_getaffinity(0)), (str(n_workers), ports)
    command = [sys.executable, __file__, given.table, *given.settings, "--model", given.model]
    running = [
        subprocess.Popen(
            ["taskset", "-c", str(cores[rank]), *command, "--worker", str(rank), *rest],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for rank in range(n_workers)
    ]
    said = [process.communicate()[0].strip().splitlines()[-1] for process in running]
    return json.loads(said[0])


def _worker(
    table: str, settings: NetworkSettings, rank: int, n_workers: int, ports: list[str]
) -> None:
    """One process of one core; the first says how fast all were."""
    if n_workers > 1:
        addresses = [f"localhost:{port}" for port in ports]
        os.environ["TF_CONFIG"] = json.dumps(
            {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": rank}}
        )
    tf, _ = tensorflow.import_tensorflow()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    strategy = tf.distribute.MultiWorkerMirroredStrategy() if n_workers > 1 else None
    data, source, todo = _task(table, settings)
    y, classes = data.targets()
    learner = Learner(todo.problem, settings, strategy)
    window = next(
        batches.windows(source.groups, todo.train, np.random.default_rng(0), todo.n_together)
    )
    part = batches.chunk(
        source.take(window), y[window], batches.Window(0, True, window), settings.batch_size,
        rank, n_workers,
    )  # fmt: skip
    feed = list(part.batches(len(classes), todo.problem.class_weight, None, (0, 0)))
    for batch in feed[:3]:
        float(learner.learn(batch, 1e-3))
    wall, cpu = time.perf_counter(), time.process_time()
    for step in range(N_STEPS):
        loss = learner.learn(feed[step % (len(feed) - 1)], 1e-3)
    float(loss)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    n_rows = N_STEPS * settings.batch_size
    print(
        json.dumps(
            {"rows_per_s": n_rows / wall, "rows_per_cpu_s": n_rows / cpu, "cpu_share": cpu / wall}
        )
    )


def _free_ports(n: int) -> list[int]:
    sockets = [socket.socket() for _ in range(n)]
    for each in sockets:
        each.bind(("localhost", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


if __name__ == "__main__":
    main()
