"""The messages between a pipeline and a container: executor input and executor output.

Kubeflow Pipelines puts a JSON text in place of `{{$}}` in a container's command: the executor
input, with parameters, input artifacts, and where outputs go. It reads back `executor_output.json`
from the path named there. Both are the messages ExecutorInput and ExecutorOutput of the pipeline
specification (kubeflow/pipelines, api/v2alpha1/pipeline_spec.proto), in protobuf's JSON form.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autofocus.errors import InputDataError
from autofocus.runs import files

# The mount points of object stores in a cluster's containers.
_MOUNTS = {"s3://": "/s3/", "minio://": "/minio/", "gs://": "/gcs/"}


@dataclass(frozen=True)
class Artifact:
    """A file or folder that goes from one component to another.

    Attributes:
        name: its name in the pipeline's records.
        uri: its address in the object store, or its path on this machine in a local run.
        metadata: the metadata recorded with it.
    """

    name: str
    uri: str
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """Its path in this container."""
        for scheme, folder in _MOUNTS.items():
            if self.uri.startswith(scheme):
                return Path(folder + self.uri.removeprefix(scheme))
        return Path(self.uri)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Artifact":
        """Read a RuntimeArtifact."""
        uri = value["uri"]
        if not isinstance(uri, str):
            raise TypeError(f"uri {uri!r}")
        return cls(value.get("name", ""), uri, value.get("metadata", {}))

    def to_json(self) -> dict[str, Any]:
        """Return it as a RuntimeArtifact."""
        return {"name": self.name, "uri": self.uri, "metadata": dict(self.metadata)}


@dataclass(frozen=True)
class ExecutorInput:
    """The request to a container.

    Attributes:
        parameters: values by name; whole numbers are of type int, however they came.
        inputs: artifacts by name; a fan-in has several.
        outputs: artifacts to make, by name.
        output_file: where the executor output goes.
    """

    parameters: Mapping[str, Any]
    inputs: Mapping[str, tuple[Artifact, ...]]
    outputs: Mapping[str, Artifact]
    output_file: Path

    @classmethod
    def parse(cls, text: str) -> "ExecutorInput":
        """Read the JSON that a pipeline puts in place of `{{$}}`.

        Raises:
            InputDataError: it is no executor input.
        """
        try:
            value = json.loads(text)
            inputs, outputs = value.get("inputs", {}), value["outputs"]
            return cls(
                {name: _whole(item) for name, item in inputs.get("parameterValues", {}).items()},
                {name: _artifacts(item) for name, item in inputs.get("artifacts", {}).items()},
                {name: _artifacts(item)[0] for name, item in outputs.get("artifacts", {}).items()},
                Path(outputs["outputFile"]),
            )
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise InputDataError(
                f"--executor_input is no executor input of a Kubeflow pipeline ({error!r}): this "
                "program is called by a pipeline, which puts it in place of {{$}}."
            ) from None


def _artifacts(value: Mapping[str, Any]) -> tuple[Artifact, ...]:
    return tuple(Artifact.from_json(item) for item in value.get("artifacts", ()))


def _whole(value: Any) -> Any:
    """Undo what protobuf's Struct does to whole numbers, which it holds as 3.0."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return value


def _finite(value: Any) -> Any:
    """Return a JSON value without the numbers that JSON doesn't have (NaN, infinity)."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items() if not _is_infinite(item)}
    if isinstance(value, list):
        return [_finite(item) for item in value if not _is_infinite(item)]
    return value


def _is_infinite(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def write_output(executor_input: ExecutorInput, metadata: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the executor output atomically.

    Args:
        executor_input: the request.
        metadata: the metadata to record with each output artifact, by its name. An output that
            isn't named here is none of the component's, and is left to the launcher. Numbers
            that are not finite are left out: the launcher reads strict JSON.
    """
    artifacts = {
        name: {"artifacts": [replace(artifact, metadata=_finite(metadata[name])).to_json()]}
        for name, artifact in executor_input.outputs.items()
        if name in metadata
    }
    final = executor_input.output_file
    files.write_json(final, {"artifacts": artifacts}, final.parent)
