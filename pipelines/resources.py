"""What tasks may use of a cluster, as parameters of the pipelines.

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
    """What a task may use.

    Attributes:
        cpu: the most processors.
        memory: the most memory, such as ``4Gi``.
        memory_request: the memory that is reserved.
        disk: the most that it may write to its scratch folder, and as much again for what the
            launcher brings and takes.
        seconds: the longest time.
        retries: how often it is started again after a failure.
        cpu_request: the processors that are reserved: few enough for a node of two cores.
    """

    cpu: str
    memory: str
    memory_request: str
    disk: str
    seconds: int
    retries: int = 2
    cpu_request: str = "500m"


# For shards of up to about 10 GB of images; docs/kubernetes.md has the sums.
RESOURCES = {
    "anchor": Resources("1", "512Mi", "128Mi", "1Gi", HOUR, retries=3, cpu_request="100m"),
    "download": Resources("2", "4Gi", "512Mi", "40Gi", 6 * HOUR, retries=3),
    "preprocess": Resources("4", "8Gi", "1Gi", "40Gi", 6 * HOUR),
    "clean": Resources("2", "8Gi", "1Gi", "10Gi", HOUR),
    "link": Resources("1", "4Gi", "512Mi", "10Gi", HOUR),
    "retrain": Resources("4", "16Gi", "2Gi", "100Gi", 24 * HOUR, retries=1),
    "predict": Resources("4", "8Gi", "2Gi", "40Gi", 12 * HOUR),
    "publish": Resources("1", "2Gi", "256Mi", "10Gi", HOUR, retries=3),
}
_HELPS = {
    "cpu": "the most processors that a task of {stage} may use, such as 2 or 500m",
    "cpu_request": "the processors that are reserved for a task of {stage}",
    "memory": "the most memory that a task of {stage} may use, such as 4Gi",
    "memory_request": "the memory that is reserved for a task of {stage}",
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
