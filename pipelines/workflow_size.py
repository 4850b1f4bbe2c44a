"""The size of a run's workflow, which a cluster keeps as one object of at most 1 MiB.

The object holds the specification and, compressed, a node for each pod and each group of pods,
with all their inputs. A task has six nodes: its driver's pod and its own, and above them those of
their retries and templates. A nested graph has those of a driver, and so has each turn of a loop
(kubeflow/pipelines, backend/src/v2/compiler/argocompiler).

Measured with Kubeflow Pipelines 2.17.0 and Argo Workflows 4.0.5 on workflows of the pipeline
`train` of commit 7f66d77 (bytes):

==============================================================  =========  =========
nodes                                                                made  estimated
==============================================================  =========  =========
60 shards with two tasks each, as JSON                          6,827,955  6,589,000
the same, compressed, in base64                                   573,856    593,000
52 shards, and all other tasks, compressed, in base64             679,000    693,000
==============================================================  =========  =========
"""

import zlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

from pipelines.inputs import RunInputs, TaskInputs
from pipelines.json_text import byte_size, go_json, json_text

WORKFLOW_LIMIT = 1024 * 1024
# The parameter over whose items pipelines loop.
SHARDS = "shards"
# What nodes have besides their inputs, those of drivers and of others, and what the groups of one
# turn of a loop have together.
_DRIVER, _NODE, _TURN = 700, 600, 2_700
# Nodes with much the same content, compressed, in base64, for each byte; measured were 0.084.
_RATIO = 0.09
# The same of lists of artifacts, which are longer than what compression looks back upon.
_RATIO_OF_LISTS = 0.13
# The templates of the workflow that all pipelines have.
_TEMPLATES = 40_000


def workflow_parts(
    run: RunInputs, patches: Mapping[str, int], lists: Mapping[str, int]
) -> Counter[str]:
    """Return the sizes of a workflow's parts: by parameter, and `shards` for all pods of loops.

    Args:
        run: the inputs of the run's tasks.
        patches: by stage, the size of what its pod is handed but for lists of artifacts (bytes).
        lists: by stage, the size of the lists of artifacts (bytes).
    """
    parts: Counter[str] = Counter()
    turns = run.pods if any(graph.is_loop for graph in run.graphs) else 0
    parts[SHARDS] += round(turns * _RATIO * _TURN)
    for graph in run.graphs:
        size = _RATIO * 2 * (_DRIVER + _embedded(graph.component) + _embedded(graph.task))
        parts[SHARDS if graph.is_loop else ""] += round(size * (run.pods if graph.is_loop else 1))
    for task in run.tasks:
        size = round(_RATIO * nodes_size(task, patches[task.stage]))
        if task.is_in_loop:
            parts[SHARDS] += run.pods * size
            continue
        parts[SHARDS] += round(6 * _RATIO_OF_LISTS * lists[task.stage])
        values = {one.source: _compressed(one.content) for one in task.parameters.values()}
        given = sum(size for source, size in values.items() if source)
        for source, own in values.items():
            if source:
                parts[source] += 6 * own
        parts[""] += max(size - 6 * given, 0)
    for name, content in run.values.items():
        parts[name] += _embedded(content) + 2 * _compressed(content)
    parts[""] += _specification_size(run)
    return parts


def nodes_size(task: TaskInputs, patch: int) -> int:
    """Return the size of a task's six nodes as JSON (bytes)."""
    specifications = (task.component, task.task, task.container, task.platform)
    driver = _DRIVER + sum(map(_embedded, specifications)) + patch
    return 2 * driver + 4 * (_NODE + patch)


def _specification_size(run: RunInputs) -> int:
    """Return the size of a workflow's specification, which isn't compressed.

    It holds each component once, in texts of JSON, and each task again.
    """
    tasks = [task.task for task in run.tasks] + [graph.task for graph in run.graphs]
    return _TEMPLATES + sum(map(_embedded, (*run.documents, *tasks)))


def _embedded(value: Any) -> int:
    """Return the size of JSON within a text of JSON."""
    return byte_size(go_json(go_json(value)))


def _compressed(value: Any) -> int:
    """Return the size of a value in a node: compressed a little less than by zlib, in base64."""
    escaped = go_json(go_json(json_text(value))).encode("utf-8", "surrogatepass")
    return len(zlib.compress(escaped)) * 3 // 2
