"""Checking that a pipeline's local run is complete: every task succeeded, every output exists.

kfp's runner for Docker can report success for a container that failed: it removes the container
before it reads its exit status. So what is checked is the disk: components write their outputs
when their work has succeeded, and `executor_output.json` last of all.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofocus.containers.executor import Artifact
from autofocus.containers.task import measure
from autofocus.errors import InputDataError
from autofocus.runs.wording import plural
from pipelines.conditions import is_run

EXECUTOR_OUTPUT = "executor_output.json"


@dataclass(frozen=True)
class CompletedTask:
    """A task that succeeded.

    Attributes:
        component: its component's name; several tasks of a fan-out share it.
        outputs: its artifacts by name.
    """

    component: str
    outputs: Mapping[str, Artifact]


def expected_tasks(spec: Mapping[str, Any], values: Mapping[str, Any]) -> Counter[str]:
    """Count how many tasks of each component a run has.

    A task whose condition can't be known before isn't counted.

    Args:
        spec: the compiled pipeline's first document.
        values: the values of its parameters, defaults included.

    Raises:
        InputDataError: a loop goes over something else than a parameter.
    """
    return Counter(_tasks(spec, spec["root"], values))


def _tasks(
    spec: Mapping[str, Any], component: Mapping[str, Any], values: Mapping[str, Any]
) -> Iterator[str]:
    for task in component["dag"]["tasks"].values():
        name = task["componentRef"]["name"]
        inner = spec["components"][name]
        given = dict(_given(task, values))
        if not is_run(task, given):
            continue
        if "dag" not in inner:
            if "importer" not in spec["deploymentSpec"]["executors"][inner["executorLabel"]]:
                yield _component(name.removeprefix("comp-"))
            continue
        for _ in range(_rounds(task, given)):
            yield from _tasks(spec, inner, given)


def _given(task: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the inputs of a task, and their values as far as these come from the run's."""
    for key, value in task.get("inputs", {}).get("parameters", {}).items():
        if value.get("componentInputParameter") in values:
            yield key, values[value["componentInputParameter"]]
        elif "constant" in value.get("runtimeValue", {}):
            yield key, value["runtimeValue"]["constant"]


def _component(name: str) -> str:
    """Return the name of a component: kfp has no underscores in the names of its tasks."""
    return name.replace("-", "_")


def _rounds(task: Mapping[str, Any], given: Mapping[str, Any]) -> int:
    if "parameterIterator" not in task:
        return 1
    items = task["parameterIterator"]["items"]
    over = given.get(items.get("inputParameter"))
    if not isinstance(over, list):
        raise InputDataError("The pipeline loops over something else than a list parameter.")
    return len(over)


def executor_outputs(folder: Path) -> list[Path]:
    """Return what the tasks below a folder wrote last of all, sorted."""
    return sorted(folder.rglob(EXECUTOR_OUTPUT))


def check_complete(
    written: Iterable[Path], spec: Mapping[str, Any], values: Mapping[str, Any]
) -> list[CompletedTask]:
    """Check all outputs of a run against what its components recorded.

    Args:
        written: the executor output of each task.
        spec: the compiled pipeline's first document.
        values: the values of its parameters, defaults included.

    Raises:
        InputDataError: a task or an output is missing, or an output is not what was recorded.
    """
    done = []
    for path in written:
        # Of the folders below a run's own, those of the fan-out come first, the task's last.
        name = path.parent.name
        outputs = spec["components"][f"comp-{name}"]["outputDefinitions"]["artifacts"]
        done.append(_check_task(path, _component(name), list(outputs)))
    expected, counts = expected_tasks(spec, values), Counter(task.component for task in done)
    for component, number in expected.items():
        if counts[component] < number:
            raise InputDataError(
                f"{counts[component]} of {plural(number, 'task')} of {component} succeeded: the "
                "log has the errors of the others, even where the runner reported success."
            )
    return done


def _check_task(path: Path, component: str, names: list[str]) -> CompletedTask:
    artifacts = json.loads(path.read_text(encoding="utf-8"))["artifacts"]
    outputs = {
        name: Artifact.from_json(value["artifacts"][0]) for name, value in artifacts.items()
    }
    for name in names:
        if name not in outputs or not outputs[name].path.exists():
            raise InputDataError(f"The output {name} of {component} is missing: {path.parent}.")
        _check_output(outputs[name], f"The output {name} of {component}")
    return CompletedTask(component, outputs)


def _check_output(artifact: Artifact, which: str) -> None:
    recorded = artifact.metadata.get("sha256")
    if recorded is not None and measure(artifact.path).sha256 != recorded:
        raise InputDataError(
            f"{which} is not what the task recorded: something has changed {artifact.path}, or "
            "its disk is full."
        )
