"""The frame of every component's `main.py`: unpack inputs, call a stage, pack outputs.

A component works in a folder of its own that is laid out like that of `autofocus run`, so that its
tables hold the same paths. Outputs appear only when the stage has succeeded: each is renamed to
its final path, and the executor output is written last.
"""

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from autofocus.containers import shards
from autofocus.containers.executor import ExecutorInput, write_output
from autofocus.errors import AutofocusError, InputDataError
from autofocus.features.runtime import check_gpu
from autofocus.options.command import guarded
from autofocus.options.settings import from_mapping, kinds, shown
from autofocus.runs import files
from autofocus.runs.ledger import LEDGER_NAME, Row, Status, read_ledger
from autofocus.runs.result import StageResult
from autofocus.runs.workspace import HIDDEN

S = TypeVar("S")
# The number of rejected inputs that a task's log names.
SHOWN = 20
# Parameters of a task that are for the cluster's driver, as are those from `pipelinechannel--`.
RESOURCES = {
    *("cpu_limit", "cpu_request", "memory_limit", "memory_request"),
    *("accelerator_type", "accelerator_count"),
}
# The share that may be rejected where a pipeline doesn't say.
MAX_REJECTED = 0.1


@dataclass
class Task:
    """One call of a component.

    Attributes:
        request: the executor input, as the pipeline passes it.
        folder: the working folder; it is removed when the task ends.
        shares: the shares that the stages rejected, as metadata of outputs.
    """

    request: ExecutorInput
    folder: Path
    _made: dict[str, tuple[Path, Mapping[str, Any]]] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    shares: dict[str, int] = field(default_factory=dict)
    _after: list[Callable[[], None]] = field(default_factory=list)

    def parameter(self, name: str, default: Any = None) -> Any:
        """Return a parameter's value.

        Args:
            name: the parameter.
            default: the value where none was given, as a cluster leaves out empty lists and
                mappings; None if it is required.

        Raises:
            InputDataError: it is required, and was not given.
        """
        self._used.add(name)
        value = self.request.parameters.get(name, default)
        if value is None:
            raise InputDataError(f"The pipeline passes no parameter {name}.")
        return value

    def subfolder(self, name: str, folder: Path) -> Path:
        """Return the folder that a parameter names below another; that one itself if it is empty.

        Args:
            name: the parameter.
            folder: the folder that contains it.

        Raises:
            InputDataError: it is outside of that folder.
        """
        path = PurePosixPath(self.parameter(name, ""))
        if path.is_absolute() or ".." in path.parts:
            raise InputDataError(
                f"{name} must name a folder below the bucket's root, such as images/2016, "
                f"and not {shown(str(path))}."
            )
        return folder / path

    def inputs(self, name: str) -> list[Path]:
        """Return the paths of an input's artifacts; several if it is a list.

        Raises:
            InputDataError: one isn't there.
        """
        paths = [artifact.path for artifact in self.request.inputs.get(name, ())]
        missing = [path for path in paths if not path.exists()]
        if missing or not paths:
            which = f" {missing[0]}" if missing else ""
            raise InputDataError(
                f"The input {name}{which} is not there: the task that makes it has failed, or its "
                "output has expired or been deleted; then submit with another cache_salt."
            )
        return paths

    def input(self, name: str) -> Path:
        """Return the path of an input's only artifact."""
        return self.inputs(name)[0]

    def settings(self, kind: type[S], stage: str = "", /, **more: Any) -> S:
        """Return a stage's settings, made from the parameters of the same names.

        An empty text stands for an optional setting that isn't given, as a pipeline can't pass
        nothing.

        Args:
            kind: the settings dataclass.
            stage: where the component runs several stages, the one whose name may come before
                that of a setting, as in `download_max_rejected`.
            more: further settings.
        """
        known = kinds(kind)
        names = {name: name for name in known}
        names |= {f"{stage}_{name}": name for name in known} if stage else {}
        self._used.update(names)
        given = {
            names[name]: value
            for name, value in self.request.parameters.items()
            if name in names and not (value == "" and known[names[name]].optional)
        }
        return from_mapping(kind, given | more, "the component's parameters")

    def output(self, name: str, path: Path, metadata: Mapping[str, Any] | None = None) -> None:
        """Declare a file or folder to be an output artifact once the stage has ended.

        Args:
            name: the output's name.
            path: a file or folder in the task's folder.
            metadata: the metadata to record with it, in place of the counts and the measures that
                are recorded with others: Kubeflow's pages of metrics show all metadata.
        """
        self._made[name] = (path, metadata or {})

    def check_shard(
        self, result: StageResult, *before: str, limit: str = "max_rejected", where: str = ""
    ) -> None:
        """Fail only if a task's shards are hopeless; the whole run is checked where all meet.

        The share that was rejected is recorded with outputs, for `check_run`.

        Args:
            result: the result of the stage for the shards.
            before: inputs whose recorded shares, of earlier stages, are passed on.
            limit: the parameter with the largest share that is allowed in the whole run.
            where: the shards, for the message.

        Raises:
            TooManyRejectedError: the shards are hopeless.
        """
        allowed = self.parameter(limit, MAX_REJECTED)
        shards.check_shard(
            result.share, allowed, where or "this shard", limit, is_of_new=self._is_of_new
        )
        _show_rejected(result.ledger)
        for name in before:
            for artifact in self.request.inputs.get(name, ()):
                for stage in shards.STAGES:
                    if share := shards.from_metadata(stage, artifact.metadata):
                        self.shares |= shards.to_metadata(stage, share)
        self.shares |= shards.to_metadata(result.stage, result.share)

    def check_run(self, name: str) -> None:
        """Check what each stage of the shards rejected over the whole run.

        Args:
            name: an input with an artifact of each shard, from the last of these stages.

        Raises:
            TooManyRejectedError: a stage rejected a larger share than its parameter allows.
        """
        for stage, component in shards.STAGES.items():
            parameter = f"{component}_max_rejected"
            artifacts = self.request.inputs.get(name, ())
            recorded = [shards.from_metadata(stage, artifact.metadata) for artifact in artifacts]
            if shares := [share for share in recorded if share is not None]:
                limit = self.parameter(parameter, MAX_REJECTED)
                shards.check_run(stage, shares, limit, parameter, is_of_new=self._is_of_new)
            self._used.add(parameter)

    @property
    def _is_of_new(self) -> bool:
        """Whether the run takes only new images."""
        return self.request.parameters.get("only_new") is True

    def publish(self, result: StageResult | None) -> None:
        """Move all outputs to their final paths, with the stage's counts as metadata.

        A newer server may request more outputs and pass more parameters than this component has:
        those outputs are left alone, as the launcher fills them, and such a parameter is noted in
        the log.

        Args:
            result: the stage's counts, whose ledger is the output `ledger`; None of a component
                that runs no stage.
        """
        counted = {} if result is None else self._count(result)
        unknown = set(self.request.parameters) - self._used - RESOURCES
        for name in sorted(unknown):
            if not name.startswith("pipelinechannel--"):
                print(f"note: unknown parameter {name}, ignored", file=sys.stderr)
        metadata = {
            name: more or {**counted, **self._why(name, result), **asdict(measure(path))}
            for name, (path, more) in self._made.items()
        }
        # Files first: a report may lie in the folder of a model.
        names = sorted(
            self._made.keys() & self.request.outputs.keys(),
            key=lambda name: (self._made[name][0].is_dir(), name),
        )
        with ExitStack() as undo:
            for name in names:
                final = self.request.outputs[name].path
                undo.callback(_remove, final)
                _move(self._made[name][0], final)
            write_output(self.request, metadata)
            undo.pop_all()
        for call in self._after:
            call()

    def _count(self, result: StageResult) -> dict[str, int]:
        """Make the ledger an output, and return the counts for the metadata of all outputs."""
        self.output("ledger", result.ledger)
        counts = result.counts
        return {
            "inputs": counts.inputs,
            "ok": counts.ok,
            "reused": counts.reused,
            "rejected": counts.rejected,
        }

    def _why(self, name: str, result: StageResult | None) -> dict[str, int]:
        """Return why inputs were rejected, as metadata of an output.

        Each reason once: where shards meet, a task is handed the metadata of all of them.
        """
        if not self.shares:
            return {} if result is None else _reasons(result)
        return self.shares if name in shards.RECORDED else {}

    def after_publishing(self, call: Callable[[], None]) -> None:
        """Let a function be called once all outputs are in place."""
        self._after.append(call)


def main(name: str, work: Callable[[Task], StageResult | None]) -> int:
    """Run a component: all that its `main.py` does.

    Args:
        name: the stage's name.
        work: calls the stage's function, declares its outputs, and returns its result; None of a
            component that runs no stage.

    Returns:
        The exit status: 0 only if all outputs are complete.
    """
    return guarded(f"autofocus {name}", lambda: _run(work, sys.argv[1:]))


def read_executor_input(words: Sequence[str]) -> ExecutorInput:
    """Read a component's command line.

    Args:
        words: ``--executor_input`` and the executor input as JSON.

    Raises:
        InputDataError: it is another command line, or no executor input.
    """
    if len(words) != 2 or words[0] != "--executor_input":  # noqa: PLR2004 - an option, its value
        raise InputDataError("This program takes --executor_input JSON, from a pipeline.")
    return ExecutorInput.parse(words[1])


def _run(work: Callable[[Task], StageResult | None], words: Sequence[str]) -> None:
    request = read_executor_input(words)
    check_gpu()
    with tempfile.TemporaryDirectory(prefix="autofocus-") as folder:
        task = Task(request, Path(folder))
        # Programs that write to the current folder, such as MLflow's local store, have room here.
        os.chdir(folder)
        try:
            result = work(task)
        except AutofocusError as error:
            for ledger in sorted(task.folder.rglob(f"*{LEDGER_NAME}")):
                _show_rejected(ledger)
            # The folder is removed with the container.
            plain = AutofocusError(str(error).replace(f"{folder}/", ""))
            plain.exit_status = error.exit_status
            raise plain from None
        finally:
            os.chdir("/")
        task.publish(result)
        if result is not None:
            print(str(result).replace(f"{folder}/", ""), flush=True)


def _show_rejected(ledger: Path) -> None:
    """Log the names of rejected inputs, as ledgers are removed with the container."""
    rows = _rejected(ledger)
    for row in rows[:SHOWN]:
        reason = row.reason.value if row.reason else ""
        print(f"rejected: {row.input} ({reason}: {row.detail})", file=sys.stderr)
    if len(rows) > SHOWN:
        print(f"rejected: {len(rows) - SHOWN} more", file=sys.stderr)


def _rejected(ledger: Path) -> list[Row]:
    # The data may contain a file of such a name, which must not hide the error.
    with suppress(InputDataError, OSError):
        return [row for _, row in read_ledger(ledger) if row.status is Status.REJECTED]
    return []


def _reasons(result: StageResult) -> dict[str, int]:
    reasons = result.counts.reasons.items()
    return {f"rejected_{reason}": number for reason, number in sorted(reasons)}


@dataclass(frozen=True)
class Measure:
    """The size and the digest of an artifact, by which damage is detected.

    Attributes:
        files: the number of its files.
        bytes: their total size (bytes).
        sha256: a digest of their names and contents, as hex digits.
    """

    files: int
    bytes: int
    sha256: str


def measure(path: Path) -> Measure:
    """Measure an artifact.

    Args:
        path: a file or a folder; a stage's hidden memory in it doesn't count.
    """
    names = [""]
    if path.is_dir():
        relative = [item.relative_to(path) for item in path.rglob("*") if item.is_file()]
        names = sorted(item.as_posix() for item in relative if item.parts[0] != HIDDEN)
    digest = hashlib.sha256()
    for name in names:
        line = f"{files.digest_file(path / name)} {name}\n"
        digest.update(line.encode(errors="surrogateescape"))
    size = sum((path / name).stat().st_size for name in names)
    return Measure(len(names), size, digest.hexdigest())


def _move(source: Path, final: Path) -> None:
    """Move a file or folder to its final path atomically, also to another file system."""
    final.parent.mkdir(parents=True, exist_ok=True)
    unfinished = final.with_name(f".{final.name}.unfinished")
    _remove(unfinished)
    try:
        if source.is_dir():
            shutil.rmtree(source / HIDDEN, ignore_errors=True)
            shutil.move(source, unfinished)
        else:
            shutil.copyfile(source, unfinished)
        _remove(final)
        unfinished.replace(final)
    finally:
        _remove(unfinished)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
