"""Run a compiled pipeline in Docker on this machine.

    python -m pipelines.local --pipeline build/pipelines/train-cpu.yaml --params run.yaml \
        --outdir results

The pipeline is the very YAML that a cluster runs, under kfp's own runner for Docker; only retries
are left out, as on one machine they would repeat the same error minutes later. Tables, ledgers,
model and report end up laid out as by `autofocus run`.
"""

import builtins
import os
import re
import sys
import uuid
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autofocus import interrupts
from autofocus.audit import Audit, audit
from autofocus.errors import (
    AutofocusError,
    MissingInputError,
    OutputConflictError,
    need,
)
from autofocus.options.command import Argument
from autofocus.options.settings import Kind, option
from autofocus.runs import files
from autofocus.runs.workspace import HIDDEN, Workspace
from pipelines.checks import check_values
from pipelines.command import ModuleCommand
from pipelines.completeness import check_complete, executor_outputs
from pipelines.interface import load_documents, read_interface
from pipelines.local_cache import record_reused
from pipelines.manifest import MANIFEST, find_manifest
from pipelines.parameters import gather
from pipelines.results import collect
from pipelines.variants import without_retries

if TYPE_CHECKING:
    from docker.client import DockerClient

NAME = "pipelines.local"
EXTRA = "pipelines"
WORKSPACE = "local_pipeline"
# The user of the images; root's files would be out of its reach.
IMAGE_USER = 10001
RUN_LABEL = "autofocus.run"
# The time for removing the containers of a run that is stopped (s).
DOCKER_GRACE_S = 30.0
_COLOURS = re.compile(r"\x1b\[\d*m")
# The credentials of the object store and of MLflow's server; their addresses are parameters.
PASSED_ON = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "MLFLOW_TRACKING_USERNAME",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "NO_PROXY",
)


@dataclass(frozen=True)
class LocalSettings:
    """What a local run reuses."""

    cache: bool = option(
        False,
        "reuse what earlier runs into --outdir made with the same images, parameters and inputs, "
        "as a cluster does; what is no longer used stays there until a run without it",
    )


@dataclass(frozen=True)
class LocalRun:
    """A local run that succeeded.

    Attributes:
        tasks: the number of its tasks.
        outputs: the files and folders in the output folder.
        audit: the balance of the ledgers.
        reused: the number of tasks whose outputs are those of an earlier run.
    """

    tasks: int
    outputs: tuple[Path, ...]
    audit: Audit
    reused: int = 0

    def __str__(self) -> str:
        """Return the balance, and the outputs' paths."""
        places = "\n".join(f"  {path}" for path in self.outputs)
        reused = f" ({self.reused} of them in an earlier run)" if self.reused else ""
        return (
            f"{self.tasks} tasks succeeded{reused}, and all their outputs are complete\n{places}"
            f"\n\n{self.audit}"
        )


def run_locally(
    pipeline: Path,
    outdir: Path,
    params: Path | None = None,
    set: Sequence[str] = (),  # noqa: A002 - the option's name, as in pipelines.submit
    settings: LocalSettings = LocalSettings(),
) -> LocalRun:
    """Run a compiled pipeline in Docker, and check that every output is complete.

    Args:
        pipeline: the YAML that `pipelines.compile` wrote.
        outdir: the folder to write to; a new one, or that of an earlier run.
        params: values in a file, as for `pipelines.submit`.
        set: further values, ``NAME=VALUE`` each.
        settings: what to reuse.

    Raises:
        MissingInputError: an image, or the pipeline, isn't there.
        SettingError: a parameter is unknown or missing, or a stage would reject it.
        OutputConflictError: `outdir` holds something else, or another run is at work there.
        AutofocusError: a task failed, whatever the runner says.
    """
    interface = read_interface(pipeline)
    given = gather(params, set, interface).values
    if manifest := find_manifest(interface, given):
        given[MANIFEST] = manifest
    documents = load_documents(pipeline)
    values = check_values(documents, interface, given)
    _check_outdir(outdir)
    defaults = {name: one.default for name, one in interface.parameters.items()}
    with Workspace(outdir, WORKSPACE, {}) as workspace, closing(_docker()) as client:
        _check_images(documents[0], client)
        tasks = _tasks_folder(workspace, keep=settings.cache)
        earlier = {*executor_outputs(tasks)}
        # Docker takes a while to end containers.
        with (
            interrupts.unwinding(grace=DOCKER_GRACE_S),
            _no_containers_left(client) as label,
            record_reused() as reused,
        ):
            _run(documents, values, tasks, label, cache=settings.cache)
        new = [path for path in executor_outputs(tasks) if path not in earlier]
        done = check_complete([*reused, *new], documents[0], defaults | values)
        outputs = collect(done, outdir)
    return LocalRun(len(done), tuple(outputs), audit(outdir), len(reused))


def _check_outdir(outdir: Path) -> None:
    """Fail if a folder holds anything but an earlier run's output."""
    ours = outdir / HIDDEN / WORKSPACE
    if outdir.exists() and not ours.is_dir() and (outdir.is_file() or any(outdir.iterdir())):
        raise OutputConflictError(
            f"{outdir} holds something else, which would be overwritten: choose another --outdir."
        )


def _tasks_folder(workspace: Workspace, *, keep: bool) -> Path:
    """Return the folder of the artifacts; those of earlier runs are removed unless kept."""
    tasks = (workspace.folder / "tasks").absolute()
    if not (keep and tasks.is_dir()):
        files.empty_folder(tasks)
    if os.getuid() == 0:
        os.chown(tasks, IMAGE_USER, IMAGE_USER)
    return tasks


def _docker() -> "DockerClient":
    docker = need("docker", EXTRA)
    try:
        client: DockerClient = docker.from_env()
        client.ping()
    except docker.errors.DockerException as error:
        raise MissingInputError(
            f"Docker does not respond ({str(error)[:200]}): start it, and check your rights."
        ) from None
    return client


def _check_images(spec: Mapping[str, Any], client: "DockerClient") -> None:
    """Fail if an image is missing; kfp pulls those of a registry."""
    docker = need("docker", EXTRA)
    executors = spec["deploymentSpec"]["executors"].values()
    for name in sorted({item["container"]["image"] for item in executors if "container" in item}):
        if "/" in name:
            continue
        try:
            client.images.get(name)
        except docker.errors.ImageNotFound:
            raise MissingInputError(
                f"There is no image {name} on this machine: make build-images builds those of "
                "the present code, and make compile names them in the pipelines."
            ) from None


@contextmanager
def _no_containers_left(client: "DockerClient") -> Iterator[str]:
    """Remove the containers of a run that was stopped.

    Yields:
        The value of the label that its containers must have.
    """
    label = uuid.uuid4().hex
    try:
        yield label
    finally:
        for container in client.containers.list(filters={"label": f"{RUN_LABEL}={label}"}):
            container.remove(force=True)


def _run(
    documents: list[Any], values: Mapping[str, Any], tasks: Path, label: str, *, cache: bool
) -> None:
    local, components = need("kfp.local", EXTRA), need("kfp.components", EXTRA)
    user = os.getuid() or IMAGE_USER
    runner = local.DockerRunner(
        environment={name: os.environ[name] for name in PASSED_ON if name in os.environ},
        # A server that listens on this machine alone must be within reach.
        network_mode="host",
        user=f"{user}:{os.getgid() or IMAGE_USER}",
        labels={RUN_LABEL: label},
        mounts=_mounts(values),
    )
    local.init(runner, pipeline_root=str(tasks), enable_caching=cache)
    run = components.load_component_from_text(without_retries(documents))
    try:
        with _kfp_contained():
            run(**values)
    except Exception as error:  # whatever kfp makes of a task that failed
        text = _COLOURS.sub("", str(error)).rstrip(".")
        raise AutofocusError(f"{text}: see the task's error in the log above.") from None


@contextmanager
def _kfp_contained() -> Iterator[None]:
    """Send kfp's log to standard error, and undo what it changes in this process."""
    printing = builtins.print
    try:
        with redirect_stdout(sys.stderr), warnings.catch_warnings():
            # Limits of processors and memory are for clusters.
            warnings.filterwarnings("ignore", message=".* have no effect in the current local")
            yield
    finally:
        # Tasks side by side indent what is printed, and don't always take that back.
        builtins.print = printing


def _mounts(values: Mapping[str, Any]) -> list[Any]:
    """Return the mount of a model on this machine."""
    types = need("docker.types", EXTRA)
    model = values.get("model_uri", "")
    if not model.startswith("/"):
        return []
    if not Path(model).is_dir():
        raise MissingInputError(f"There is no folder {model} (model_uri).")
    return [types.Mount(target=model, source=model, type="bind", read_only=True)]


COMMAND = ModuleCommand(
    name=NAME,
    summary="Run a compiled pipeline in Docker on this machine, and check all its outputs.",
    example=(
        "python -m pipelines.local --pipeline build/pipelines/train-cpu.yaml "
        "--params sample_data/run.yaml --outdir results"
    ),
    function=run_locally,
    arguments=(
        Argument("pipeline", "the compiled pipeline"),
        Argument("outdir", "the folder to write to"),
        Argument("params", "values in a file, as autofocus run takes it", required=False),
        Argument("set", "further values, NAME=VALUE each", Kind(str, many=True), default=()),
    ),
    settings=LocalSettings,
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
