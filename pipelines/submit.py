"""Sending a compiled pipeline to a cluster and starting a run of it.

    python -m pipelines.submit --host URL --pipeline build/pipelines/train.yaml --params run.yaml

Everything that can be wrong is looked for before anything is made. A pipeline's version is named
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

from autofocus.common.command import Argument
from autofocus.common.errors import SettingError
from autofocus.common.settings import Kind, option
from pipelines.client import Cluster, check_versions
from pipelines.command import ModuleCommand
from pipelines.following import FollowSettings, wait
from pipelines.interface import Interface, load_documents, read_interface, without_caching
from pipelines.manifest import MANIFEST, manifest_or_word
from pipelines.parameters import gather

DIGEST_LENGTH = 12
LONGEST_SHOWN = 60


@dataclass(frozen=True)
class SubmitSettings(FollowSettings):
    """What to call things on the cluster, and whether to wait."""

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
    cache: bool = option(True, "take what earlier runs made, where the pipeline allows it")
    wait: bool = option(False, "follow the run until it ends, and fail if it does")
    dry_run: bool = option(False, "check all and say what would be made, but make nothing")

    def __post_init__(self) -> None:
        """Check them.

        Raises:
            SettingError: one can't be used.
        """
        super().__post_init__()
        for name in ("pipeline_name", "experiment", "run_name", "namespace"):
            value = getattr(self, name)
            if value is not None and not value.strip():
                raise SettingError(f"{name} must not be empty.")


@dataclass(frozen=True)
class Job:
    """What is to be on the cluster, by names.

    Attributes:
        interface: what the compiled pipeline says of itself.
        content: the YAML to upload.
        pipeline: the pipeline's name.
        version: its version's name.
        experiment: the experiment's name.
        run: the run's name.
        namespace: where all that is, on a cluster of several users.
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
class Found:
    """What of a job is on the cluster already, by ids."""

    pipeline: str | None
    version: str | None
    experiment: str | None


@dataclass(frozen=True)
class Submitted:
    """What became of a submission.

    Attributes:
        run: the run's id; empty after a dry run.
        lines: what to say.
    """

    run: str
    lines: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return a few lines."""
        return "\n".join(self.lines)


def submit(host: str, pipeline: Path, params: Path | None, settings: SubmitSettings) -> Submitted:
    """Upload a compiled pipeline and start a run of it.

    Args:
        host: the Kubeflow Pipelines server's address.
        pipeline: the compiled pipeline.
        params: a parameter file, of the form that `autofocus run` takes.
        settings: names, and whether to wait.

    Raises:
        SettingError: a parameter is unknown, missing or of another type.
        InputDataError: a file can't be read.
        MissingInputError: a file isn't there.
        ClusterError: the server can't be used.
        RunError: the run that was waited for failed, was cancelled or didn't end in time.
    """
    job = _job(pipeline, params, settings)
    cluster = Cluster(host, settings.ca_cert)
    _check_server(cluster, job)
    found = _look(cluster, job)
    if settings.dry_run:
        return Submitted("", _what_would_be_made(job, found))
    run = _make(cluster, job, found)
    print(f"run {job.run}: {cluster.link('runs', run)}", flush=True)
    if not settings.wait:
        return Submitted(run, [_how_to_follow(cluster, run)])
    return Submitted(run, [str(wait(cluster, run, settings))])


def _job(path: Path, params: Path | None, settings: SubmitSettings) -> Job:
    interface = read_interface(path)
    gathered = gather(params, settings.set, interface)
    for stage in gathered.left_out:
        _note(f"{params}: the section {stage} is left out: {interface.name} has no such stage.")
    manifest, warning = manifest_or_word(interface, gathered.values)
    if manifest is not None:
        gathered.put(MANIFEST, manifest)
    if warning is not None:
        _note(warning)
    content = _content(path, settings.cache)
    name = settings.pipeline_name or interface.name
    return Job(
        interface=interface,
        content=content,
        pipeline=name,
        version=f"{name}-{hashlib.sha256(content).hexdigest()[:DIGEST_LENGTH]}",
        experiment=settings.experiment,
        run=settings.run_name or f"{name} {datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S}",
        namespace=settings.namespace,
        parameters=interface.check(gathered.values),
    )


def _content(path: Path, cache: bool) -> bytes:
    if cache:
        return path.read_bytes()
    return without_caching(load_documents(path)).encode("utf-8")


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


def _look(cluster: Cluster, job: Job) -> Found:
    pipeline = cluster.find_pipeline(job.pipeline, job.namespace)
    version = None if pipeline is None else cluster.find_version(pipeline, job.version)
    return Found(pipeline, version, cluster.find_experiment(job.experiment, job.namespace))


def _what_would_be_made(job: Job, found: Found) -> list[str]:
    things = {
        f"pipeline {job.pipeline}": found.pipeline,
        f"version {job.version}": found.version,
        f"experiment {job.experiment}": found.experiment,
        f"run {job.run}": None,
    }
    lines = [
        f"{thing}: {'would be made' if known is None else 'is there'}"
        for thing, known in things.items()
    ]
    parameters = [f"  {name}: {_shown(value)}" for name, value in job.parameters.items()]
    return [*lines, *(["parameters, beside the pipeline's defaults:", *parameters])]


def _make(cluster: Cluster, job: Job, found: Found) -> str:
    """Make what isn't there yet, and start the run."""
    pipeline = found.pipeline or cluster.create_pipeline(
        job.pipeline, job.interface.description, job.namespace
    )
    version = found.version or _upload(cluster, job, pipeline)
    print(
        f"version {job.version}: {'was there already' if found.version else 'uploaded'}: "
        f"{cluster.link('pipelines', pipeline)}/version/{version}",
        flush=True,
    )
    experiment = found.experiment or cluster.create_experiment(job.experiment, job.namespace)
    return cluster.create_run(job.run, experiment, pipeline, version, job.parameters)


def _upload(cluster: Cluster, job: Job, pipeline: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        # The server looks at the file's name to see that it is YAML.
        path = Path(folder) / "pipeline.yaml"
        path.write_bytes(job.content)
        return cluster.upload_version(pipeline, job.version, path)


def _how_to_follow(cluster: Cluster, run: str) -> str:
    return f"follow it: python -m pipelines.following --host {cluster.host} --run {run}"


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
    summary="Upload a compiled pipeline to a cluster and start a run of it.",
    example="python -m pipelines.submit --host https://kubeflow.example.org/pipeline "
    "--pipeline build/pipelines/train.yaml --params sample_data/run.yaml --wait",
    function=submit,
    arguments=(
        Argument("host", "the Kubeflow Pipelines server's address", Kind(str)),
        Argument("pipeline", "the compiled pipeline"),
        Argument("params", "parameters; the file of autofocus run will do", required=False),
    ),
    settings=SubmitSettings,
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
