"""A strict schema of KubeRay's objects: what is not in it is a typo.

Written after the API reference of KubeRay 1.6.2 (docs/reference/api.md of ray-project/kuberay at
0a9eabde, Apache 2.0): all of its fields but those that it calls deprecated. Pods and services are
those of Kubernetes, from the package kubernetes-validate, in its strict form too. The operator has
rules that no schema says; those that touch our files are in `test_manifests.py`.
"""

import functools
import importlib.resources
import json
from typing import Any

import jsonschema
from referencing import Registry, Resource

KUBERNETES = "kubernetes-json-schema/v1.33.0-local-strict/_definitions.json"
CORE = "https://kubernetes.io/api/_definitions.json#/$defs/io.k8s.api.core.v1."
META = "https://kubernetes.io/api/_definitions.json#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1."

TEXT = {"type": "string"}
BOOLEAN = {"type": "boolean"}
COUNT = {"type": "integer", "minimum": 0}
NUMBER = {"type": "number", "minimum": 0}
TEXTS = {"type": "object", "additionalProperties": TEXT}


def ref(base: str, name: str) -> dict[str, str]:
    return {"$ref": f"{base}{name}"}


def one_of(*values: str) -> dict[str, Any]:
    return {"enum": list(values)}


def list_of(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


def fields(*required: str, **properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


POD = ref(CORE, "PodTemplateSpec")
CLUSTER = fields(
    "headGroupSpec",
    upgradeStrategy=fields(type=one_of("Recreate", "None")),
    authOptions=fields(
        enableK8sTokenAuth=BOOLEAN, secretName=TEXT, mode=one_of("disabled", "token")
    ),
    suspend=BOOLEAN,
    managedBy=TEXT,
    autoscalerOptions=fields(
        resources=ref(CORE, "ResourceRequirements"),
        image=TEXT,
        imagePullPolicy=TEXT,
        securityContext=ref(CORE, "SecurityContext"),
        idleTimeoutSeconds=COUNT,
        upscalingMode=one_of("Default", "Aggressive", "Conservative"),
        version=one_of("v1", "v2"),
        env=list_of(ref(CORE, "EnvVar")),
        envFrom=list_of(ref(CORE, "EnvFromSource")),
        volumeMounts=list_of(ref(CORE, "VolumeMount")),
    ),
    headServiceAnnotations=TEXTS,
    enableInTreeAutoscaling=BOOLEAN,
    gcsFaultToleranceOptions=fields(
        "redisAddress",
        redisUsername=fields(valueFrom=ref(CORE, "EnvVarSource"), value=TEXT),
        redisPassword=fields(valueFrom=ref(CORE, "EnvVarSource"), value=TEXT),
        externalStorageNamespace=TEXT,
        redisAddress=TEXT,
    ),
    headGroupSpec=fields(
        "template",
        template=POD,
        headService=ref(CORE, "Service"),
        enableIngress=BOOLEAN,
        resources=TEXTS,
        labels=TEXTS,
        rayStartParams=TEXTS,
        serviceType=TEXT,
    ),
    rayVersion=TEXT,
    workerGroupSpecs=list_of(
        fields(
            "groupName",
            "template",
            suspend=BOOLEAN,
            groupName=TEXT,
            replicas=COUNT,
            minReplicas=COUNT,
            maxReplicas=COUNT,
            idleTimeoutSeconds=COUNT,
            resources=TEXTS,
            labels=TEXTS,
            rayStartParams=TEXTS,
            template=POD,
            scaleStrategy=fields(workersToDelete=list_of(TEXT)),
            numOfHosts=COUNT,
        )
    ),
)
JOB = fields(
    activeDeadlineSeconds=COUNT,
    backoffLimit=COUNT,
    rayClusterSpec=CLUSTER,
    submitterPodTemplate=POD,
    metadata=TEXTS,
    clusterSelector=TEXTS,
    submitterConfig=fields(backoffLimit=COUNT),
    managedBy=TEXT,
    deletionStrategy=fields(
        deletionRules=list_of(
            fields(
                "policy",
                "condition",
                policy=one_of("DeleteCluster", "DeleteWorkers", "DeleteSelf", "DeleteNone"),
                condition=fields(jobStatus=TEXT, jobDeploymentStatus=TEXT, ttlSeconds=COUNT),
            )
        )
    ),
    entrypoint=TEXT,
    runtimeEnvYAML=TEXT,
    jobId=TEXT,
    submissionMode=one_of("K8sJobMode", "HTTPMode", "InteractiveMode", "SidecarMode"),
    entrypointResources=TEXT,
    entrypointNumCpus=NUMBER,
    entrypointNumGpus=NUMBER,
    ttlSecondsAfterFinished=COUNT,
    preRunningDeadlineSeconds={"type": "integer", "minimum": 1},
    shutdownAfterJobFinishes=BOOLEAN,
    suspend=BOOLEAN,
)
CRON_JOB = fields("jobTemplate", "schedule", jobTemplate=JOB, schedule=TEXT, suspend=BOOLEAN)
SERVICE = fields(
    rayClusterDeletionDelaySeconds=COUNT,
    serveService=ref(CORE, "Service"),
    upgradeStrategy=fields(
        type=one_of("NewClusterWithIncrementalUpgrade", "NewCluster", "None"),
        clusterUpgradeOptions=fields(
            maxSurgePercent=COUNT,
            stepSizePercent=COUNT,
            intervalSeconds=COUNT,
            gatewayClassName=TEXT,
        ),
    ),
    managedBy=TEXT,
    serveConfigV2=TEXT,
    rayClusterConfig=CLUSTER,
    excludeHeadPodFromServeSvc=BOOLEAN,
)
KINDS = {"RayCluster": CLUSTER, "RayJob": JOB, "RayCronJob": CRON_JOB, "RayService": SERVICE}


@functools.cache
def _kubernetes() -> Registry:
    file = importlib.resources.files("kubernetes_validate") / KUBERNETES
    definitions: Any = Resource.from_contents(json.loads(file.read_text()))
    return definitions @ Registry()


def errors(manifest: dict[str, Any]) -> list[str]:
    """What is wrong with an object of KubeRay, one line each."""
    kind = manifest.get("kind")
    if kind not in KINDS:
        return [f"kind is {kind!r}, not one of {', '.join(KINDS)}"]
    whole = fields(
        *("apiVersion", "kind", "metadata", "spec"),
        apiVersion={"const": "ray.io/v1"},
        kind={"const": kind},
        metadata=ref(META, "ObjectMeta"),
        spec=KINDS[kind],
    )
    validator = jsonschema.Draft202012Validator(whole, registry=_kubernetes())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(manifest)]
