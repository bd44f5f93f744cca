"""What is taken from parts of Ray that it does not promise to keep; nobody else imports those.

Each stands here because Ray has no public way to learn it (2.60 to 2.63):

- why workers of a training did not start: `ray.train.ControllerError` is public, and the errors
  that it carries are not. Without them a node that is gone would look like a mistake in the
  program;
- whether something scales the cluster, and so whether it is worth waiting for more of it;
- whether a cluster takes this process's token: `ray.init` waits for minutes and does not say.

`tests/pipelines/test_ray_private.py` fails where a version of Ray has moved one of them.
"""

import json

import ray
from ray._raylet import GcsClient  # type: ignore[attr-defined]
from ray.autoscaler.v2.utils import is_autoscaler_v2
from ray.experimental.internal_kv import _internal_kv_get

from emodist.errors import EmodistError

# Where errors of Ray keep the error that they are about.
CAUSES = ("controller_failure", "health_check_failure", "cause", "__cause__", "_base_exc")


def causes(error: BaseException) -> list[BaseException]:
    """An error of Ray, and the errors that it is about, outermost first."""
    known = [error]
    for outer in known:
        inner = [*(getattr(outer, "worker_failures", None) or {}).values()]
        inner += [getattr(outer, name, None) for name in CAUSES]
        known += [e for e in inner if isinstance(e, BaseException) and e not in known]
    return known


def cause(error: BaseException) -> BaseException:
    """The error of emodist inside an error of Ray; that one itself if there is none."""
    return next((inner for inner in causes(error) if isinstance(inner, EmodistError)), error)


def is_of_train(error: BaseException) -> bool:
    """Whether Ray Train itself speaks, and not a program that ran in it."""
    from ray.train.v2._internal.exceptions import RayTrainError

    return isinstance(error, RayTrainError)


def lacks_room(error: BaseException) -> bool:
    """Whether workers did not start, though none was lost."""
    from ray.train.v2._internal.exceptions import (
        InsufficientClusterResourcesError,
        WorkerGroupStartupFailedError,
        WorkerGroupStartupTimeoutError,
    )

    return isinstance(
        error,
        InsufficientClusterResourcesError
        | WorkerGroupStartupFailedError
        | WorkerGroupStartupTimeoutError,
    )


def may_grow() -> bool:
    """Whether something scales the cluster that this process has joined.

    Ray does not tell how far.
    """
    if is_autoscaler_v2(fetch_from_server=True):
        return True
    status = json.loads(_internal_kv_get("__autoscaling_status") or b"{}")
    types = (status.get("autoscaler_report") or {}).get("node_type_mapping") or {}
    # Where nothing scales the cluster, Ray makes up a type for each node.
    return any(name != f"node_{node}" for node, name in types.items())


def takes_token(address: str) -> bool:
    """Whether the cluster at HOST:PORT lets this process in; true where it does not say."""
    try:
        GcsClient(address=address)
    except ray.exceptions.AuthenticationError:
        return False
    except ray.exceptions.RpcError:
        return True
    return True
