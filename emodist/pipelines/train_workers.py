"""How many workers a training has, and what is done when one of them is lost.

All start again from the last epoch. Where a node went with its worker, fewer start: as many as
the nodes that are left have room for, and more again at the next start after a node came. The
global batch stays the same, and so does what is learned (`emodist.network_training.batches`).

Ray Train's own restarts and elastic groups (`num_workers=(min, max)`) are not taken. Ray 2.60
tries an error like a full disk as often as a lost worker, and shares out CPUs by a list in which
a driver that was killed holds its own for three minutes: the same command again would wait for it.
"""

import sys
import time
from collections.abc import Callable, Iterable

import ray
import ray.train
from ray.util.placement_group import placement_group, remove_placement_group

from emodist.errors import ConfigError, EmodistError
from emodist.network_training import checkpoint
from emodist.network_training.settings import NetworkSettings
from emodist.network_training.state import Problem
from emodist.pipelines import ray_private

PATIENCE = {
    # A worker that does not answer for so long is taken for lost; Ray's own default is 10 minutes.
    "RAY_TRAIN_WORKER_HEALTH_CHECK_TIMEOUT_S": "60",
    # Workers that cannot be placed for so long may have been meant for a node that is gone, which
    # Ray notices late; its own default is a minute.
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "10",
}
# How often is looked for a node, where none is left.
LOOK_EVERY_S = 2.0


def nodes() -> list[dict[str, float]]:
    """What each node of the cluster has, as far as Ray knows."""
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def until_over(
    fit: Callable[[int], None],
    problem: Problem,
    settings: NetworkSettings,
    out: str,
    look: Callable[[], list[dict[str, float]]] = nodes,
) -> None:
    """Start as many workers as there is room for, and again when one was lost.

    Parameters
    ----------
    fit : callable
        Trains with so many workers from the checkpoint in `out` on.
    look : callable, optional
        Says what each node has.

    Raises
    ------
    EmodistError
        What a worker raised, at once; or if more than `max_failures` workers were lost.
    """
    n_lost, wanted, is_waiting = 0, settings.workers, False
    while not checkpoint.read(out).is_over(settings, problem.has_dev):
        n_workers = room(settings, look())
        if n_workers != wanted:
            _say(
                f"training goes on with {n_workers} of {settings.workers} workers"
                if n_workers
                else "no node is left that has room for a worker; waiting for one"
            )
        wanted = n_workers
        if n_workers == 0:
            time.sleep(LOOK_EVERY_S)
            continue
        try:
            fit(n_workers)
        except Exception as error:
            causes = ray_private.causes(error)
            for cause in causes:
                if isinstance(cause, EmodistError):
                    raise cause from error
            if any(map(ray_private.lacks_room, causes)):
                # A node is gone and Ray does not know it yet, or others use its CPUs.
                if not is_waiting:
                    _say(f"waiting for room for {n_workers} workers on the cluster")
                is_waiting = True
                continue
            is_waiting = False
            n_lost += 1
            if n_lost > settings.max_failures:
                raise _gave_up(causes, n_lost, settings) from error
            _say(f"a worker was lost: {_reason(causes)}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _gave_up(causes: list[BaseException], n_lost: int, settings: NetworkSettings) -> BaseException:
    """One line where workers died; an error of another kind as it is."""
    own = next((e for e in causes if not isinstance(e, ray.train.TrainingFailedError)), causes[0])
    # What those that are left say of the one who is gone, is TensorFlow's.
    is_of_others = ray_private.is_of_train(own) or isinstance(own, ray.exceptions.RayError)
    if not is_of_others and not type(own).__module__.startswith("tensorflow"):
        return own
    return EmodistError(
        f"workers were lost {n_lost} times, with max_failures={settings.max_failures}; at last: "
        f"{_reason(causes)}. The same command goes on from the last epoch"
    )


def _reason(causes: list[BaseException]) -> str:
    """What Ray says in a line of an actor that died, else what another worker says."""
    died = [e for e in causes if isinstance(e, ray.exceptions.RayError)]
    chosen = [*died, *causes[1:], causes[0]][0]
    return (str(chosen).strip().splitlines() or [type(chosen).__name__])[0][:200].rstrip(".")


def of_one(settings: NetworkSettings) -> dict[str, float]:
    """What one worker needs."""
    return {"CPU": settings.cpus_per_worker, **({"GPU": 1.0} if settings.use_gpu else {})}


def room(settings: NetworkSettings, nodes: Iterable[dict[str, float]]) -> int:
    """How many of the workers the nodes can hold, each on one of them.

    Examples
    --------
    >>> settings = NetworkSettings(workers=4, cpus_per_worker=2)
    >>> room(settings, [{"CPU": 3.0}, {"CPU": 4.0}, {}])
    3
    """
    # Shares of a CPU add up with rounding: three of 0.1 are more than 0.3.
    on_each = (
        min(
            int(node.get(resource, 0.0) / needed + 1e-6)
            for resource, needed in of_one(settings).items()
        )
        for node in nodes
    )
    return min(settings.workers, sum(on_each))


def wait_for_room(settings: NetworkSettings) -> None:
    """Ask a cluster that grows for room for all workers, and wait until it is there.

    A placement group tells its autoscaler, and goes with this process, however that ends.
    """
    has_room = room(settings, nodes())
    if has_room >= settings.workers:
        return
    _say(f"the cluster has room for {has_room} of {settings.workers} workers; waiting for more")
    group = placement_group([of_one(settings)] * settings.workers)
    try:
        ray.get(group.ready())
    finally:
        remove_placement_group(group)


def check(settings: NetworkSettings, nodes: list[dict[str, float]]) -> None:
    """Ray would wait for ever for what a cluster does not have.

    Raises
    ------
    ConfigError
        If the nodes have fewer CPUs or GPUs than the workers need.
    """
    for resource, needed in of_one(settings).items():
        _check_sum(settings, resource, needed, sum(node.get(resource, 0.0) for node in nodes))
    has_room = room(settings, nodes)
    if has_room < settings.workers:
        raise ConfigError(
            f"workers={settings.workers} of {settings.cpus_per_worker:g} CPUs each: the nodes of "
            f"the cluster have room for {has_room}. Take fewer workers, or a smaller "
            "cpus_per_worker"
        )


def check_cpus(settings: NetworkSettings, has: float) -> None:
    """The same for CPUs alone, before a cluster is started on this machine."""
    _check_sum(settings, "CPU", settings.cpus_per_worker, has)


def _check_sum(settings: NetworkSettings, resource: str, of_each: float, has: float) -> None:
    needed = settings.workers * of_each
    if needed > has:
        hint = "leave out use_gpu" if resource == "GPU" else "a smaller cpus_per_worker"
        raise ConfigError(
            f"workers={settings.workers} need {needed:g} {resource}s; the cluster has {has:g}. "
            f"Take fewer workers, or {hint}"
        )
