"""Sending a compiled pipeline to a cluster, starting a run of it, and following or ending a run.

    python -m pipelines.submit --host URL --pipeline build/pipelines/train.yaml --params run.yaml
    python -m pipelines.submit --host URL --follow RUN
    python -m pipelines.submit --host URL --cancel RUN

Everything that can be wrong is checked before anything is created. A pipeline's version is named
after a digest of its YAML, so that the same content is uploaded once.
"""

import hashlib
import re
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from autofocus import interrupts
from autofocus.errors import SettingError
from autofocus.options.command import Argument
from autofocus.options.settings import Kind, option, require, require_not_negative, shown
from pipelines import manifest
from pipelines.checks import check_values
from pipelines.cluster import Cluster
from pipelines.command import ModuleCommand
from pipelines.follow import FollowSettings, command_line, follow_run
from pipelines.interface import ParameterValue, PipelineInterface, load_documents, read_interface
from pipelines.parameters import gather
from pipelines.variants import content_to_upload
from pipelines.versions import check_versions
from pipelines.workflow import shorten

DIGEST_LENGTH = 12


@dataclass(frozen=True)
class SubmitSettings(FollowSettings):
    """The names of things on the cluster, and what to do with a run."""

    set: tuple[str, ...] = option(
        (), "parameters, which prevail over those of --params", metavar="NAME=VALUE"
    )
    pipeline_name: str | None = option(
        None, "the pipeline's name on the cluster; by default as it was compiled", metavar="NAME"
    )
    experiment: str = option("autofocus", "the experiment that the run belongs to", metavar="NAME")
    run_name: str | None = option(
        None, "the run's name; by default the pipeline's and the time", metavar="NAME"
    )
    namespace: str | None = option(
        None, "your namespace, where the cluster serves several users", metavar="NAME"
    )
    cache: bool = option(True, "reuse the results of earlier runs, where the pipeline allows it")
    manifest_from: str | None = option(
        None,
        "reuse the downloads of an earlier run, by its id or link, where the bucket can't be "
        "listed from here",
        metavar="RUN",
    )
    parallelism: int = option(
        0, "maximum number of shards at the same time (0: no limit)", metavar="N"
    )
    wait: bool = option(False, "follow the run until it ends, and fail if it does")
    dry_run: bool = option(False, "check everything and print the plan, but create nothing")
    follow: str | None = option(
        None, "follow this run, by its id or link, in place of starting one", metavar="RUN"
    )
    cancel: str | None = option(
        None, "end this run, by its id or link, in place of starting one", metavar="RUN"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        require_not_negative(self, "parallelism")
        for name in ("pipeline_name", "experiment", "run_name", "namespace"):
            value = getattr(self, name)
            require(value is None or bool(value.strip()), f"{name} must not be empty.")
        require(
            self.follow is None or self.cancel is None,
            "Give either --follow or --cancel, not both.",
        )


@dataclass(frozen=True)
class _Job:
    """What is to be on the cluster: names by kind, and the namespace if it has any."""

    interface: PipelineInterface
    content: bytes
    names: Mapping[str, str]
    namespace: Mapping[str, str]
    parameters: Mapping[str, Any]


def submit(host: str, pipeline: Path | None, params: Path | None, settings: SubmitSettings) -> str:
    """Upload a compiled pipeline and start a run of it; or follow or end a run.

    Args:
        host: the Kubeflow Pipelines server's address.
        pipeline: the compiled pipeline; None to follow or end a run.
        params: a parameter file, of the form that `autofocus run` takes.
        settings: names, and whether to wait.

    Returns:
        What to print.

    Raises:
        SettingError: a parameter is unknown or missing, or a stage would reject it; or the options
            don't go together.
        InputDataError: a file can't be read.
        MissingInputError: a file isn't there.
        ClusterError: the server can't be used.
        RunError: the run that was waited for failed, was cancelled or didn't end in time.
    """
    _check_use(pipeline, params, settings)
    cluster = Cluster(host, settings.ca_cert, settings.allow_http)
    if settings.cancel is not None:
        run = _run_id(settings.cancel)
        cluster.terminate_run(run)
        return f"The run is being cancelled: {cluster.link('runs', run)}"
    if settings.follow is not None:
        return follow_run(cluster, _run_id(settings.follow), settings)
    if pipeline is None:
        raise SettingError(
            "Give the compiled pipeline (--pipeline), or a run to follow or end (--follow, "
            "--cancel)."
        )
    job = _job(cluster, pipeline, params, settings)
    _check_server(cluster, job)
    existing = _find_existing(cluster, job)
    if settings.dry_run:
        return _plan(job, existing)
    with interrupts.unwinding(
        f"error: stopped; look for a new run at {cluster.host} before you submit again."
    ):
        run = _start(cluster, job, existing)
    if settings.wait:
        return follow_run(cluster, run, settings)
    return f"follow it: {command_line(cluster.host, settings)} --follow {run}"


def _check_use(pipeline: Path | None, params: Path | None, settings: SubmitSettings) -> None:
    """Check that what starts a run isn't given together with a run."""
    starts = {
        "--pipeline": pipeline is not None,
        "--params": params is not None,
        "--set": bool(settings.set),
        "--dry-run": settings.dry_run,
    }
    for name, run in {"--follow": settings.follow, "--cancel": settings.cancel}.items():
        for start, is_given in starts.items():
            require(
                run is None or not is_given,
                f"{name} takes a run that was started before: leave {start} out.",
            )


def _run_id(text: str) -> str:
    """Return the id of a run that is given by its id or its link."""
    identifier = text.strip().rpartition("details/")[2].partition("?")[0].rstrip("/")
    if not re.fullmatch(r"[\w.-]+", identifier, re.ASCII):
        raise SettingError(f"Give a run by its id or its link, not as {shown(text)}.")
    return identifier


def _job(cluster: Cluster, path: Path, params: Path | None, settings: SubmitSettings) -> _Job:
    interface, documents = read_interface(path), load_documents(path)
    gathered = gather(params, settings.set, interface)
    for section in gathered.left_out:
        _note(f"{params}: the section {section} is left out: {interface.name} has no such stage.")
    # Before the bucket is listed and before the first request to the server.
    complete = manifest.with_placeholder(interface, gathered.values)
    parameters = check_values(documents, interface, complete)
    content = content_to_upload(
        path, documents, cache=settings.cache, parallelism=settings.parallelism
    )
    if digest := _manifest(cluster, interface, gathered.values, settings):
        parameters[manifest.MANIFEST] = digest.value
    name = settings.pipeline_name or interface.name
    names = {
        "pipeline": name,
        "version": f"{name}-{hashlib.sha256(content).hexdigest()[:DIGEST_LENGTH]}",
        "experiment": settings.experiment,
        "run": settings.run_name or f"{name} {datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S}",
    }
    namespace = {"namespace": settings.namespace} if settings.namespace else {}
    return _Job(interface, content, names, namespace, parameters)


def _manifest(
    cluster: Cluster,
    interface: PipelineInterface,
    values: Mapping[str, ParameterValue],
    settings: SubmitSettings,
) -> ParameterValue | None:
    """Return the manifest, where the pipeline takes one that wasn't given."""
    if settings.manifest_from is not None:
        manifest.check_manifest_from(interface, values)
        run = _run_id(settings.manifest_from)
        earlier = (cluster.run(run).get("runtime_config") or {}).get("parameters") or {}
        return manifest.manifest_of_run(run, earlier, interface, values)
    digest, warning = manifest.manifest_or_placeholder(interface, values)
    if warning is not None:
        _note(warning)
    return digest


def _check_server(cluster: Cluster, job: _Job) -> None:
    version, multi_user = cluster.health()
    if note := check_versions(job.interface.sdk_version, version, cluster.host):
        _note(note)
    require(
        bool(job.namespace) or not multi_user,
        f"{cluster.host} serves several users: give your namespace (--namespace).",
    )
    require(
        not job.namespace or multi_user,
        f"{cluster.host} serves a single user and has no namespaces: leave --namespace out.",
    )


def _find_existing(cluster: Cluster, job: _Job) -> dict[str, str | None]:
    """Return the ids of what is on the cluster already, by kind."""
    names = job.names
    pipeline = cluster.find("pipeline", names["pipeline"], **job.namespace)
    version = pipeline and cluster.find("pipeline_version", names["version"], pipeline)
    experiment = cluster.find("experiment", names["experiment"], **job.namespace)
    return {"pipeline": pipeline, "version": version, "experiment": experiment, "run": None}


def _plan(job: _Job, existing: Mapping[str, str | None]) -> str:
    lines = [
        f"{kind} {job.names[kind]}: {'exists' if identifier else 'would be created'}"
        for kind, identifier in existing.items()
    ]
    parameters = [f"  {name}: {shorten(repr(value))}" for name, value in job.parameters.items()]
    return "\n".join([*lines, "parameters other than the pipeline's defaults:", *parameters])


def _start(cluster: Cluster, job: _Job, existing: Mapping[str, str | None]) -> str:
    """Create what isn't there yet, start the run, and return its id."""
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
    run = cluster.create(
        "run",
        display_name=names["run"],
        experiment_id=experiment,
        pipeline_version_reference={"pipeline_id": pipeline, "pipeline_version_id": version},
        runtime_config={"parameters": dict(job.parameters)},
    )
    print(f"run {names['run']}: {cluster.link('runs', run)}", flush=True)
    return run


def _upload(cluster: Cluster, job: _Job, pipeline: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        # The server looks at the file's name to see that it is YAML.
        path = Path(folder) / "pipeline.yaml"
        path.write_bytes(job.content)
        return cluster.upload_version(pipeline, job.names["version"], path)


def _note(sentence: str) -> None:
    print(f"note: {sentence}", file=sys.stderr)


COMMAND = ModuleCommand(
    name="pipelines.submit",
    summary="Upload a compiled pipeline to a cluster and start a run of it; "
    "or follow or end a run.",
    example="python -m pipelines.submit --host https://kubeflow.example.org/pipeline "
    "--pipeline build/pipelines/train.yaml --params sample_data/run.yaml --wait",
    function=submit,
    arguments=(
        Argument("host", "the Kubeflow Pipelines server's address", Kind(str)),
        Argument("pipeline", "the compiled pipeline", required=False),
        Argument("params", "parameters; the file of autofocus run will do", required=False),
    ),
    settings=SubmitSettings,
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
