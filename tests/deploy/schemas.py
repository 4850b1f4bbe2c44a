"""The schemas of Kubernetes 1.34, and of KServe's objects on top of them.

Kubernetes' schemas come from its own OpenAPI description, in the package kubernetes-validate; in
their strict form they know no further fields. KServe's objects consist of Kubernetes' own, such as
the specification of a pod, and of the fields below.

Reference: KServe 0.21, ``serving.kserve.io_inferenceservices.yaml`` and ``_servingruntimes.yaml``.
"""

import copy
import json
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema
import kubernetes_validate
from referencing import Registry, Resource

VERSION = "1.34"
_FOLDER = files("kubernetes_validate") / f"kubernetes-json-schema/v{VERSION}.0-local-strict"
_TEXT, _WHOLE, _TRUTH = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
_TEXTS = {"type": "array", "items": _TEXT}
_PAIRS = {"type": "object", "additionalProperties": _TEXT}
_FORMAT: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": _TEXT, "version": _TEXT},
    "additionalProperties": False,
}
_MODEL = {
    "modelFormat": _FORMAT,
    "protocolVersion": _TEXT,
    "runtime": _TEXT,
    "runtimeVersion": _TEXT,
    "storageUri": _TEXT,
}
_PREDICTOR = {
    "annotations": _PAIRS,
    "canaryTrafficPercent": _WHOLE,
    "containerConcurrency": _WHOLE,
    "labels": _PAIRS,
    "maxReplicas": _WHOLE,
    "minReplicas": _WHOLE,
    "scaleMetric": {"enum": ["cpu", "memory", "concurrency", "rps"]},
    "scaleTarget": _WHOLE,
    "timeout": _WHOLE,
}
_RUNTIME = {
    "annotations": _PAIRS,
    "disabled": _TRUTH,
    "labels": _PAIRS,
    "multiModel": _TRUTH,
    "protocolVersions": _TEXTS,
    "supportedModelFormats": {
        "type": "array",
        "items": {
            **_FORMAT,
            "properties": {**_FORMAT["properties"], "autoSelect": _TRUTH, "priority": _WHOLE},
        },
    },
}
# Those of a pod that a runtime has as well.
_OF_A_POD = (
    "affinity",
    "containers",
    "imagePullSecrets",
    "nodeSelector",
    "tolerations",
    "volumes",
)


def check(manifest: dict[str, Any]) -> None:
    """Check an object against the schema of its kind.

    Raises:
        jsonschema.ValidationError: it has another form.
        KeyError: the kind is unknown.
    """
    group = manifest["apiVersion"].partition("/")[0]
    if group == "serving.kserve.io":
        schema = _KSERVE[manifest["apiVersion"], manifest["kind"]]()
        jsonschema.Draft202012Validator(schema, registry=_registry()).validate(manifest)
    else:
        kubernetes_validate.validate(manifest, VERSION, strict=True)


def _inference_service() -> dict[str, Any]:
    container, pod = _schema("container-v1"), _schema("podspec-v1")
    # KServe names the container, and takes the model in the place of the pod's containers.
    model = _closed({**container["properties"], **_MODEL}, ["modelFormat"])
    predictor = _closed({**pod["properties"], **_PREDICTOR, "model": model})
    return _object(_closed({"predictor": predictor}, ["predictor"]))


def _serving_runtime() -> dict[str, Any]:
    pod = _schema("podspec-v1")["properties"]
    of_pod = {name: pod[name] for name in _OF_A_POD}
    return _object(_closed({**of_pod, **_RUNTIME}, ["containers"]))


_KSERVE = {
    ("serving.kserve.io/v1beta1", "InferenceService"): _inference_service,
    ("serving.kserve.io/v1alpha1", "ServingRuntime"): _serving_runtime,
}


def _object(spec: dict[str, Any]) -> dict[str, Any]:
    metadata = _schema("configmap-v1")["properties"]["metadata"]
    properties = {"apiVersion": _TEXT, "kind": _TEXT, "metadata": metadata, "spec": spec}
    schema = _closed(properties, ["apiVersion", "kind", "metadata", "spec"])
    # References in Kubernetes' schemas count from here.
    return {**schema, "$id": _definitions()["$id"].replace("_definitions", "kserve")}


def _closed(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required or [],
        "additionalProperties": False,
    }


@cache
def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text("utf-8"))
    return content


def _schema(name: str) -> dict[str, Any]:
    return copy.deepcopy(_read(name))


def _definitions() -> dict[str, Any]:
    return _read("_definitions")


def _registry() -> "Registry[Any]":
    resource: Resource[Any] = Resource.from_contents(_definitions())
    return resource @ Registry()
