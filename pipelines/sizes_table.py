"""The sizes of the pipelines by the number of shards, as a table for the documentation.

    python -m pipelines.sizes_table

The columns are the compiled YAML, the largest template that a pod is handed and the largest that
grows with the pods, that of the driver of the whole run, and the workflow at the end of the run.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofocus.options.command import Argument
from autofocus.runs.sharding import Shards
from pipelines.command import ModuleCommand
from pipelines.interface import load_documents
from pipelines.parameters import MOST_PODS
from pipelines.sizes import LIMIT, run_size, task_sizes, workflow_size
from pipelines.workflow_size import WORKFLOW_LIMIT

NAME = "pipelines.sizes_table"
SHARDS = (1, 40, 2_000, 20_000)
# Of each of the pipelines that a table is for, what a run needs, and what makes it largest.
VALUES = {"bucket": "wildlife", "manifest": "0" * 64}
CASES: dict[str, dict[str, Any]] = {
    "train": {},
    "train, fine-tuned": {"fine_tune_layers": 2},
    "train-gpu": {"fine_tune_layers": 2},
    "train-cpu": {},
    "label": {"model_uri": "s3://mlpipeline/v2/artifacts/autofocus-train/model"},
}


@dataclass(frozen=True)
class Sizes:
    """The sizes of a run (bytes).

    Attributes:
        case: the pipeline, and how it runs.
        shards: the number of shards.
        pods: how many pods take them.
        yaml: the compiled pipeline.
        tasks: the template that each task's pod is handed, by stage.
        driver: the template of the driver of the run.
        workflow: the workflow at the end of the run.
    """

    case: str
    shards: int
    pods: int
    yaml: int
    tasks: dict[str, int]
    driver: int
    workflow: int

    @property
    def largest(self) -> str:
        """The stage with the largest template."""
        return max(self.tasks, key=lambda stage: self.tasks[stage])

    def cells(self) -> list[str]:
        """Return the cells of a row."""
        largest = f"{_kib(self.tasks[self.largest])} ({self.largest})"
        sizes = [_kib(self.yaml), largest, _kib(self.driver), _kib(self.workflow)]
        return [self.case, f"{self.shards:,}", str(self.pods), *sizes]


def all_sizes(folder: Path) -> Iterator[Sizes]:
    """Yield the sizes of each case and number of shards.

    Args:
        folder: where the compiled pipelines are.
    """
    for case, more in CASES.items():
        path = folder / f"{case.partition(',')[0]}.yaml"
        documents = load_documents(path)
        for number in SHARDS:
            parts = Shards.divide(number, min(number, MOST_PODS))
            values = {**VALUES, **more, "shards": [str(part) for part in parts]}
            yield Sizes(
                case,
                number,
                len(parts),
                path.stat().st_size,
                task_sizes(documents, values),
                run_size(documents, values),
                workflow_size(documents, values),
            )


def sizes_table(folder: Path) -> str:
    """Return the sizes of the pipelines as Markdown.

    Args:
        folder: where the compiled pipelines are.
    """
    header = [
        "pipeline",
        "shards",
        "pods",
        "YAML",
        "largest task",
        "driver of the run",
        "workflow",
    ]
    limits = ["limit", "", "", "", _kib(LIMIT), _kib(LIMIT), _kib(WORKFLOW_LIMIT)]
    rows = [one.cells() for one in all_sizes(folder)]
    lines = [header, ["---", *["---:"] * 2, *["---:"] * 4], *rows, limits]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _kib(size: int) -> str:
    return f"{-(-size // 1024)} KiB"


COMMAND = ModuleCommand(
    name=NAME,
    summary="Print the sizes of the compiled pipelines by the number of shards.",
    example="python -m pipelines.sizes_table --folder build/pipelines",
    function=sizes_table,
    arguments=(Argument("folder", "the folder of pipelines", default=Path("build/pipelines")),),
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
