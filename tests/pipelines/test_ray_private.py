"""The parts of Ray that it may move: whoever lets a new version in, sees here what to mend."""

import importlib
import inspect
import itertools
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import emodist
from emodist.errors import EmodistError, OutputError

ray = pytest.importorskip("ray")
train = pytest.importorskip("ray.train")
PACKAGE = Path(emodist.__file__).parent
PRIVATE = re.compile(r"(?:from|import) (ray\.(?:\S*\b_|experimental|autoscaler|train\.v2)\S*)")
USED = (
    ("ray._raylet", "GcsClient"),
    ("ray.autoscaler.v2.utils", "is_autoscaler_v2"),
    ("ray.experimental.internal_kv", "_internal_kv_get"),
    ("ray.train.v2._internal.exceptions", "RayTrainError"),
    ("ray.train.v2._internal.exceptions", "InsufficientClusterResourcesError"),
    ("ray.train.v2._internal.exceptions", "WorkerGroupStartupFailedError"),
    ("ray.train.v2._internal.exceptions", "WorkerGroupStartupTimeoutError"),
)


@pytest.mark.parametrize(("module", "name"), USED)
def test_ray_still_has_what_it_does_not_promise(module, name):
    try:
        getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        pytest.fail(
            f"Ray {ray.__version__} has no {module}.{name} any more: mend "
            "emodist/pipelines/ray_private.py before pyproject.toml lets this version in"
        )


def test_the_versions_that_are_let_in_are_those_that_were_looked_at():
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]
    more = project["optional-dependencies"].values()
    needs = map(Requirement, itertools.chain(project["dependencies"], *more))
    assert {str(need.specifier) for need in needs if need.name == "ray"} == {"<2.64,>=2.60"}
    assert "(2.60 to 2.63)" in (PACKAGE / "pipelines" / "ray_private.py").read_text()


def test_nobody_else_imports_private_parts_of_ray():
    others = {
        str(file.relative_to(PACKAGE)): PRIVATE.findall(file.read_text())
        for file in PACKAGE.rglob("*.py")
        if file.name != "ray_private.py"
    }
    assert {file: names for file, names in others.items() if names} == {}
    assert len(PRIVATE.findall((PACKAGE / "pipelines" / "ray_private.py").read_text())) == 5


def test_errors_of_ray_keep_their_causes_where_they_are_looked_for():
    from emodist.pipelines import ray_private

    full = OutputError("no space left")
    of_worker = train.WorkerGroupError("rank 1 died", {1: full})
    assert ray_private.causes(of_worker) == [of_worker, full]
    assert ray_private.cause(of_worker) is full
    of_task = ray.exceptions.RayTaskError("f", "traceback", full)
    assert ray_private.cause(of_task) is full
    of_controller = train.ControllerError(of_worker)
    assert ray_private.cause(of_controller) is full
    chained = ValueError("outer")
    chained.__cause__ = full
    assert ray_private.cause(chained) is full


def test_an_error_without_one_of_emodist_is_its_own_cause():
    from emodist.pipelines import ray_private

    died = ray.exceptions.RayActorError(error_msg="its node has died")
    assert ray_private.cause(died) is died
    assert not isinstance(ray_private.cause(died), EmodistError)


def test_workers_that_did_not_start_are_told_from_workers_that_were_lost():
    from emodist.pipelines import ray_private

    exceptions = importlib.import_module("ray.train.v2._internal.exceptions")
    no_place = exceptions.WorkerGroupStartupTimeoutError(4)
    assert ray_private.lacks_room(no_place)
    assert any(map(ray_private.lacks_room, ray_private.causes(train.ControllerError(no_place))))
    assert ray_private.is_of_train(no_place)
    lost = train.WorkerGroupError("rank 1 died", {1: ZeroDivisionError("here")})
    assert not any(map(ray_private.lacks_room, ray_private.causes(lost)))
    assert not ray_private.is_of_train(ZeroDivisionError("here"))


def test_a_training_can_be_told_not_to_start_its_controller_again():
    assert "controller_failure_limit" in inspect.signature(train.FailureConfig).parameters
