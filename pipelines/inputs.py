"""The inputs of each task of a run, from a compiled pipeline and the run's values.

The values of a run go down through nested pipelines and loops until they reach containers.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from autofocus.errors import InputDataError
from autofocus.options.settings import shown
from pipelines.conditions import is_run
from pipelines.interface import stage_of

Spec = Mapping[str, Any]


@dataclass(frozen=True)
class Value:
    """A parameter of a task.

    Attributes:
        source: the run's parameter that it comes from; empty if it comes from none.
        content: the value.
    """

    source: str
    content: Any


@dataclass(frozen=True)
class Origin:
    """The origin of an artifact.

    Attributes:
        executor: that of the task that makes it.
        output: the name of the task's output.
        imported: whether it was there before the run.
    """

    executor: str
    output: str
    imported: bool

    @property
    def stage(self) -> str:
        """The component that makes it."""
        return stage_of(self.executor)


@dataclass(frozen=True)
class TaskInputs:
    """The inputs of a container.

    Attributes:
        component: the specification of its component.
        task: its own specification.
        container: its image, command and environment.
        platform: its specification for Kubernetes.
        parameters: values by the component's parameter.
        artifacts: their origins, by the component's input.
        is_in_loop: whether there is such a task in each pod.
    """

    component: Spec
    task: Spec
    container: Spec
    platform: Spec
    parameters: Mapping[str, Value]
    artifacts: Mapping[str, Origin]
    is_in_loop: bool

    @property
    def stage(self) -> str:
        """The component's name."""
        return stage_of(self.component["executorLabel"])

    def is_list(self, name: str) -> bool:
        """Return whether an input takes an artifact of each pod."""
        known = self.component.get("inputDefinitions", {}).get("artifacts", {})
        return bool(known.get(name, {}).get("isArtifactList"))


@dataclass(frozen=True)
class Graph:
    """A graph within a pipeline, which has a driver of its own.

    Attributes:
        component: the specification of its component.
        task: its own specification.
        is_loop: whether there is one in each turn of a loop.
    """

    component: Spec
    task: Spec
    is_loop: bool


@dataclass(frozen=True)
class RunInputs:
    """The inputs of a run's tasks.

    Attributes:
        pipeline: the pipeline's name.
        root: the specification of the whole.
        values: the run's parameters, with the pipeline's defaults.
        documents: the compiled pipeline's documents.
        tasks: one for each container; within a loop, that with the longest item.
        graphs: those within the pipeline.
        pods: the length of the longest loop.
    """

    pipeline: str
    root: Spec
    values: Mapping[str, Any]
    documents: tuple[Spec, ...]
    tasks: tuple[TaskInputs, ...]
    graphs: tuple[Graph, ...]
    pods: int


def read_inputs(documents: list[Any], values: Mapping[str, Any]) -> RunInputs:
    """Return the inputs of each task of a run.

    Args:
        documents: the compiled pipeline's documents.
        values: the run's values; others are the pipeline's defaults.

    Raises:
        InputDataError: the pipeline can't be read.
    """
    try:
        return _read(documents, values)
    except (AttributeError, KeyError, IndexError, TypeError) as error:
        raise InputDataError(
            f"The compiled pipeline can't be read ({shown(error)}): compile it again."
        ) from None


def _read(documents: list[Any], values: Mapping[str, Any]) -> RunInputs:
    spec = documents[0]
    root = spec["root"]
    known = root.get("inputDefinitions", {}).get("parameters", {})
    defaults = {
        name: definition["defaultValue"]
        for name, definition in known.items()
        if "defaultValue" in definition
    }
    complete = defaults | dict(values)
    walk = _Walk(spec, documents[1] if len(documents) > 1 else {})
    walk.down(root, {name: Value(name, content) for name, content in complete.items()}, {})
    name = str(spec["pipelineInfo"]["name"])
    return RunInputs(
        name,
        root,
        complete,
        tuple(documents),
        tuple(walk.tasks),
        tuple(walk.graphs),
        max(walk.loops, default=1),
    )


@dataclass(frozen=True)
class _Walk:
    """Goes through a pipeline's graph, and collects tasks and the lengths of loops."""

    spec: Spec
    platform: Spec
    tasks: list[TaskInputs] = field(default_factory=list)
    graphs: list[Graph] = field(default_factory=list)
    loops: list[int] = field(default_factory=list)

    def down(
        self,
        component: Spec,
        parameters: Mapping[str, Value],
        artifacts: Mapping[str, Origin],
        is_in_loop: bool = False,
    ) -> None:
        """Collect the tasks of a graph, given its inputs; not those that the run doesn't have."""
        tasks = component["dag"]["tasks"]
        for task in tasks.values():
            inner = self._component(task)
            given = dict(_parameters(task, parameters))
            if is_run(task, {name: value.content for name, value in given.items()}) is False:
                continue
            is_loop = "parameterIterator" in task
            if is_loop:
                given |= self._item(task["parameterIterator"], given)
            origins = dict(self._artifacts(tasks, task, artifacts))
            if "dag" in inner:
                self.graphs.append(Graph(inner, task, is_in_loop or is_loop))
                self.down(inner, given, origins, is_in_loop or is_loop)
            elif container := self._executor(inner["executorLabel"]).get("container"):
                platform = self._platform(inner["executorLabel"])
                self.tasks.append(
                    TaskInputs(inner, task, container, platform, given, origins, is_in_loop)
                )

    def _component(self, task: Spec) -> Spec:
        component: Spec = self.spec["components"][task["componentRef"]["name"]]
        return component

    def _executor(self, label: str) -> Spec:
        executor: Spec = self.spec["deploymentSpec"]["executors"].get(label, {})
        return executor

    def _platform(self, label: str) -> Spec:
        content = self.platform
        for key in ("platforms", "kubernetes", "deploymentSpec", "executors", label):
            content = content.get(key, {})
        return content

    def _item(self, iterator: Spec, given: Mapping[str, Value]) -> dict[str, Value]:
        """Return a loop's item: the longest."""
        items = iterator["items"]
        value = given.get(items.get("inputParameter", ""))
        if value is None:
            value = Value("", json.loads(items.get("raw", "[]")))
        self.loops.append(len(value.content))
        longest = max(value.content, key=lambda item: len(str(item)), default="")
        return {iterator["itemInput"]: Value(value.source, longest)}

    def _artifacts(
        self, tasks: Spec, task: Spec, artifacts: Mapping[str, Origin]
    ) -> Iterator[tuple[str, Origin]]:
        for name, source in task.get("inputs", {}).get("artifacts", {}).items():
            if made := source.get("taskOutputArtifact"):
                yield name, self._origin(tasks, made["producerTask"], made["outputArtifactKey"])
            elif origin := artifacts.get(source.get("componentInputArtifact", "")):
                yield name, origin

    def _origin(self, tasks: Spec, task: str, output: str) -> Origin:
        """Return where an output comes from: a task may be a whole pipeline."""
        component = self._component(tasks[task])
        if "dag" not in component:
            label = component["executorLabel"]
            return Origin(label, output, imported="importer" in self._executor(label))
        inner = component["dag"]
        selector = inner["outputs"]["artifacts"][output]["artifactSelectors"][0]
        return self._origin(
            inner["tasks"], selector["producerSubtask"], selector["outputArtifactKey"]
        )


def _parameters(task: Spec, parameters: Mapping[str, Value]) -> Iterator[tuple[str, Value]]:
    for name, source in task.get("inputs", {}).get("parameters", {}).items():
        if "runtimeValue" in source:
            yield name, Value("", source["runtimeValue"].get("constant"))
        elif (value := parameters.get(source.get("componentInputParameter", ""))) is not None:
            yield name, value
