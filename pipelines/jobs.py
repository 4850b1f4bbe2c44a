"""What a submission puts on a cluster: a pipeline, its version, an experiment, and a run of it."""

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofocus.options.settings import require
from pipelines.cluster import Cluster
from pipelines.interface import PipelineInterface
from pipelines.versions import check_versions
from pipelines.workflow import shorten


@dataclass(frozen=True)
class Job:
    """What is to be on the cluster.

    Attributes:
        interface: the interface of the pipeline.
        content: the content of its version.
        names: the names by kind: of the pipeline, its version, the experiment and the run.
        namespace: the namespace, if it has any.
        parameters: the values that the run is started with.
    """

    interface: PipelineInterface
    content: bytes
    names: Mapping[str, str]
    namespace: Mapping[str, str]
    parameters: Mapping[str, Any]

    def body(self, ids: Mapping[str, str]) -> dict[str, Any]:
        """Return what a run and a recurring run are created from.

        Args:
            ids: as `upload` returns them.
        """
        return {
            "display_name": self.names["run"],
            "experiment_id": ids["experiment"],
            "pipeline_version_reference": {
                "pipeline_id": ids["pipeline"],
                "pipeline_version_id": ids["version"],
            },
            "runtime_config": {"parameters": dict(self.parameters)},
        }


def note(sentence: str) -> None:
    """Print a remark on standard error."""
    print(f"note: {sentence}", file=sys.stderr)


def check_server(cluster: Cluster, sdk_version: str, *, has_namespace: bool) -> None:
    """Check that the server fits a pipeline, and whether it has namespaces.

    Args:
        cluster: the server.
        sdk_version: the version of kfp that compiled the pipeline; empty for any.
        has_namespace: whether a namespace was given.

    Raises:
        SettingError: a namespace is missing, or there are none.
        ClusterError: the server can't be used.
    """
    version, multi_user = cluster.health()
    if remark := check_versions(sdk_version, version, cluster.host):
        note(remark)
    require(
        has_namespace or not multi_user,
        f"{cluster.host} serves several users: give your namespace (--namespace).",
    )
    require(
        not has_namespace or multi_user,
        f"{cluster.host} serves a single user and has no namespaces: leave --namespace out.",
    )


def find_existing(cluster: Cluster, job: Job) -> dict[str, str | None]:
    """Return the ids of what is on the cluster already, by kind."""
    names = job.names
    pipeline = cluster.find("pipeline", names["pipeline"], **job.namespace)
    version = pipeline and cluster.find("pipeline_version", names["version"], pipeline)
    experiment = cluster.find("experiment", names["experiment"], **job.namespace)
    return {"pipeline": pipeline, "version": version, "experiment": experiment}


def describe_plan(job: Job, existing: Mapping[str, str | None], run: str) -> str:
    """Return what would be created.

    Args:
        job: what is to be on the cluster.
        existing: the ids of what is there, by kind.
        run: the line about the run.
    """
    lines = [
        f"{kind} {job.names[kind]}: {'exists' if identifier else 'would be created'}"
        for kind, identifier in existing.items()
    ]
    parameters = [f"  {name}: {shorten(repr(value))}" for name, value in job.parameters.items()]
    heading = "parameters other than the pipeline's defaults:"
    return "\n".join([*lines, run, heading, *parameters])


def upload(cluster: Cluster, job: Job, existing: Mapping[str, str | None]) -> dict[str, str]:
    """Create pipeline, version and experiment, as far as they aren't there yet.

    Args:
        cluster: the server.
        job: what is to be on it.
        existing: the ids of what is there, by kind.

    Returns:
        The ids by kind.
    """
    names = job.names
    pipeline = existing["pipeline"] or cluster.create(
        "pipeline",
        display_name=names["pipeline"],
        description=job.interface.description,
        **job.namespace,
    )
    version = existing["version"] or _upload(cluster, job, pipeline)
    print(
        f"version {names['version']}: {'exists' if existing['version'] else 'uploaded'}: "
        f"{cluster.link('pipelines', pipeline)}/version/{version}",
        flush=True,
    )
    experiment = existing["experiment"] or cluster.create(
        "experiment", display_name=names["experiment"], **job.namespace
    )
    return {"pipeline": pipeline, "version": version, "experiment": experiment}


def _upload(cluster: Cluster, job: Job, pipeline: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        # The server looks at the file's name to see that it is YAML.
        path = Path(folder) / "pipeline.yaml"
        path.write_bytes(job.content)
        return cluster.upload_version(pipeline, job.names["version"], path)
