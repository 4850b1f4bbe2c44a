"""Claims about the sizes of the pipelines by the number of shards: what fits on a cluster."""

from pathlib import Path

import pytest

from pipelines.compile import PIPELINES
from pipelines.sizes import LIMIT
from pipelines.sizes_table import CASES, COMMAND, SHARDS, Sizes, all_sizes
from pipelines.workflow_size import WORKFLOW_LIMIT

# Of each limit, what is used at most: the rest is for label maps, longer addresses and retries.
MOST_OF_TASK, MOST_OF_WORKFLOW = 0.88, 0.92


@pytest.fixture(scope="module")
def table(folder: Path) -> list[Sizes]:
    """The sizes of all cases."""
    return list(all_sizes(folder))


def test_the_table_has_all_pipelines_and_numbers(table: list[Sizes]) -> None:
    """Each pipeline has a row for 1, 40, 2,000 and 20,000 shards, in at most 40 pods."""
    assert {case.partition(",")[0] for case in CASES} >= {
        "train",
        "train-gpu",
        "train-cpu",
        "label",
    }
    assert {case.partition(",")[0] for case in CASES} <= set(PIPELINES)
    assert [(one.case, one.shards) for one in table] == [
        (case, number) for case in CASES for number in (1, 40, 2_000, 20_000)
    ]
    assert {one.pods for one in table} == {1, 40}


def test_every_task_fits_with_room(table: list[Sizes]) -> None:
    """What a cluster hands to the pod of any task is 12 % below its limit in any case."""
    for one in table:
        assert max(one.tasks.values()) < MOST_OF_TASK * LIMIT, (one.case, one.largest)
        assert one.driver < 0.5 * LIMIT


def test_the_workflow_fits_with_room(table: list[Sizes]) -> None:
    """At the end of a run the workflow is 8 % below its limit in any case."""
    assert max(one.workflow for one in table) < MOST_OF_WORKFLOW * WORKFLOW_LIMIT


def test_sizes_grow_with_pods_and_not_with_shards(table: list[Sizes]) -> None:
    """Five hundred times the shards in as many pods add less than 1 KiB to anything."""
    sizes = {(one.case, one.shards): one for one in table}
    for case in CASES:
        few, many = sizes[case, SHARDS[1]], sizes[case, SHARDS[-1]]
        for stage, size in few.tasks.items():
            assert many.tasks[stage] - size < 100
        assert many.driver - few.driver < 1024
        assert many.workflow - few.workflow < 2048


def test_the_table_is_markdown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints a row for each case and number of shards, and one with the limits."""
    assert COMMAND.main(["--folder", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + len(CASES) * len(SHARDS) + 1
    assert {line.count("|") for line in lines} == {8}
    assert lines[-1].endswith("| 128 KiB | 128 KiB | 1024 KiB |")
