"""Sending a compiled pipeline to a cluster, starting a run of it, and following or ending a run.

    python -m pipelines.submit --host URL --pipeline build/pipelines/train.yaml --params run.yaml
    python -m pipelines.submit --host URL --pipeline build/pipelines/label.yaml --params run.yaml \
        --every "0 3 * * *"
    python -m pipelines.submit --host URL --follow RUN
    python -m pipelines.submit --host URL --cancel RUN

Everything that can be wrong is checked before anything is created. A pipeline's version is named
after a digest of its YAML, so that the same content is uploaded once.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from autofocus import interrupts
from autofocus.errors import SettingError
from autofocus.options.command import Argument
from autofocus.options.settings import Kind, option, require, require_not_negative, shown
from pipelines import manifest, recurring
from pipelines.checks import check_values
from pipelines.cluster import Cluster
from pipelines.command import ModuleCommand
from pipelines.follow import FollowSettings, command_line, follow_run
from pipelines.interface import ParameterValue, PipelineInterface, load_documents, read_interface
from pipelines.jobs import Job, check_server, describe_plan, find_existing, note, upload
from pipelines.parameters import gather
from pipelines.schedule import EXAMPLE, Schedule
from pipelines.variants import content_to_upload

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
        None,
        "the run's name; by default the pipeline's and the time, and the pipeline's alone with "
        "--every",
        metavar="NAME",
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
        0, "maximum number of pods of the loop at the same time (0: no limit)", metavar="N"
    )
    every: str | None = option(
        None,
        "start a run at these times (UTC), in the five fields of cron, in place of any earlier "
        f"schedule of the same --run-name; such as {EXAMPLE}; off: end it; list: show all",
        metavar="CRON",
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
        if self.schedules:
            Schedule.parse(str(self.every))
        require_not_negative(self, "parallelism")
        for name in ("pipeline_name", "experiment", "run_name", "namespace"):
            value = getattr(self, name)
            require(value is None or bool(value.strip()), f"{name} must not be empty.")
        require(
            self.follow is None or self.cancel is None,
            "Give either --follow or --cancel, not both.",
        )
        for name in ("follow", "cancel", "wait", "manifest_from"):
            require(
                self.every is None or not getattr(self, name),
                f"--every starts no run by itself: leave --{name.replace('_', '-')} out.",
            )

    @property
    def schedules(self) -> bool:
        """Whether a recurring run is to be created."""
        return self.every not in {None, recurring.OFF, recurring.LIST}


def submit(host: str, pipeline: Path | None, params: Path | None, settings: SubmitSettings) -> str:
    """Upload a compiled pipeline and start a run of it, once or again and again; or end one.

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
    if settings.every in {recurring.OFF, recurring.LIST}:
        return _end_or_list(cluster, pipeline, settings)
    if pipeline is None:
        raise SettingError(
            "Give the compiled pipeline (--pipeline), or a run to follow or end (--follow, "
            "--cancel)."
        )
    return _submit(cluster, pipeline, params, settings)


def _submit(
    cluster: Cluster, pipeline: Path, params: Path | None, settings: SubmitSettings
) -> str:
    job = _job(cluster, pipeline, params, settings)
    check_server(cluster, job.interface.sdk_version, has_namespace=bool(settings.namespace))
    existing = find_existing(cluster, job)
    if settings.schedules:
        return _schedule(cluster, job, existing, settings)
    if settings.dry_run:
        return describe_plan(job, existing, f"run {job.names['run']}: would be created")
    with interrupts.unwinding(
        f"error: stopped; look for a new run at {cluster.host} before you submit again."
    ):
        run = cluster.create("run", **job.body(upload(cluster, job, existing)))
        print(f"run {job.names['run']}: {cluster.link('runs', run)}", flush=True)
    if settings.wait:
        return follow_run(cluster, run, settings)
    return f"follow it: {command_line(cluster.host, settings)} --follow {run}"


def _schedule(
    cluster: Cluster, job: Job, existing: Mapping[str, str | None], settings: SubmitSettings
) -> str:
    """Create a recurring run in place of those of the same name."""
    schedule = Schedule.parse(str(settings.every))
    if settings.dry_run:
        return describe_plan(job, existing, recurring.plan(cluster, job, schedule))
    with interrupts.unwinding(
        f"error: stopped; give the same command again, so that {cluster.host} has one recurring "
        "run of this name."
    ):
        return recurring.replace(cluster, job, upload(cluster, job, existing), schedule)


def _end_or_list(cluster: Cluster, pipeline: Path | None, settings: SubmitSettings) -> str:
    """End the recurring runs of a name, or list all."""
    name = settings.run_name or settings.pipeline_name
    if name is None and pipeline is not None:
        name = read_interface(pipeline).name
    check_server(cluster, "", has_namespace=bool(settings.namespace))
    namespace = _namespace(settings)
    if settings.every == recurring.LIST:
        return recurring.describe(cluster, namespace)
    if name is None:
        raise SettingError(
            f"--every {recurring.OFF}: name the recurring run (--run-name); --every "
            f"{recurring.LIST} shows all."
        )
    return recurring.end(cluster, name, namespace, dry_run=settings.dry_run)


def _namespace(settings: SubmitSettings) -> dict[str, str]:
    return {"namespace": settings.namespace} if settings.namespace else {}


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
    require(
        "recurringrun/" not in text,
        f"{shown(text)} is a recurring run: --every {recurring.OFF} and its --run-name end it.",
    )
    identifier = text.strip().rpartition("details/")[2].partition("?")[0].rstrip("/")
    if not re.fullmatch(r"[\w.-]+", identifier, re.ASCII):
        raise SettingError(f"Give a run by its id or its link, not as {shown(text)}.")
    return identifier


def _job(cluster: Cluster, path: Path, params: Path | None, settings: SubmitSettings) -> Job:
    interface, documents = read_interface(path), load_documents(path)
    gathered = gather(params, settings.set, interface)
    for section in gathered.left_out:
        note(f"{params}: the section {section} is left out: {interface.name} has no such stage.")
    values = gathered.values
    if settings.schedules:
        values = recurring.complete_values(interface, values)
    # Before the bucket is listed and before the first request to the server.
    complete = manifest.with_placeholder(interface, values)
    parameters = check_values(documents, interface, complete)
    # A recurring run has the same parameters every time, and must not find its earlier results.
    cache = settings.cache and not settings.schedules
    content = content_to_upload(path, documents, cache=cache, parallelism=settings.parallelism)
    if not settings.schedules and (digest := _manifest(cluster, interface, values, settings)):
        parameters[manifest.MANIFEST] = digest.value
    name = settings.pipeline_name or interface.name
    now = "" if settings.schedules else f" {datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S}"
    names = {
        "pipeline": name,
        "version": f"{name}-{hashlib.sha256(content).hexdigest()[:DIGEST_LENGTH]}",
        "experiment": settings.experiment,
        "run": settings.run_name or f"{name}{now}",
    }
    return Job(interface, content, names, _namespace(settings), parameters)


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
        note(warning)
    return digest


COMMAND = ModuleCommand(
    name="pipelines.submit",
    summary="Upload a compiled pipeline to a cluster and start a run of it, once or at certain "
    "times; or follow or end a run.",
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
