"""`cluster/`: valid, and agreeing with the jobs, the images and constraints.txt."""

import copy
import importlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import emodist
from tests.cluster import kuberay

ROOT = Path(__file__).parents[2]
CLUSTER = ROOT / "cluster"
MANIFESTS = sorted((CLUSTER / "kuberay").glob("*.yaml"))
PINNED = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.M))
# The actors of media jobs: one CPU each (emodist/pipelines/ray_engine.py), and this much memory
# with their decoding child (docs/speed.md, "Many files": the largest child, and the actor itself).
ACTOR_GIB = 1.0


def load(name):
    return yaml.safe_load((CLUSTER / name).read_text())


def specs(manifest):
    """The part of a manifest that describes a Ray job, whatever it is wrapped in."""
    spec = manifest["spec"]
    return spec.get("jobTemplate", spec)


def groups():
    spec = load("kuberay/raycluster.yaml")["spec"]
    return {group["groupName"]: group for group in spec["workerGroupSpecs"]}


def container(group):
    (only,) = group["template"]["spec"]["containers"]
    return only


def replaced(value, path, old, new):
    """A copy in which the key `old` at `path` is called `new`."""
    value = copy.deepcopy(value)
    place = value
    for key in path:
        place = place[key]
    place[new] = place.pop(old)
    return value


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_a_manifest_is_valid(path):
    assert kuberay.errors(yaml.safe_load(path.read_text())) == []


WORKER = ("spec", "workerGroupSpecs", 0)
POD = (*WORKER, "template", "spec")


@pytest.mark.parametrize(
    ("name", "path", "old", "new"),
    [
        ("raycluster", ("spec",), "headGroupSpec", "headGroupSpecs"),
        ("raycluster", ("spec",), "rayVersion", "rayversion"),
        ("raycluster", ("spec",), "enableInTreeAutoscaling", "enableInTreeAutoscaler"),
        ("raycluster", ("spec", "autoscalerOptions"), "idleTimeoutSeconds", "idleTimeout"),
        ("raycluster", ("spec", "authOptions"), "secretName", "secret"),
        ("raycluster", WORKER, "minReplicas", "minReplica"),
        ("raycluster", WORKER, "groupName", "name"),
        ("raycluster", WORKER, "rayStartParams", "rayStartParam"),
        ("raycluster", POD, "containers", "container"),
        ("raycluster", (*POD, "containers", 0), "volumeMounts", "volumeMount"),
        ("raycluster", (*POD, "containers", 0, "resources"), "limits", "limit"),
        ("raycluster", (*POD, "volumes", 0), "emptyDir", "emptydir"),
        ("raycluster", ("metadata",), "name", "nam"),
        ("rayjob-train", ("spec",), "entrypoint", "entryPoint"),
        ("rayjob-train", ("spec",), "clusterSelector", "clusterSelectors"),
        ("rayjob-train", ("spec",), "entrypointNumCpus", "entrypointNumCPUs"),
        ("raycronjob-featurize", ("spec",), "schedule", "cron"),
        ("raycronjob-featurize", ("spec",), "jobTemplate", "rayJobTemplate"),
        ("rayservice", ("spec",), "serveConfigV2", "serveConfig"),
        ("rayservice", ("spec",), "rayClusterConfig", "rayClusterSpec"),
        ("rayservice", ("spec",), "excludeHeadPodFromServeSvc", "excludeHeadFromServeSvc"),
        ("rayservice", ("spec", "rayClusterConfig"), "authOptions", "authOption"),
    ],
)
def test_a_typo_in_a_manifest_is_found(name, path, old, new):
    assert kuberay.errors(replaced(load(f"kuberay/{name}.yaml"), path, old, new))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spec", "autoscalerOptions", "version"), "v3"),
        (("spec", "authOptions", "mode"), "tokens"),
        (("spec", "headGroupSpec", "rayStartParams", "num-cpus"), 0),
        ((*WORKER, "minReplicas"), -1),
        ((*WORKER, "maxReplicas"), "32"),
        (("apiVersion",), "ray.io/v1alpha1"),
        (("kind",), "RayClusters"),
    ],
)
def test_a_value_that_the_operator_would_refuse_is_found(path, value):
    manifest = copy.deepcopy(load("kuberay/raycluster.yaml"))
    place = manifest
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert kuberay.errors(manifest)


def test_the_cluster_starts_from_nothing_keeps_its_head_free_and_wants_a_token():
    spec = load("kuberay/raycluster.yaml")["spec"]
    assert spec["authOptions"]["mode"] == "token"
    assert spec["autoscalerOptions"]["version"] == "v2"
    assert spec["enableInTreeAutoscaling"]
    assert spec["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    assert set(groups()) == {"cpu", "high-memory", "gpu"}
    assert all(group["minReplicas"] == 0 for group in groups().values())


@pytest.mark.parametrize("name", ["cpu", "high-memory", "gpu"])
def test_a_pod_asks_for_what_it_may_use_and_has_scratch_on_its_node(name):
    group = groups()[name]
    resources = container(group)["resources"]
    for what in ("cpu", "memory"):
        assert resources["requests"][what] == resources["limits"][what]
    # Ray counts whole CPUs, and an actor takes one.
    n_cpus = int(resources["limits"]["cpu"])
    memory_gib = int(resources["limits"]["memory"].removesuffix("Gi"))
    assert memory_gib >= n_cpus * ACTOR_GIB
    mounts = {mount["name"]: mount["mountPath"] for mount in container(group)["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in group["template"]["spec"]["volumes"]}
    assert mounts["scratch"] == "/tmp"
    assert "emptyDir" in volumes["scratch"]
    has_gpu = "nvidia.com/gpu" in resources["limits"]
    assert has_gpu == (name == "gpu")


JOBS = [path for path in MANIFESTS if path.stem.startswith(("rayjob", "raycronjob"))]


@pytest.mark.parametrize("path", JOBS, ids=lambda path: path.stem)
def test_a_job_runs_on_that_cluster_and_asks_for_what_a_group_offers(path):
    spec = specs(yaml.safe_load(path.read_text()))
    assert spec["clusterSelector"] == {
        "ray.io/cluster": load("kuberay/raycluster.yaml")["metadata"]["name"]
    }
    # Of the operator's own rules: these belong to a job that brings a cluster of its own.
    own = {"rayClusterSpec", "shutdownAfterJobFinishes", "ttlSecondsAfterFinished", "suspend"}
    assert not own & spec.keys()
    offers = groups()["high-memory" if "entrypointResources" in spec else "cpu"]
    cpus = int(container(offers)["resources"]["limits"]["cpu"])
    assert spec.get("entrypointNumCpus", 0) <= cpus
    for resource in yaml.safe_load(spec.get("entrypointResources", "{}")):
        # A string in a string: the shell of the pod takes the outer quotes off.
        given = yaml.safe_load(shlex.split(offers["rayStartParams"]["resources"])[0])
        assert resource in given


@pytest.mark.parametrize("path", JOBS, ids=lambda path: path.stem)
def test_a_jobs_command_is_one_that_emodist_understands(path, capsys):
    words = shlex.split(specs(yaml.safe_load(path.read_text()))["entrypoint"])
    assert words[0] == "emodist"
    from emodist import cli

    with pytest.raises(SystemExit) as stop:
        cli.main([*words[1:], "--help"])
    assert stop.value.code == 0
    known = capsys.readouterr().out
    for option in (word for word in words if word.startswith("--")):
        assert option in known


def test_workers_with_a_gpu_each_fit_into_the_group_that_has_them():
    words = shlex.split(load("kuberay/rayjob-train.yaml")["spec"]["entrypoint"])
    settings = dict(word.split("=") for word in words if "=" in word)
    assert settings["use_gpu"] == "true"
    offers = container(groups()["gpu"])["resources"]["limits"]
    at_once = groups()["gpu"]["maxReplicas"] * int(offers["nvidia.com/gpu"])
    assert int(settings["workers"]) <= at_once
    assert int(settings["cpus_per_worker"]) <= int(offers["cpu"])


@pytest.mark.parametrize("name", ["extract", "featurize", "predict"])
def test_a_media_job_says_how_far_the_cluster_is_to_grow(name):
    words = shlex.split(load(f"kuberay/rayjob-{name}.yaml")["spec"]["entrypoint"])
    cpus = int(container(groups()["cpu"])["resources"]["limits"]["cpu"])
    workers = int(words[words.index("--workers") + 1])
    assert cpus < workers <= cpus * groups()["cpu"]["maxReplicas"]


def test_there_is_a_job_for_each_script():
    scripts = {path.stem for path in (ROOT / "jobs").glob("*.py")}
    assert scripts <= {path.stem.removeprefix("rayjob-") for path in JOBS}


def images(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("image", "worker_image") and isinstance(inner, str):
                yield inner
            else:
                yield from images(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from images(inner)


@pytest.mark.parametrize(
    "path",
    [
        CLUSTER / "kuberay/raycluster.yaml",
        CLUSTER / "kuberay/rayservice.yaml",
        CLUSTER / "aws.yaml",
        ROOT / "docker/compose.yaml",
    ],
    ids=lambda path: path.stem,
)
def test_images_carry_the_versions_of_the_constraints_and_of_the_dockerfiles(path):
    (python,) = set(
        re.findall(
            r"^FROM python:3\.(\d+)\.\d+-slim", (ROOT / "docker/Dockerfile").read_text(), re.M
        )
    )
    tag = f"{emodist.__version__}-ray{PINNED['ray']}-py3{python}"
    found = [image for image in images(yaml.safe_load(path.read_text())) if "emodist" in image]
    assert found
    for image in found:
        assert re.fullmatch(rf".*emodist:{re.escape(tag)}(-tf(-gpu)?)?", image), image


def test_the_manifests_name_the_ray_of_the_constraints():
    assert load("kuberay/raycluster.yaml")["spec"]["rayVersion"] == PINNED["ray"]
    assert (
        load("kuberay/rayservice.yaml")["spec"]["rayClusterConfig"]["rayVersion"] == PINNED["ray"]
    )


def serve_config():
    """What KubeRay sends to Serve, through Serve's own schema."""
    from ray.serve.schema import ServeDeploySchema

    given = yaml.safe_load(load("kuberay/rayservice.yaml")["spec"]["serveConfigV2"])
    # Serve passes over what it does not know.
    assert given.keys() <= ServeDeploySchema.model_fields.keys()
    config = ServeDeploySchema.model_validate(given)
    (app,) = config.applications
    assert given["applications"][0].keys() <= type(app).model_fields.keys()
    assert given["http_options"].keys() <= type(config.http_options).model_fields.keys()
    return config, app


@pytest.mark.slow
@pytest.mark.ray
def test_serve_takes_the_config_and_builds_its_application():
    from ray.serve._private.api import call_user_app_builder_with_args_if_necessary as built

    config, app = serve_config()
    assert (config.http_options.host, config.http_options.port) == ("0.0.0.0", 8000)
    module, name = app.import_path.split(":")
    application = built(getattr(importlib.import_module(module), name), app.args)
    assert application._bound_deployment.num_replicas == app.args["replicas"]


@pytest.mark.ray
def test_replicas_have_a_cpu_each_and_memory_on_the_workers_of_the_service():
    _, app = serve_config()
    spec = load("kuberay/rayservice.yaml")["spec"]["rayClusterConfig"]
    assert spec["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    (group,) = spec["workerGroupSpecs"]
    offers = container(group)["resources"]
    assert offers["limits"]["memory"] == offers["requests"]["memory"]
    cpus, memory = int(offers["limits"]["cpu"]), int(offers["limits"]["memory"].removesuffix("Gi"))
    assert app.args["replicas"] <= cpus * group["minReplicas"]
    # A replica with TensorFlow and a network (0.99 GB measured), and two children that decode.
    assert memory >= cpus * (1.0 + 2 * ACTOR_GIB)
    assert spec["authOptions"] == load("kuberay/raycluster.yaml")["spec"]["authOptions"]
    assert {"name": "serve", "containerPort": 8000} in container(group)["ports"]
    # The only image with Ray Serve.
    text = (ROOT / "docker/Dockerfile.tensorflow").read_text()
    assert re.search(r'"\.\[[\w,]*\bserve\b[\w,]*\]"', text)
    assert all(image.endswith("-tf") for image in images(spec))


def check_launcher(given):
    """As `ray up` would."""
    from ray.autoscaler._private import util

    prepared = util.prepare_config(copy.deepcopy(given))
    util.validate_config(prepared)
    return prepared


def test_ray_takes_the_launchers_file():
    given = load("aws.yaml")
    assert set(check_launcher(given)["available_node_types"]) == set(given["available_node_types"])


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ((), "max_workers", "max_worker"),
        ((), "head_start_ray_commands", "head_start_commands"),
        (("available_node_types", "cpu"), "min_workers", "minWorkers"),
        (("docker",), "run_options", "run_option"),
    ],
)
def test_ray_finds_a_typo_in_the_launchers_file(path, old, new):
    with pytest.raises(Exception, match=r"not allowed|not valid"):
        check_launcher(replaced(load("aws.yaml"), path, old, new))


def test_workers_of_the_launcher_are_spot_and_its_head_is_not():
    types = load("aws.yaml")["available_node_types"]
    spot = {name for name, kind in types.items() if "InstanceMarketOptions" in kind["node_config"]}
    assert spot == {"cpu", "gpu"}
    assert types["head"]["resources"] == {"CPU": 0}


def test_the_script_for_hosts_is_sound_shell():
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run(
        [shellcheck, CLUSTER / "by-hand.sh"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert os.access(CLUSTER / "by-hand.sh", os.X_OK)
