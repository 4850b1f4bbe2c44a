"""A run as the cluster's launcher sees it: tasks, their input artifacts, and which it can fetch.

The launcher knows the bucket of its own run. Of another bucket it opens a connection only for the
first artifact of each input that is not of its run; it then fetches all artifacts by the buckets
that are open (kubeflow/pipelines, backend/src/v2/component/launcher_v2.go).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

# A task of a run: its name, with the number of its loop's turn where it is in a loop.
Key = str
Artifacts = tuple[Key, ...]
IMPORTER = "importer"


@dataclass(frozen=True)
class Task:
    """A task of a run.

    Attributes:
        key: its name in the run.
        inputs: by name, the tasks that make the input's artifacts.
        cacheable: whether it may be taken from the cache.
    """

    key: Key
    inputs: Mapping[str, Artifacts]
    cacheable: bool

    @property
    def producers(self) -> set[Key]:
        """All tasks of which it takes artifacts."""
        return {key for keys in self.inputs.values() for key in keys}


def expand(spec: Mapping[str, Any], shards: int) -> list[Task]:
    """Return all tasks of a run of a compiled pipeline."""
    return [task for task, _ in _dag(spec, spec["root"], "", {}, shards)[0]]


def _dag(
    spec: Mapping[str, Any],
    component: Mapping[str, Any],
    turn: str,
    given: Mapping[str, Artifacts],
    shards: int,
) -> tuple[list[tuple[Task, str]], dict[str, Artifacts]]:
    """Return the tasks of a graph, and which of them make each of its outputs."""
    tasks: list[tuple[Task, str]] = []
    made: dict[tuple[str, str], Artifacts] = {}
    waiting = dict(component["dag"]["tasks"])
    while waiting:
        ready = [name for name in waiting if not _needs(waiting[name]) & set(waiting)]
        for name in ready:
            task = waiting.pop(name)
            inputs = {key: _source(value, given, made) for key, value in _artifacts(task).items()}
            inner = spec["components"][task["componentRef"]["name"]]
            if "dag" not in inner:
                key = name + turn
                cacheable = bool(task.get("cachingOptions", {}).get("enableCache"))
                tasks.append((Task(key, inputs, cacheable), name))
                for output in inner["outputDefinitions"]["artifacts"]:
                    made[name, output] = (key,)
                continue
            turns = range(shards) if "parameterIterator" in task else [None]
            for number in turns:
                below = turn if number is None else f"{turn}[{number}]"
                found, outputs = _dag(spec, inner, below, inputs, shards)
                tasks += found
                for output, keys in outputs.items():
                    made[name, output] = made.get((name, output), ()) + keys
    outputs = {
        output: tuple(
            key
            for selector in value["artifactSelectors"]
            for key in made[selector["producerSubtask"], selector["outputArtifactKey"]]
        )
        for output, value in component["dag"].get("outputs", {}).get("artifacts", {}).items()
    }
    return tasks, outputs


def _artifacts(task: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = task.get("inputs", {}).get("artifacts", {})
    return found


def _needs(task: Mapping[str, Any]) -> set[str]:
    sources = [value.get("taskOutputArtifact") for value in _artifacts(task).values()]
    return {source["producerTask"] for source in sources if source}


def _source(
    value: Mapping[str, Any],
    given: Mapping[str, Artifacts],
    made: Mapping[tuple[str, str], Artifacts],
) -> Artifacts:
    if "componentInputArtifact" in value:
        return given[value["componentInputArtifact"]]
    source = value["taskOutputArtifact"]
    return made[source["producerTask"], source["outputArtifactKey"]]


def cache_states(tasks: Sequence[Task]) -> Iterator[frozenset[Key]]:
    """Yield every set of tasks that may be cached while all others run.

    A task's cache key holds the identities of its input artifacts, and what runs again makes new
    ones: so a task can be cached only if all tasks before it are.
    """
    candidates = [task for task in tasks if task.cacheable]
    for number in range(len(candidates) + 1):
        for chosen in combinations(candidates, number):
            cached = {task.key for task in chosen}
            if all(task.producers - {IMPORTER} <= cached for task in chosen):
                yield frozenset(cached)


def unfetchable(task: Task, cached: frozenset[Key]) -> set[Key]:
    """Return whose artifacts a task can't fetch, whatever the order of its lists.

    Args:
        task: one that runs.
        cached: the tasks whose artifacts are of an earlier run; all lie in one bucket.
    """
    # In the worst order a list begins with an artifact of this run.
    is_open = any(keys and set(keys) <= cached for keys in task.inputs.values())
    return set() if is_open else task.producers & cached
