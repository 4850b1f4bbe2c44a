"""Claims about the lines for tasks that wait, are retried or failed."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from pipelines.problems import LOGS_PER_STAGE, PENDING_S, Problems
from pipelines.snapshot import take_snapshot
from pipelines.workflow import Node, Workflow
from tests.pipelines.workflows import (
    DONE,
    FAILED,
    LOGS,
    START,
    Work,
    log_key,
    times,
    workflow,
)

SCHEDULED = START.timestamp() + 60
UNSCHEDULABLE = "Unschedulable: 0/1 nodes are available: 1 Insufficient cpu."


def problems(
    manifest: str,
    read: Callable[[Workflow, Node], str | None] = lambda *_: None,
    shards: list[str] | None = None,
    clock: float = SCHEDULED + 3600,
) -> list[str]:
    """Return the lines about a run."""
    run = {"state": "RUNNING", "runtime_config": {"parameters": {"shards": shards}}}
    found = Problems(read, lambda: clock).find(take_snapshot(run, manifest))
    return [str(problem) for problem in found]


def test_a_failure_names_stage_shard_and_the_log_s_last_sentence() -> None:
    """The shard as the run names it, and the sentence as the task wrote it."""
    manifest = workflow({"download": {0: DONE, 1: FAILED}})
    assert problems(manifest, lambda *_: "There is no bucket ark", ["a", "b"]) == [
        "download (shard b) failed: There is no bucket ark"
    ]


def test_shards_that_failed_alike_are_one_line() -> None:
    """Reasons that differ in counts alone are one; of many shards the first are named."""
    sentences = iter(f"{number} of 9 images were rejected" for number in range(1, 9))
    manifest = workflow({"download": times(3, FAILED), "preprocess": times(4, FAILED)})
    assert problems(manifest, lambda *_: next(sentences)) == [
        "download (shards 0/4, 1/4 and 2/4) failed: 1 of 9 images were rejected",
        "preprocess (shards 0/4, 1/4 and 2 more) failed: 4 of 9 images were rejected",
    ]


def test_different_reasons_are_different_lines() -> None:
    """Neither another sentence nor another exit code goes under in a group."""
    loop = {
        "download": {
            0: Work("Failed", "main: Error (exit code 1)"),
            1: Work("Failed", "main: Error (exit code 2)"),
            2: Work("Failed", "main: OOMKilled (exit code 137)"),
            3: Work("Failed", "main: Error (exit code 137)"),
        }
    }
    assert [line.partition(" (its log")[0] for line in problems(workflow(loop))] == [
        "download (shard 0/4) failed: exit code 1",
        "download (shard 1/4) failed: exit code 2",
        "download (shard 2/4) failed: OOMKilled: raise download_memory",
        (
            "download (shard 3/4) failed: exit code 137, probably out of memory: "
            "raise download_memory"
        ),
    ]


def test_few_logs_are_read_for_each_stage() -> None:
    """The shards whose logs aren't read count among those that ended like them."""
    reads: list[str] = []

    def read(_: Workflow, node: Node) -> str:
        reads.append(node.id)
        return "There is no bucket ark"

    manifest = workflow({"download": times(60, FAILED)}, compressed=True)
    assert problems(manifest, read) == [
        "download (shards 0/60, 1/60 and 58 more) failed: There is no bucket ark"
    ]
    assert len(set(reads)) == len(reads) == LOGS_PER_STAGE


def test_shards_whose_logs_are_not_read_are_not_guessed_at() -> None:
    """Where the logs that are read differ, the others are a line of their own."""
    sentences = iter(["no bucket", "no key", "no disk"])
    assert problems(workflow({"download": times(5, FAILED)}), lambda *_: next(sentences))[-1] == (
        "download (shards 3/5 and 4/5) failed: main: Error (exit code 1) (only 3 logs were read)"
    )


def test_a_log_that_can_t_be_read_is_named() -> None:
    """The archive's key says where to look; without one there is only the exit code."""
    assert problems(workflow({"download": {0: FAILED}})) == [
        f"download (shard 0/1) failed: exit code 1 (its log: s3://{LOGS}/{log_key('download', 0)})"
    ]
    lost = Work("Error", "main: Error (exit code 1)")
    assert problems(workflow({"download": {0: lost}})) == [
        "download (shard 0/1) failed: exit code 1 (its log can't be read)"
    ]


def test_logs_are_read_once_and_once_more_at_the_end() -> None:
    """A sentence is kept; what couldn't be read while the run went on is tried again."""
    sentences: list[str | None] = ["There is no bucket ark", None, None, *["no disk"] * 3]
    found = Problems(lambda *_: sentences.pop(0))
    snapshot = take_snapshot({}, workflow({"download": times(4, FAILED)}))
    assert found.find(snapshot) == found.find(snapshot)
    assert len(sentences) == 3
    found.read_again()
    assert [str(problem) for problem in found.failures(snapshot)] == [
        "download (shard 0/4) failed: There is no bucket ark",
        "download (shards 1/4, 2/4 and 3/4) failed: no disk",
    ]
    assert sentences == []


def test_what_is_tried_again_is_no_failure() -> None:
    """A task in its backoff is being retried, and why its last attempt failed is known."""
    forbidden = Work("Backoff", "configmaps is forbidden: User zoo cannot", attempts=2, rounds=2)
    (line,) = problems(workflow({}, {"clean": forbidden}))
    assert line.startswith("clean is being retried: Argo may not create the ConfigMap that a task")


def test_a_driver_that_fails_is_reported_for_its_stage() -> None:
    """The stage and shard are named, and that it is the driver."""
    loop = {"download": {0: Work(driver=("Error", "node shutdown")), 1: DONE}}
    assert problems(workflow(loop)) == [
        "download (shard 0/2) failed: its driver: its node was shut down"
    ]


@pytest.mark.parametrize(
    ("work", "graph", "line"),
    [
        (Work("Pending", UNSCHEDULABLE), None, "download waits: no node has enough free cpu"),
        (
            Work(driver=("Pending", UNSCHEDULABLE)),
            None,
            "download waits: its driver: no node has enough free cpu",
        ),
        (
            None,
            ("Pending", UNSCHEDULABLE),
            "prepare-shards waits: its driver: no node has enough free cpu",
        ),
    ],
)
def test_why_a_stage_waits_is_one_line(
    work: Work | None, graph: tuple[str, str] | None, line: str
) -> None:
    """For all of its shards together, for its driver, and for the graph around it."""
    loop: Mapping[str, Any] = {} if work is None else {"download": times(3, work)}
    assert problems(workflow(loop, graph_driver=graph)) == [line]


def test_a_pod_may_be_pending_for_a_while() -> None:
    """What waits is reported after half a minute by the cluster's clock, or else by ours."""
    manifest = workflow({"download": {0: Work("Pending", UNSCHEDULABLE)}})
    assert problems(manifest, clock=SCHEDULED + PENDING_S - 1) == []
    assert len(problems(manifest, clock=SCHEDULED + PENDING_S)) == 1

    now = SCHEDULED - timedelta(hours=1).total_seconds()
    found = Problems(lambda *_: None, lambda: now)
    snapshot = take_snapshot({}, manifest)
    assert found.find(snapshot) == []
    now += PENDING_S
    assert len(found.find(snapshot)) == 1
