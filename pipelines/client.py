"""A Kubeflow Pipelines server: what is on it, and what to create and start there.

It uses the REST API of version v2beta1, and not `kfp.Client` above it: that one waits without end
for a host that doesn't respond, takes a login page for an empty response, prints, reads and writes
a file in the home folder (with a namespace that it then uses everywhere), and waits for ever for a
run that is cancelled. Only what v2beta1 leaves out comes from older versions: the workflow behind
a run, and the logs of its tasks.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofocus.errors import SettingError, need
from pipelines.connection import ClusterError, ClusterUnreachableError, Connection
from pipelines.interface import EXTRA

UI_HOST = "KF_PIPELINES_UI_ENDPOINT"


@dataclass(frozen=True)
class Health:
    """A server's version and kind.

    Attributes:
        version: such as ``2.14.3``; empty or ``unknown`` where it isn't reported.
        multi_user: whether runs belong to namespaces.
    """

    version: str
    multi_user: bool


class Cluster:
    """A Kubeflow Pipelines server.

    Args:
        host: its address, such as ``https://kubeflow.example.org/pipeline``.
        ca_cert: the certificates to trust; by default $SSL_CERT_FILE, then those of certifi.

    Raises:
        SettingError: the address can't be one.
        MissingInputError: a file of certificates or a token isn't there.
        InputDataError: it isn't one.
    """

    def __init__(self, host: str, ca_cert: Path | None = None) -> None:
        self._connection = Connection(host, ca_cert)
        self._call = self._connection.call
        self.host = self._connection.host
        self._ui = os.environ.get(UI_HOST, "").rstrip("/") or self.host
        api: Any = need("kfp_server_api", EXTRA)
        client = self._connection.client
        self._health = api.HealthzServiceApi(client)
        self._pipelines = api.PipelineServiceApi(client)
        self._uploads = api.PipelineUploadServiceApi(client)
        self._experiments = api.ExperimentServiceApi(client)
        self._runs = api.RunServiceApi(client)

    def health(self) -> Health:
        """Return the server's version.

        Raises:
            ClusterError: it can't be used.
        """
        content = self._call(self._health.healthz_service_get_healthz)
        # The API server and the user interface in front of it have different keys.
        if not {"multi_user", "tag_name", "apiServerReady"} & set(content):
            self._connection.fail_as_something_else("JSON of another service")
        if content.get("apiServerReady") is False:
            raise ClusterUnreachableError(
                f"Kubeflow Pipelines' user interface at {self.host} responds, "
                "but the API server behind it doesn't."
            )
        version = str(content.get("tag_name") or content.get("apiServerTagName") or "")
        return Health(version, bool(content.get("multi_user")))

    def find_pipeline(self, name: str, namespace: str | None) -> str | None:
        """Return the id of the pipeline of this name, if there is one."""
        content = self._call(
            self._pipelines.pipeline_service_list_pipelines,
            filter=_named(name),
            **_within(namespace),
        )
        pipeline = _only(content, "pipelines", name)
        return None if pipeline is None else _id(pipeline, "pipeline_id")

    def create_pipeline(self, name: str, description: str, namespace: str | None) -> str:
        """Create a pipeline that has no version yet, and return its id."""
        body = {"display_name": name, "description": description, **_within(namespace)}
        content = self._call(self._pipelines.pipeline_service_create_pipeline, body)
        return _id(content, "pipeline_id")

    def find_version(self, pipeline: str, name: str) -> str | None:
        """Return the id of a pipeline's version of this name, if there is one."""
        content = self._call(
            self._pipelines.pipeline_service_list_pipeline_versions, pipeline, filter=_named(name)
        )
        version = _only(content, "pipeline_versions", name)
        return None if version is None else _id(version, "pipeline_version_id")

    def upload_version(self, pipeline: str, name: str, path: Path) -> str:
        """Upload a compiled pipeline as a version, and return its id."""
        content = self._call(
            self._uploads.upload_pipeline_version, str(path), name=name, pipelineid=pipeline
        )
        return _id(content, "pipeline_version_id")

    def find_experiment(self, name: str, namespace: str | None) -> str | None:
        """Return the id of the experiment of this name, if there is one.

        Raises:
            SettingError: it is archived.
            ClusterError: the server can't be used.
        """
        content = self._call(
            self._experiments.experiment_service_list_experiments,
            filter=_named(name),
            **_within(namespace),
        )
        experiment = _only(content, "experiments", name)
        if experiment is None:
            return None
        if experiment.get("storage_state") == "ARCHIVED":
            raise SettingError(
                f"The experiment {name} is archived: restore it in Kubeflow's user interface, "
                "or name another (--experiment)."
            )
        return _id(experiment, "experiment_id")

    def create_experiment(self, name: str, namespace: str | None) -> str:
        """Create an experiment, and return its id."""
        body = {"display_name": name, **_within(namespace)}
        content = self._call(self._experiments.experiment_service_create_experiment, body)
        return _id(content, "experiment_id")

    def create_run(
        self,
        name: str,
        experiment: str,
        pipeline: str,
        version: str,
        parameters: Mapping[str, Any],
    ) -> str:
        """Start a run of a pipeline's version, and return its id."""
        body = {
            "display_name": name,
            "experiment_id": experiment,
            "pipeline_version_reference": {
                "pipeline_id": pipeline,
                "pipeline_version_id": version,
            },
            "runtime_config": {"parameters": dict(parameters)},
        }
        return _id(self._call(self._runs.run_service_create_run, body), "run_id")

    def run(self, run: str) -> Mapping[str, Any]:
        """Return a run with its state and parameters."""
        return self._call(self._runs.run_service_get_run, run)

    def workflow_manifest(self, run: str) -> str:
        """Return the Argo workflow behind a run as JSON; empty if the server has none."""
        content = self._connection.get("/apis/v1beta1/runs/{run}", run=run)
        runtime = content.get("pipeline_runtime")
        manifest = runtime.get("workflow_manifest") if isinstance(runtime, dict) else None
        return manifest if isinstance(manifest, str) else ""

    def terminate_run(self, run: str) -> None:
        """End a run."""
        self._call(self._runs.run_service_terminate_run, run)

    def log(self, run: str, node: str) -> str:
        """Return the end of a task's log.

        Args:
            run: the run's id.
            node: the id of the task's pod node, or the name of the pod.

        Raises:
            ClusterError: the server can't be used, or has no such log.
        """
        path = "/apis/v1alpha1/runs/{run}/nodes/{node}/log"
        return self._connection.end_of_text(self.host, path, {}, run=run, node=node)

    def archived_log(self, pod: str, namespace: str, day: str) -> str:
        """Return the end of a pod's log, from the archive of logs if the pod has gone.

        Args:
            pod: the pod's name.
            namespace: the pod's namespace.
            day: when the pod was created, such as ``2026-11-26``.

        Raises:
            ClusterError: the user interface, which reads the archive, can't be used or has no
                such log.
        """
        query = {"podname": pod, "podnamespace": namespace, "createdat": day}
        return self._connection.end_of_text(self._ui, "/k8s/pod/logs", query)

    def link(self, kind: str, identifier: str) -> str:
        """Return the user interface's address of a thing, such as a run of ``runs``."""
        return f"{self._ui}/#/{kind}/details/{identifier}"


def _named(name: str) -> str:
    """Return the API's filter for things of this name."""
    predicate = {"operation": "EQUALS", "key": "display_name", "stringValue": name}
    return json.dumps({"predicates": [predicate]})


def _within(namespace: str | None) -> dict[str, str]:
    return {"namespace": namespace} if namespace else {}


def _only(content: Mapping[str, Any], what: str, name: str) -> dict[str, Any] | None:
    things: list[dict[str, Any]] = content.get(what) or []
    if len(things) > 1:
        raise ClusterError(
            f"The server has {len(things)} {what.replace('_', ' ')} that are called {name}: "
            "give one of them, or this, another name."
        )
    return things[0] if things else None


def _id(content: Mapping[str, Any], key: str) -> str:
    identifier = content.get(key)
    if not isinstance(identifier, str) or not identifier:
        raise ClusterError(
            f"The server's response has no {key}: it is not the API that is expected."
        )
    return identifier
