"""Seeded kills while a job runs, and whether its tables came out as if nothing had happened.

    python -m tests.chaos --runs 8                 # on three Ray nodes that it starts here
    python -m tests.chaos --address auto --work s3://bucket/chaos     # on a cluster, from its head

A seed decides what is killed (in turn a node with all its processes, an actor, a decoding process,
the driver) and when. The table of each disturbed run is compared with that of an undisturbed one
by hash. A driver that was killed is started again, as `ray job submit` by hand would.
"""

import argparse
import contextlib
import dataclasses
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter

import numpy as np
import pyarrow as pa
import soundfile

from emodist import storage
from emodist.tables import locate

KINDS = ("node", "actor", "decoder", "driver")
# tonnetz is slow, so that there is a middle to kill in.
JOB = ("corpus=folder", "segment_s=2", "features=mfcc,rms,tonnetz")


@dataclasses.dataclass(frozen=True)
class Kill:
    """What is killed, and once which share of the shards is done."""

    seed: int
    kind: str
    after: float

    @classmethod
    def drawn(cls, seed: int) -> "Kill":
        """Kinds in turn, so that a few runs try them all; the moment is random."""
        moment = np.random.default_rng(seed).uniform(0.0, 0.8)
        return cls(seed, KINDS[seed % len(KINDS)], round(float(moment), 2))


def make_archive(place: str, n_files: int = 96, duration_s: float = 6.0) -> None:
    """Noise with a slow envelope, another in each file; enough for mechanics."""
    with tempfile.TemporaryDirectory() as folder:
        for index in range(n_files):
            rng = np.random.default_rng(index)
            envelope = 0.2 + 0.1 * np.sin(
                np.arange(int(duration_s * 16_000)) / rng.uniform(400, 900)
            )
            soundfile.write(f"{folder}/clip.wav", rng.normal(size=envelope.size) * envelope, 16_000)
            with open(f"{folder}/clip.wav", "rb") as file:
                storage.write(f"{place}/{'ab'[index % 2]}/{index:03d}.wav", file.read())


def words(clips: str, out: str, *more: str) -> list[str]:
    return ["featurize", clips, "--out", out, *JOB, *more]


def driver(clips: str, out: str, *more: str, environment: dict | None = None) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "emodist", *words(clips, out, *more)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def fingerprint(out: str) -> str:
    """A hash of the rows, whichever files, workers and order they came from."""
    digest = hashlib.blake2b(digest_size=8)
    for name, keys in (
        ("features", ("recording_id", "segment")),
        ("recordings", ("recording_id",)),
    ):
        rows = locate.open_table(f"{out}/{name}").to_table()
        rows = rows.sort_by([(key, "ascending") for key in keys]).combine_chunks()
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema) as writer:
            writer.write_table(rows)
        digest.update(sink.getvalue())
    return digest.hexdigest()


def share_done(out: str) -> float:
    """How much of the plan is staged or published; 0 where nothing is planned yet."""
    from emodist.media import output
    from emodist.media.plan_log import PlanLog

    work = PlanLog(out).work()
    n_shards = work.num_rows
    if not n_shards:
        return 0.0
    waiting = output.pending(out, work).num_rows
    staged = sum(
        storage.exists(f"{out}/staging/{group}/{shard}/recordings.arrow")
        for group in storage.names(f"{out}/staging")
        for shard in storage.names(f"{out}/staging/{group}")
    )
    return (n_shards - waiting + staged) / n_shards


def wait_until(out: str, after: float, process: subprocess.Popen, seconds: float = 300.0) -> bool:
    """Whether that share was done while the driver was still at work."""
    deadline = time.monotonic() + seconds
    while process.poll() is None:
        done = share_done(out)
        if done >= max(after, 1e-9):
            return done < 1.0
        assert time.monotonic() < deadline, "the job does not get on"
        time.sleep(0.02)
    return False


def kill_here(kind: str, number: int) -> str:
    """Kill a process of this task's node; which of several is `number` modulo their count."""
    import psutil

    raylet = psutil.Process(os.getppid())
    assert "raylet" in raylet.name(), raylet.cmdline()
    family = raylet.children(recursive=True)
    actors = [process for process in raylet.children() if "MapWorker" in process.name()
              or any("MapWorker" in word for word in process.cmdline())]  # fmt: skip
    if kind == "node":
        # As a machine that loses its power: all of it, this task last.
        for process in [raylet, *family]:
            if process.pid != os.getpid():
                process.kill()
        os._exit(1)
    chosen = actors if kind == "actor" else [c for actor in actors for c in actor.children()]
    if not chosen:
        return "nothing there"
    victim = chosen[number % len(chosen)]
    victim.kill()
    return f"{kind} {victim.pid}"


def strike(kill: Kill) -> str:
    """Do what the kill says on some node; the head is spared, since a cluster ends with it."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    task = ray.remote(num_cpus=0, max_retries=0)(kill_here)
    rng = np.random.default_rng([kill.seed, 1])
    head = ray.get_runtime_context().get_node_id()
    alive = sorted(node["NodeID"] for node in ray.nodes() if node["Alive"])
    nodes = [node for node in alive if node != head] if kill.kind == "node" else alive
    for node in rng.permutation(nodes):
        at = NodeAffinitySchedulingStrategy(str(node), soft=False)
        number = int(rng.integers(99))
        try:
            done = ray.get(
                task.options(scheduling_strategy=at).remote(kill.kind, number), timeout=60
            )
        except ray.exceptions.RayError:
            return f"node {str(node)[:8]}"
        if done != "nothing there":
            return done
    return "nothing to kill"


def disturbed(clips: str, out: str, kill: Kill, environment: dict) -> tuple[str, int]:
    """What was killed, and how often the driver ran; raises if the job did not end well."""
    process = driver(clips, out, "engine=ray", environment=environment)
    n_drivers = 1
    struck = "too late: the job was done"
    if wait_until(out, kill.after, process):
        if kill.kind == "driver":
            process.kill()
            process.wait()
            struck = f"driver {process.pid}"
            process = driver(clips, out, "engine=ray", environment=environment)
            n_drivers += 1
        else:
            struck = strike(kill)
    text, _ = process.communicate(timeout=600)
    if process.returncode:
        raise RuntimeError(f"the job ended with {process.returncode}: {text[-2000:]}")
    return struck, n_drivers


@contextlib.contextmanager
def own_cluster():
    """Three nodes on this machine; those that were killed are replaced by `restore`."""
    from tests.pipelines import nodes

    store = "--object-store-memory=100000000"
    with nodes.cluster("--num-cpus=1", store) as cluster:

        def restore() -> None:
            import ray

            ray_nodes = sum(node["Alive"] for node in ray.nodes())
            for _ in range(3 - ray_nodes):
                cluster.start_worker(1, store)
            deadline = time.monotonic() + 120
            while sum(node["Alive"] for node in ray.nodes()) < 3:
                assert time.monotonic() < deadline, "a node did not start"
                time.sleep(0.5)

        yield cluster.address, cluster.environment, restore


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=8, help="default: 8")
    parser.add_argument("--seed", type=int, default=0, help="of the first run; default: 0")
    parser.add_argument("--address", help="a Ray cluster; default: three nodes, started here")
    parser.add_argument("--work", help="shared folder or s3://; default: a temporary folder")
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        work = given.work or stack.enter_context(tempfile.TemporaryDirectory())
        address, environment, restore = given.address, dict(os.environ), lambda: None
        if address is None:
            address, environment, restore = stack.enter_context(own_cluster())
        # Ray reads whether there is a token when it is imported.
        os.environ.update(environment)
        import ray

        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        stack.callback(ray.shutdown)
        environment["RAY_ADDRESS"] = address
        make_archive(f"{work}/clips")
        alone = driver(f"{work}/clips", f"{work}/alone", "engine=local", environment=environment)
        text, _ = alone.communicate()
        assert alone.returncode == 0, text
        wanted = fingerprint(f"{work}/alone")
        print(f"undisturbed: {wanted}\n{'seed':>4}  {'killed':24} {'after':>5}  {'s':>5}  rows")
        outcomes: Counter[str] = Counter()
        for seed in range(given.seed, given.seed + given.runs):
            restore()
            kill, clock = Kill.drawn(seed), time.monotonic()
            out = f"{work}/{seed}"
            struck, _ = disturbed(f"{work}/clips", out, kill, environment)
            same = "the same" if fingerprint(out) == wanted else "DIFFERENT"
            outcomes[f"{kill.kind}: {same}"] += 1
            seconds = time.monotonic() - clock
            print(f"{seed:4}  {struck:24} {kill.after:5.2f}  {seconds:5.1f}  {same}", flush=True)
        print(", ".join(f"{n} x {outcome}" for outcome, n in sorted(outcomes.items())))
        sys.exit(any("DIFFERENT" in outcome for outcome in outcomes))


if __name__ == "__main__":
    main()
