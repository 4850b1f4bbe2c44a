"""The resources of tasks, as parameters of the pipelines.

Each stage has four: `<stage>_cpu` and `<stage>_memory` are limits, `<stage>_cpu_request` and
`<stage>_memory_request` what the scheduler reserves. They are text: the cluster's driver fills in
text only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.interface import Parameter

HOUR = 3600


@dataclass(frozen=True)
class Resources:
    """The resources of a task.

    Attributes:
        cpu: the limit of processors.
        memory: the limit of memory, such as ``4Gi``.
        memory_request: the memory that is reserved.
        disk: the limit of its scratch folder, and of the launcher's copies of its artifacts.
        seconds: the limit of an attempt's time (s).
        retries: the maximum number of retries.
        cpu_request: the processors that are reserved: few enough for a node of two cores.
    """

    cpu: str
    memory: str
    memory_request: str
    disk: str
    seconds: int
    retries: int = 2
    cpu_request: str = "500m"


# For shards of up to about 10 GB of images, and pods of up to 500,000 images in all their shards;
# docs/kubernetes.md has the sums.
RESOURCES = {
    "anchor": Resources("1", "512Mi", "128Mi", "1Gi", HOUR, retries=3, cpu_request="100m"),
    "download": Resources("2", "4Gi", "512Mi", "40Gi", 6 * HOUR, retries=3),
    "preprocess": Resources("4", "8Gi", "1Gi", "40Gi", 6 * HOUR),
    "ingest": Resources("4", "8Gi", "1Gi", "80Gi", 24 * HOUR, retries=3),
    "embed": Resources("4", "8Gi", "2Gi", "80Gi", 24 * HOUR, retries=3),
    "clean": Resources("2", "8Gi", "1Gi", "10Gi", HOUR),
    "link": Resources("1", "4Gi", "512Mi", "10Gi", HOUR),
    "retrain": Resources("4", "16Gi", "2Gi", "100Gi", 24 * HOUR),
    "fine_tune": Resources("4", "16Gi", "2Gi", "100Gi", 24 * HOUR),
    "fetch_model": Resources("2", "4Gi", "512Mi", "10Gi", HOUR, retries=3),
    "predict": Resources("4", "8Gi", "2Gi", "80Gi", 24 * HOUR),
    "publish": Resources("1", "2Gi", "256Mi", "10Gi", HOUR, retries=3),
}
_HELPS = {
    "cpu": "limit of processors for a task of {stage}, such as 2 or 500m",
    "cpu_request": "processors to reserve for a task of {stage}",
    "memory": "limit of memory for a task of {stage}, such as 4Gi",
    "memory_request": "memory to reserve for a task of {stage}",
}


def resource_parameters(*components: str) -> tuple[Parameter, ...]:
    """Return the parameters for the resources of some components."""
    return tuple(
        Parameter(
            f"{component}_{name}",
            str,
            text.format(stage=component),
            getattr(RESOURCES[component], name),
        )
        for component in components
        for name, text in _HELPS.items()
    )


def of_stage(stage: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a stage's four parameters, by their names without the stage.

    Args:
        stage: the component's name.
        given: the pipeline's parameters; what it doesn't have is as in `RESOURCES`.
    """
    return {name: given.get(f"{stage}_{name}", getattr(RESOURCES[stage], name)) for name in _HELPS}
