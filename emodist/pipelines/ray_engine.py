"""Shards on a Ray cluster: a Ray Data dataset of shards, mapped by actors.

Ray Data only schedules. An actor commits its shard by itself and gives back one row of counts, so
a lost actor, node or driver costs time and never a row; see `emodist.media.shards`.
"""

import dataclasses
import logging
import os
import re
import socket
import sys
import tempfile
import warnings
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import ray
import ray.data
from ray.util.annotations import RayDeprecationWarning

from emodist.errors import ConfigError, EmodistError
from emodist.media import plan_log
from emodist.media.settings import MediaSettings
from emodist.media.shards import ShardResult, ShardRunner, has_network
from emodist.pipelines import ray_private
from emodist.tables import arrow, schema


class ShardActor:
    """What Ray Data calls with a batch of one shard: gives the shard back with its counts."""

    def __init__(self, settings: MediaSettings, does_decode: bool, does_embed: bool):
        self.runner = ShardRunner(settings, does_decode, does_embed)

    def __call__(self, batch: pa.Table) -> pa.Table:
        shard = batch.select(schema.WORK.names)
        row = plan_log.shard(self.runner.settings.out, shard.to_pylist()[0])
        counts = dataclasses.asdict(self.runner(row))
        for earlier in batch["counts"].to_pylist() if "counts" in batch.column_names else ():
            counts = {k: v if k == "shard" else v + earlier[k] for k, v in counts.items()}
        return shard.append_column("counts", pa.array([counts]))


def connect(address: str | None, workers: int | None) -> int:
    """Join the cluster, or start one on this machine; the number of CPUs it has now, at least 1.

    Parameters
    ----------
    address : str, optional
        Default: RAY_ADDRESS.
    workers : int, optional
        CPUs of a cluster that is started here; default: those of this machine.

    Raises
    ------
    EmodistError
        If the cluster cannot be reached, refuses this process, or runs another Ray or Python.
    """
    address = address or os.environ.get("RAY_ADDRESS")
    connect_to(address, workers)
    there = n_cpus()
    if workers is None and address and ray_private.may_grow():
        plural = "" if there == 1 else "s"
        print(
            f"the cluster has {there} CPU{plural} now and may grow; workers=N asks for N at once",
            file=sys.stderr,
        )
    return max(1, there)


def n_cpus() -> int:
    """CPUs that the cluster has at the moment; 0 where all its workers are still to be started."""
    return int(ray.cluster_resources().get("CPU", 0))


def connect_to(
    address: str | None, num_cpus: int | None = None, log_to_driver: bool = True
) -> None:
    """Join the cluster at an address; without one, start one here of so many CPUs.

    With `log_to_driver`, what workers print comes to this process.
    """
    arrow.with_pandas()
    if not ray.is_initialized():
        os.environ.setdefault("RAY_raylet_start_wait_time_s", "120")
        # Ray makes and passes the token of a cluster that it starts here.
        logging.getLogger("ray._private.authentication").setLevel(logging.ERROR)
        # A dashboard takes seconds to start, and a run on one machine shows its own progress.
        if address:
            _check_answers(address)
        local: dict[str, Any] = (
            {} if address else {"include_dashboard": False, "num_cpus": num_cpus}
        )
        try:
            ray.init(
                address=address or "local",
                logging_level=logging.WARNING,
                log_to_driver=log_to_driver,
                **local,
            )
        except ConnectionError as error:
            raise EmodistError(f"no Ray cluster answers at {address}: {error}") from None
        except (OSError, RuntimeError, ray.exceptions.RayError) as error:
            ray.shutdown()
            raise _refusal(address, error) from None


def run(shards: pa.Table, settings: MediaSettings, n_workers: int) -> Iterator[ShardResult]:
    """Results of planned shards (`schema.WORK`) as they come, in any order.

    Raises
    ------
    EmodistError
        The first error of a worker; shards that were finished stay finished.
    """
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    logging.getLogger("ray.data._internal.progress").setLevel(logging.ERROR)
    # One block a shard: Ray schedules blocks, and a block that is lost is computed again. Unlike
    # `from_arrow`, this starts no tasks to look at the blocks.
    blocks = [shards.slice(row, 1) for row in range(shards.num_rows)]
    dataset: ray.data.Dataset = ray.data.from_blocks(blocks)
    # A pool that may grow makes Ray Data ask for more nodes, and use those that come; on a cluster
    # that stays as it is, it has as many actors as there are CPUs.
    n_most = n_workers if settings.workers else shards.num_rows
    gpus = getattr(settings, "yamnet_gpus", 0.0) if has_network(settings) else 0.0
    if gpus:
        # TensorFlow and its GPU stand in a pool of their own; decoding does not wait for them.
        n_embed = int(ray.cluster_resources().get("GPU", 0) / gpus)
        if n_embed < 1:
            if not ray_private.may_grow():
                raise ConfigError(f"yamnet_gpus={gpus:g}, but the cluster has no GPU; set it to 0")
            # What kinds of machines it may start, Ray does not tell.
            print("no GPU in the cluster yet; waiting until it starts one", file=sys.stderr)
        dataset = _mapped(dataset, settings, (n_workers, n_most), does_embed=False)
        sizes = (max(1, n_embed), max(1, n_embed, n_most))
        dataset = _mapped(dataset, settings, sizes, does_decode=False, num_gpus=gpus)
    else:
        dataset = _mapped(dataset, settings, (n_workers, n_most))
    try:
        for batch in dataset.iter_batches(batch_size=None, batch_format="pyarrow"):
            for counts in batch["counts"].to_pylist():  # type: ignore[union-attr]
                yield ShardResult(**counts)
    except ray.exceptions.RayError as error:
        raise ray_private.cause(error) from error


def _mapped(
    dataset: ray.data.Dataset,
    settings: MediaSettings,
    sizes: tuple[int, int],
    does_decode: bool = True,
    does_embed: bool = True,
    num_gpus: float = 0.0,
) -> ray.data.Dataset:
    """Mapped by a pool of the smaller size that may grow to the larger one."""
    n_least, n_most = sizes
    with warnings.catch_warnings():
        # Ray 2.60 deprecates the way to bound retries and has no other yet.
        warnings.simplefilter("ignore", RayDeprecationWarning)
        return dataset.map_batches(
            ShardActor,
            fn_constructor_args=(settings, does_decode, does_embed),
            batch_size=1,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(
                min_size=n_least, max_size=n_most, max_tasks_in_flight_per_actor=2
            ),
            # All CPUs decode; whoever feeds a GPU comes on top, or neither pool could start.
            num_cpus=0 if num_gpus else 1,
            num_gpus=num_gpus or None,
            # A file that kills its child is a row; only what kills the actor itself (a lost node,
            # no memory) is tried again, and not for ever, as Ray Data would by default.
            max_restarts=8,
            max_task_retries=8,
        )


def _check_answers(address: str) -> None:
    """Ask the port first: Ray itself waits for minutes for a cluster that is not there.

    Nor does it say that only the token is wrong.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not (colon and port.isdigit()):
        return
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except OSError as error:
        reason = error.strerror or error
        raise EmodistError(f"no Ray cluster answers at {address}: {reason}") from None
    if address.startswith("ray://"):
        return
    if not ray_private.takes_token(address):
        raise EmodistError(
            f"the cluster at {address} does not take this token, or wants one; put its own into "
            "RAY_AUTH_TOKEN"
        )


def _refusal(address: str | None, error: Exception) -> EmodistError:
    """One line for what Ray says in many when it does not let this process in."""
    said = re.findall(r"(Ray|Python): (\S+)", str(error))
    if "Version mismatch" in str(error) and len(said) == 4:
        theirs, ours = (" and ".join(map(" ".join, part)) for part in (said[:2], said[2:]))
        return EmodistError(
            f"the cluster at {address} runs {theirs}, this process {ours}; Ray wants the same: "
            "start both from one image, or with the versions of constraints.txt"
        )
    first = str(error).strip().split("\n")[0]
    if "AF_UNIX path length" in first:
        folder = os.environ.get("RAY_TMPDIR") or tempfile.gettempdir()
        return EmodistError(
            f"Ray cannot start: the folder for temporary files, {folder}, has too "
            "long a name for its sockets; set TMPDIR (or RAY_TMPDIR) to a shorter one, as in "
            "TMPDIR=/tmp"
        )
    return EmodistError(f"the Ray cluster at {address or 'this machine'} cannot be joined: {first}")
