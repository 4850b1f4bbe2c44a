"""Sending a compiled pipeline to a cluster, starting a run of it, and following or ending a run.

    python -m pipelines.submit --host URL --pipeline build/pipelines/train.yaml --params run.yaml
    python -m pipelines.submit --host URL --follow RUN
    python -m pipelines.submit --host URL --cancel RUN

Everything that can be wrong is checked before anything is created. A pipeline's version is named
after a digest of its YAML, so that the same content is uploaded once.
"""

import hashlib
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from autofocus.errors import SettingError
from autofocus.options.command import Argument
from autofocus.options.settings import Kind
from pipelines.checks import check_values
from pipelines.client import Cluster
from pipelines.command import ModuleCommand
from pipelines.content import content_to_upload
from pipelines.following import wait
from pipelines.interface import Given, Interface, load_documents, read_interface
from pipelines.manifest import (
    MANIFEST,
    check_manifest_from,
    manifest_of_run,
    manifest_or_placeholder,
    needs_manifest,
    new_placeholder,
)
from pipelines.parameters import gather
from pipelines.submit_settings import SubmitSettings, check_use, run_id
from pipelines.versions import check_versions

DIGEST_LENGTH = 12
LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Job:
    """What is to be on the cluster, by names.

    Attributes:
        interface: what the compiled pipeline takes.
        content: the YAML to upload.
        pipeline: the pipeline's name.
        version: its version's name.
        experiment: the experiment's name.
        run: the run's name.
        namespace: the namespace of all that, on a cluster of several users.
        parameters: the run's values.
    """

    interface: Interface
    content: bytes
    pipeline: str
    version: str
    experiment: str
    run: str
    namespace: str | None
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Existing:
    """What of a job is on the cluster already, by ids."""

    pipeline: str | None
    version: str | None
    experiment: str | None


@dataclass(frozen=True)
class Submitted:
    """The result of a submission.

    Attributes:
        run: the run's id; empty after a dry run.
        lines: what to print.
    """

    run: str
    lines: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return a few lines."""
        return "\n".join(self.lines)


def submit(
    host: str, pipeline: Path | None, params: Path | None, settings: SubmitSettings
) -> Submitted:
    """Upload a compiled pipeline and start a run of it; or follow or end a run.

    Args:
        host: the Kubeflow Pipelines server's address.
        pipeline: the compiled pipeline; None to follow or end a run.
        params: a parameter file, of the form that `autofocus run` takes.
        settings: names, and whether to wait.

    Raises:
        SettingError: a parameter is unknown or missing, or a stage would reject it; or the options
            don't go together.
        InputDataError: a file can't be read.
        MissingInputError: a file isn't there.
        ClusterError: the server can't be used.
        RunError: the run that was waited for failed, was cancelled or didn't end in time.
    """
    check_use(pipeline, params, settings)
    cluster = Cluster(host, settings.ca_cert)
    if settings.cancel is not None:
        return _cancel(cluster, run_id(settings.cancel))
    if settings.follow is not None:
        return _follow(cluster, run_id(settings.follow), settings)
    if pipeline is None:
        raise SettingError(
            "Give the compiled pipeline (--pipeline), or a run to follow or end (--follow, "
            "--cancel)."
        )
    job = _job(cluster, pipeline, params, settings)
    _check_server(cluster, job)
    existing = _find_existing(cluster, job)
    if settings.dry_run:
        return Submitted("", _plan(job, existing))
    run = _start(cluster, job, existing)
    print(f"run {job.run}: {cluster.link('runs', run)}", flush=True)
    if not settings.wait:
        again = f"python -m pipelines.submit --host {cluster.host}"
        return Submitted(run, [f"follow it: {again} --follow {run}"])
    return _follow(cluster, run, settings)


def _cancel(cluster: Cluster, run: str) -> Submitted:
    cluster.terminate_run(run)
    return Submitted(run, [f"The run is being cancelled: {cluster.link('runs', run)}"])


def _follow(cluster: Cluster, run: str, settings: SubmitSettings) -> Submitted:
    return Submitted(run, [str(wait(cluster, run, settings))])


def _job(cluster: Cluster, path: Path, params: Path | None, settings: SubmitSettings) -> Job:
    interface, documents = read_interface(path), load_documents(path)
    gathered = gather(params, settings.set, interface)
    for stage in gathered.left_out:
        _note(f"{params}: the section {stage} is left out: {interface.name} has no such stage.")
    # Before the bucket is listed and before the first request to the server.
    values = _with_some_manifest(interface, gathered.values)
    parameters = check_values(documents, interface, values)
    content = content_to_upload(
        path, documents, cache=settings.cache, parallelism=settings.parallelism
    )
    manifest = _manifest(cluster, interface, gathered.values, settings)
    if manifest is not None:
        parameters[MANIFEST] = manifest.value
    name = settings.pipeline_name or interface.name
    return Job(
        interface=interface,
        content=content,
        pipeline=name,
        version=f"{name}-{hashlib.sha256(content).hexdigest()[:DIGEST_LENGTH]}",
        experiment=settings.experiment,
        run=settings.run_name or f"{name} {datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S}",
        namespace=settings.namespace,
        parameters=parameters,
    )


def _with_some_manifest(interface: Interface, values: Mapping[str, Given]) -> Mapping[str, Given]:
    """Return the values with a placeholder where the manifest isn't known yet."""
    return {**values, MANIFEST: new_placeholder()} if needs_manifest(interface, values) else values


def _manifest(
    cluster: Cluster, interface: Interface, values: Mapping[str, Given], settings: SubmitSettings
) -> Given | None:
    """Return the manifest, where the pipeline takes one that wasn't given."""
    if settings.manifest_from is not None:
        check_manifest_from(interface, values)
        run = run_id(settings.manifest_from)
        earlier = (cluster.run(run).get("runtime_config") or {}).get("parameters") or {}
        return manifest_of_run(run, earlier, interface, values)
    manifest, warning = manifest_or_placeholder(interface, values)
    if warning is not None:
        _note(warning)
    return manifest


def _check_server(cluster: Cluster, job: Job) -> None:
    health = cluster.health()
    note = check_versions(job.interface.sdk_version, health.version, cluster.host)
    if note:
        _note(note)
    if health.multi_user and job.namespace is None:
        raise SettingError(
            f"{cluster.host} serves several users: give your namespace (--namespace)."
        )
    if job.namespace is not None and not health.multi_user:
        raise SettingError(
            f"{cluster.host} serves a single user and has no namespaces: leave --namespace out."
        )


def _find_existing(cluster: Cluster, job: Job) -> Existing:
    pipeline = cluster.find_pipeline(job.pipeline, job.namespace)
    version = None if pipeline is None else cluster.find_version(pipeline, job.version)
    return Existing(pipeline, version, cluster.find_experiment(job.experiment, job.namespace))


def _plan(job: Job, existing: Existing) -> list[str]:
    things = {
        f"pipeline {job.pipeline}": existing.pipeline,
        f"version {job.version}": existing.version,
        f"experiment {job.experiment}": existing.experiment,
        f"run {job.run}": None,
    }
    lines = [
        f"{thing}: {'would be created' if known is None else 'exists'}"
        for thing, known in things.items()
    ]
    parameters = [f"  {name}: {_shown(value)}" for name, value in job.parameters.items()]
    return [*lines, "parameters other than the pipeline's defaults:", *parameters]


def _start(cluster: Cluster, job: Job, existing: Existing) -> str:
    """Create what isn't there yet, and start the run."""
    pipeline = existing.pipeline or cluster.create_pipeline(
        job.pipeline, job.interface.description, job.namespace
    )
    version = existing.version or _upload(cluster, job, pipeline)
    print(
        f"version {job.version}: {'exists' if existing.version else 'uploaded'}: "
        f"{cluster.link('pipelines', pipeline)}/version/{version}",
        flush=True,
    )
    experiment = existing.experiment or cluster.create_experiment(job.experiment, job.namespace)
    return cluster.create_run(job.run, experiment, pipeline, version, job.parameters)


def _upload(cluster: Cluster, job: Job, pipeline: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        # The server looks at the file's name to see that it is YAML.
        path = Path(folder) / "pipeline.yaml"
        path.write_bytes(job.content)
        return cluster.upload_version(pipeline, job.version, path)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _note(sentence: str) -> None:
    print(f"note: {sentence}", file=sys.stderr)


class _Command(ModuleCommand):
    """The command, whose `--set` may be given several times."""

    def main(self, words: Sequence[str] | None = None) -> int:
        return super().main(_together(sys.argv[1:] if words is None else words))


def _together(words: Sequence[str]) -> list[str]:
    """Put the values of every `--set` behind one, as only the last would count."""
    values: list[str] = []
    others: list[str] = []
    place = others
    for word in words:
        name, equals, value = word.partition("=")
        if name.startswith("--"):
            place = values if word == "--set" else others
        if name == "--set":
            values += [value] if equals else []
        else:
            place.append(word)
    return [*others, "--set", *values] if values else list(words)


COMMAND = _Command(
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
