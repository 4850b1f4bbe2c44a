"""The sizes of what a cluster passes to each task, and its limits.

Argo Workflows passes a pod its template, with all inputs of the task, in an environment variable.
It puts a template of more than 128 KiB into a ConfigMap instead, which the role that Kubeflow
Pipelines ships may not create: the task fails, hours after the run began. So each task's template
is built here as the cluster builds it: the executor input is JSON, in the patch of the pod, which
is JSON, in the template, which is JSON; each time all quotes are escaped anew.

Measured for the pipelines of commit 7f66d77 with Kubeflow Pipelines 2.17.0 and Argo Workflows
4.0.5, and estimated here (bytes):

=============================================  ========  =========
template                                           made  estimated
=============================================  ========  =========
`preprocess`                                      9,118      9,098
`preprocess`, of 60 shards                        9,108      9,098
`download`, of 60 shards                          8,435      8,390
`clean`, 60 shards, which failed                139,034    144,444
=============================================  ========  =========

Executor inputs of all seven components, of two shards, are estimated 2 % too small to 3 % too
large, and that of `clean` of 52 shards, which succeeded, 5 % too large (76,630 and 80,717).
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autofocus.containers import shards
from autofocus.errors import SettingError
from autofocus.runs.ledger import Reason, Share
from components.stages import stages_of
from pipelines.inputs import Origin, RunInputs, TaskInputs, read_inputs
from pipelines.interface import PipelineInterface
from pipelines.json_text import byte_size, go_json, json_text
from pipelines.workflow_size import SHARDS, WORKFLOW_LIMIT, workflow_parts

LIMIT = 128 * 1024
# The rest of a template, which differs little from task to task.
_REST = 2_650
_ROOT = "mlpipeline/v2/artifacts"
_UUID = "00000000-0000-0000-0000-000000000000"
_LOGS = "executor-logs"
_STORE = (
    '{"Provider":"s3","Params":{"accessKeyKey":"accesskey","disableSSL":"true",'
    '"endpoint":"seaweedfs.kubeflow.svc.cluster.local:8333","forcePathStyle":"true",'
    '"fromEnv":"false","maxRetries":"5","region":"us-east-1","secretKeyKey":"secretkey",'
    '"secretName":"mlpipeline-minio-artifact"}}'
)
# The metadata of an artifact: those that a component records, and the access to the store.
METADATA: Mapping[str, Any] = {
    "bytes": 1_000_000,
    "files": 2,
    "inputs": 10_000,
    "ok": 10_000,
    "rejected": 10,
    f"rejected_{Reason.NOT_AN_IMAGE.value}": 10,
    "reused": 0,
    "sha256": "0" * 64,
    "store_session_info": _STORE,
}
_IMPORTED: Mapping[str, Any] = {
    "store_session_info": '{"Provider":"s3","Params":{"fromEnv":"true"}}'
}
_SHARE = Share(10_000, {Reason.NOT_AN_IMAGE.value: 10})
_RESOURCES = {"limits": {"cpu": "1000m", "memory": "16Gi"}}
_LAUNCHER = (
    "--pod_name", "$(KFP_POD_NAME)", "--pod_uid", "$(KFP_POD_UID)",
    "--ml_pipeline_server_address", "ml-pipeline.kubeflow.svc.cluster.local",
    "--ml_pipeline_server_port", "8887",
    "--mlmd_server_address", "metadata-grpc-service.kubeflow.svc.cluster.local",
    "--mlmd_server_port", "8080",
    "--publish_logs", "true", "--publish_logs", "true", "--",
)  # fmt: skip
_ADVICE = {"labelmap": "use a smaller label map", SHARDS: "use fewer pods"}


@dataclass(frozen=True)
class _Template:
    """A template as the cluster would hand it to a pod.

    Attributes:
        name: whose it is.
        text: the content that differs from pod to pod.
        parts: the sizes of its parts by the run's parameter; `shards` for the lists of
            artifacts.
    """

    name: str
    text: str
    parts: Mapping[str, int]

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return byte_size(self.text) + _REST


def task_sizes(documents: list[Any], values: Mapping[str, Any]) -> dict[str, int]:
    """Return the sizes of the templates of the stages' tasks (bytes).

    Args:
        documents: the compiled pipeline's documents.
        values: the run's values; others are the pipeline's defaults.
    """
    run = read_inputs(documents, values)
    return {task.stage: _of_task(run, task).size for task in run.tasks}


def run_size(documents: list[Any], values: Mapping[str, Any]) -> int:
    """Return the size of the template of the run's driver (bytes).

    Args:
        documents: the compiled pipeline's documents.
        values: the run's values; others are the pipeline's defaults.
    """
    return _of_run(read_inputs(documents, values)).size


def workflow_size(documents: list[Any], values: Mapping[str, Any]) -> int:
    """Return the estimated size of the workflow at the end of the run (bytes).

    Args:
        documents: the compiled pipeline's documents.
        values: the run's values; others are the pipeline's defaults.
    """
    return sum(_workflow_parts(read_inputs(documents, values)).values())


def check_sizes(
    documents: list[Any], interface: PipelineInterface, values: Mapping[str, Any]
) -> None:
    """Check that a cluster can hand each task its inputs, and keep the workflow.

    Args:
        documents: the compiled pipeline's documents.
        interface: the pipeline.
        values: the run's values; others are the pipeline's defaults.

    Raises:
        SettingError: something would be too large; the sentence names its largest part.
    """
    run = read_inputs(documents, values)
    templates = sorted((_of_task(run, task) for task in run.tasks), key=lambda one: -one.size)
    for template in (*templates, _of_run(run)):
        if template.size > LIMIT:
            part, advice = _largest_part(template.parts, run.pods)
            raise SettingError(
                f"{template.name} would be handed {_kib(template.size)} ({part}), but a cluster "
                f"takes at most {_kib(LIMIT)} for one task: {advice}."
            )
    parts = _workflow_parts(run)
    size = sum(parts.values())
    if size > WORKFLOW_LIMIT:
        part, advice = _largest_part(parts, run.pods)
        raise SettingError(
            f"The workflow of {interface.name} would grow to {_kib(size)} ({part}), but a cluster "
            f"keeps at most {_kib(WORKFLOW_LIMIT)}: {advice}."
        )


def _largest_part(parts: Mapping[str, int], number: int) -> tuple[str, str]:
    """Return a phrase for the largest part, and what to do about it."""
    named = {name: size for name, size in parts.items() if name}
    name, size = max(named.items(), key=lambda item: item[1])
    called = f"{number} pods" if name == SHARDS else name
    return f"{called} alone {_kib(size)}", _ADVICE.get(name, f"shorten {name}")


def _kib(size: int) -> str:
    return f"{math.ceil(size / 1024)} KiB"


def _workflow_parts(run: RunInputs) -> Counter[str]:
    templates = {task.stage: _of_task(run, task) for task in run.tasks}
    lists = {stage: template.parts.get(SHARDS, 0) for stage, template in templates.items()}
    patches = {stage: byte_size(one.text) - lists[stage] for stage, one in templates.items()}
    return workflow_parts(run, patches, lists)


def _of_run(run: RunInputs) -> _Template:
    """Return the template of the driver of the whole run, which is handed all parameters."""
    config = go_json({"parameterValues": dict(run.values)})
    arguments = ["--component", go_json(run.root), "--runtime_config", config]
    parts = {name: byte_size(go_json(go_json(content))) for name, content in run.values.items()}
    return _Template(f"the driver of {run.pipeline}", go_json(arguments), parts)


def _of_task(run: RunInputs, task: TaskInputs) -> _Template:
    patch = {
        "containers": [
            {
                "name": "main",
                "image": task.container["image"],
                "command": [
                    *("/kfp-launcher/launch", "--pipeline_name", run.pipeline, "--run_id", _UUID),
                    *("--execution_id", "1000", "--executor_input"),
                    json_text(_executor_input(run, task)),
                    *("--component_spec", json_text(_with_logs(task)), *_LAUNCHER),
                ],
                "args": [*task.container.get("command", []), *task.container.get("args", [])],
                "env": task.container.get("env", []),
                "resources": _RESOURCES,
            }
        ],
        **task.platform,
    }
    return _Template(task.stage, go_json(go_json(patch)), _parts(run, task))


def _parts(run: RunInputs, task: TaskInputs) -> Counter[str]:
    parts: Counter[str] = Counter()
    for value in task.parameters.values():
        if value.source:
            parts[value.source] += byte_size(go_json(go_json(json_text(value.content))))
    for name in filter(task.is_list, task.artifacts):
        artifacts = _artifacts(run, task, name)
        parts[SHARDS] += byte_size(go_json(go_json(json_text(artifacts))))
    return parts


def _with_logs(task: TaskInputs) -> dict[str, Any]:
    """Return a component's specification; the cluster adds an output for the log to each."""
    outputs = {**_outputs(task), _LOGS: {"artifactType": {"schemaTitle": "system.Artifact"}}}
    return {**task.component, "outputDefinitions": {"artifacts": outputs}}


def _outputs(task: TaskInputs) -> dict[str, Any]:
    return dict(task.component.get("outputDefinitions", {}).get("artifacts", {}))


def _executor_input(run: RunInputs, task: TaskInputs) -> dict[str, Any]:
    folder = f"{run.pipeline}/{_UUID}/{task.stage}/{_UUID}"
    outputs = _with_logs(task)["outputDefinitions"]["artifacts"]
    return {
        "inputs": {
            "artifacts": {name: _listed(*_artifacts(run, task, name)) for name in task.artifacts},
            "parameterValues": {name: one.content for name, one in task.parameters.items()},
        },
        "outputs": {
            "artifacts": {
                name: _listed(
                    {
                        "name": name,
                        "type": definition["artifactType"],
                        "uri": f"s3://{_ROOT}/{folder}/{name}",
                    }
                )
                for name, definition in outputs.items()
            }
        },
        "outputFile": f"/s3/{_ROOT}/{folder}/output_metadata.json",
    }


def _listed(*artifacts: Mapping[str, Any]) -> dict[str, Any]:
    return {"artifacts": list(artifacts)}


def _artifacts(run: RunInputs, task: TaskInputs, name: str) -> list[dict[str, Any]]:
    """Return the artifacts of an input, as alike as the cluster's are."""
    origin = task.artifacts[name]
    artifact = {
        "name": "100000",
        "uri": f"s3://{_ROOT}/{run.pipeline}/{_UUID}/{origin.stage}/{_UUID}/{origin.output}",
    }
    if origin.imported:
        return [{**artifact, "metadata": dict(_IMPORTED)}]
    metadata = {**METADATA, "display_name": origin.output, **_shares(run, origin)}
    one = {**artifact, "type": {"instanceSchema": ""}, "metadata": metadata}
    return [one] * (run.pods if task.is_list(name) else 1)


def _shares(run: RunInputs, origin: Origin) -> dict[str, int]:
    """Return the metadata that the stages up to this one record for the check of all rejections.

    Older pipelines have no such check, and their images record nothing for it.
    """
    known = list(shards.STAGES.values())
    limits = {f"{stage}_max_rejected" for stage in known}
    is_checked = any(not limits.isdisjoint(task.parameters) for task in run.tasks)
    last = max((known.index(one) for one in stages_of(origin.stage) if one in known), default=-1)
    if not is_checked or origin.output not in shards.RECORDED:
        return {}
    stages = list(shards.STAGES)[: last + 1]
    return {key: n for stage in stages for key, n in shards.to_metadata(stage, _SHARE).items()}
