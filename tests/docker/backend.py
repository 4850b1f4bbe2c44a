"""Calling components in their images as a cluster does: with the launcher's executor inputs.

The forms are those of Kubeflow Pipelines 2.17: artifacts by `s3://` addresses, whose files lie
below `/s3`, with what the server adds to each; an output `executor-logs` that no component
declares; the sizes of the task among its parameters; numbers in floating point.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from autofocus.containers.task import measure
from tests.components.calling import OUTPUTS
from tests.docker.running import ENTRY, command, run

ROOT = "s3://artifacts/v2/autofocus-train"
PARAMS = {
    "endpoint": "store.example.org:8333",
    "region": "us-east-1",
    "disableSSL": "true",
    "forcePathStyle": "true",
    "fromEnv": "false",
    "maxRetries": "5",
    "secretName": "artifact-store",
    "accessKeyKey": "accesskey",
    "secretKeyKey": "secretkey",
}
Artifact = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """A task, as the driver makes it: the same for every attempt.

    Attributes:
        place: the address of the folder of its outputs.
        outputs: the outputs in the executor input.
        message: the executor input, as JSON.
    """

    place: str
    outputs: Mapping[str, Any]
    message: str


@dataclass
class Backend:
    """A run on a cluster, one task after the other.

    Attributes:
        folder: what the containers see as `/s3`.
        options: how all containers are started, see `tests.docker.running.command`.
    """

    folder: Path
    options: Mapping[str, Any]
    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    _ids: "count[int]" = field(default_factory=lambda: count(880))

    def call(
        self,
        component: str,
        image: str,
        parameters: Mapping[str, Any],
        words: Sequence[str] = ENTRY,
        **inputs: Sequence[Artifact],
    ) -> dict[str, Artifact]:
        """Run a component, and return its output artifacts as the next task is given them.

        Args:
            component: its name.
            image: its image.
            parameters: what the pipeline gives; empty lists and mappings don't arrive.
            words: the command, up to the executor input.
            inputs: artifacts by name; lists as they come.
        """
        task = self.task(component, parameters, **inputs)
        done = run(image, *words, task.message, **self._started())
        assert done.returncode == 0, done.stderr
        assert "unknown parameter" not in done.stderr
        return self.recorded(task)

    def task(
        self, component: str, parameters: Mapping[str, Any], **inputs: Sequence[Artifact]
    ) -> "Task":
        """Return a task as the driver makes it, for one attempt or several; see `call`."""
        place = f"{ROOT}/{self.run_id}/{component}/{uuid.uuid4()}"
        outputs = {name: self._output(place, name) for name in OUTPUTS[component]}
        message = {
            "inputs": {
                "parameterValues": _parameters(component, parameters),
                "artifacts": {name: {"artifacts": list(given)} for name, given in inputs.items()},
            },
            "outputs": {
                "artifacts": outputs | {"executor-logs": self._output(place, "executor-logs")},
                "outputFile": f"{place.replace('s3://', '/s3/')}/output_metadata.json",
            },
        }
        return Task(place, outputs, json.dumps(message))

    def command(
        self, task: "Task", image: str, name: str, words: Sequence[str] = ENTRY
    ) -> list[str]:
        """Return a command line that makes an attempt at a task, in a container of that name."""
        more = self._started()
        return command(
            image,
            [*words, task.message],
            **{**more, "options": [*more["options"], f"--name={name}"]},
        )

    def _started(self) -> dict[str, Any]:
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o777)
        options = [*self.options["options"], f"--volume={self.folder}:/s3"]
        return {**self.options, "options": options}

    def path(self, artifact: Artifact) -> Path:
        """Return where an artifact lies on this machine."""
        uri: str = artifact["uri"]
        return self.folder / uri.removeprefix("s3://")

    def _session(self) -> dict[str, Any]:
        """Return how the launcher reaches the store of the artifacts, which is the tests' own."""
        endpoint = self.options.get("environment", {}).get("AWS_ENDPOINT_URL", "")
        host = endpoint.partition("://")[2]
        return {"Provider": "s3", "Params": PARAMS | ({"endpoint": host} if host else {})}

    def _output(self, place: str, name: str) -> dict[str, Any]:
        kind = {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"}
        return {"artifacts": [{"name": name, "type": kind, "uri": f"{place}/{name}"}]}

    def recorded(self, task: "Task") -> dict[str, Artifact]:
        """Read the executor output as the launcher does, and complete it as the server does."""
        place, outputs = task.place, task.outputs
        path = self.folder / place.removeprefix("s3://") / "output_metadata.json"
        written = json.loads(path.read_text(), parse_constant=pytest.fail)
        assert set(written) == {"artifacts"}
        assert set(written["artifacts"]) == set(outputs)
        made = {}
        for name, each in written["artifacts"].items():
            (artifact,) = each["artifacts"]
            assert artifact["uri"] == f"{place}/{name}"
            # Metrics have figures in its place.
            if "sha256" in artifact["metadata"]:
                assert measure(self.path(artifact)).sha256 == artifact["metadata"]["sha256"]
            assert self.path(artifact).exists()
            made[name] = {
                "name": str(next(self._ids)),
                "type": {"instanceSchema": ""},
                "uri": artifact["uri"],
                "metadata": _doubles(artifact["metadata"])
                | {"display_name": name, "store_session_info": json.dumps(self._session())},
            }
        return made


def _parameters(component: str, given: Mapping[str, Any]) -> dict[str, Any]:
    names = ("cpu", "cpu_request", "memory", "memory_request")
    sizes = {f"pipelinechannel--{component}_{name}": "1" for name in names}
    arrive = {name: value for name, value in given.items() if value not in ([], {})}
    return _doubles(arrive | sizes | {"cpu_limit": "1", "memory_limit": "1Gi"})


def _doubles(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: float(value) if type(value) is int else value for name, value in values.items()}
