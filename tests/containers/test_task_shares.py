"""Claims about the shares that tasks of shards hand on, and the task where shards meet."""

import functools
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from autofocus.containers.executor import Artifact, ExecutorInput
from autofocus.containers.task import Task
from autofocus.errors import TooManyRejectedError
from autofocus.runs.ledger import LedgerWriter, Reason, Row, rejected
from autofocus.runs.result import StageResult


def shard_task(*metadata: dict[str, Any], **parameters: Any) -> Task:
    """A task whose input `given` has artifacts with this metadata."""
    artifacts = tuple(Artifact("x", "/x", each) for each in metadata)
    return Task(ExecutorInput(parameters, {"given": artifacts}, {}, Path("x")), Path("y"))


def result(
    stage: str, ledger: Path, rows: list[Row], earlier: tuple[Row, ...] = ()
) -> StageResult:
    """The result of a stage that ended with these rows."""
    writer = LedgerWriter(ledger, stage)
    for row in rows:
        writer.write(row)
    writer.close()
    return StageResult(stage, writer.counts, ledger, earlier=earlier)


def test_shares_of_all_stages_of_a_shard_travel_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each output tells what its stage rejected and what those before it did, each once."""
    bad = rejected("b", Reason.TRUNCATED)
    preprocessed = shard_task({"download_images_inputs": 3.0, "download_images_unsafe_key": 1.0})
    rows = [Row("a"), bad]
    preprocessed.check_shard(result("preprocess_images", tmp_path / "ledger.csv", rows), "given")
    first = {
        "download_images_inputs": 3,
        "download_images_unsafe_key": 1,
        "preprocess_images_inputs": 2,
        "preprocess_images_truncated": 1,
    }
    assert preprocessed.shares == first
    predicted = shard_task(first)
    predicted.check_shard(result("predict", tmp_path / "ledger.csv", rows, (bad,)), "given")
    assert predicted.shares == first | {"predict_inputs": 1}
    assert capsys.readouterr().err.count("rejected: b (truncated: )") == 2


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({}, None),
        ({"download_max_rejected": 0.02}, "download_max_rejected"),
        ({"preprocess_max_rejected": 0.04}, "preprocess_max_rejected"),
        ({"predict_max_rejected": 0}, "predict_max_rejected"),
    ],
)
def test_each_stage_of_the_shards_has_its_limit(limits: dict[str, Any], named: str | None) -> None:
    """Where shards meet, what each stage rejected is judged by its own parameter."""
    bad = {
        "download_images_inputs": 20,
        "download_images_unsafe_key": 1,
        "preprocess_images_inputs": 20,
        "preprocess_images_truncated": 2,
        "predict_inputs": 18,
        "predict_image_missing": 1,
    }
    good = {"download_images_inputs": 20, "preprocess_images_inputs": 20, "predict_inputs": 20}
    task = shard_task(bad, good, **limits)
    if named is None:
        task.check_run("given")
        return
    with pytest.raises(TooManyRejectedError, match=f"that {named} allows"):
        task.check_run("given")


def test_a_run_of_new_images_allows_for_chance(tmp_path: Path) -> None:
    """A task that is told so neither fails a shard of three nor a run of one broken image."""
    rows = [rejected(name, Reason.TRUNCATED) for name in "abc"]
    stage = "preprocess_images"
    one = {f"{stage}_inputs": 1, f"{stage}_truncated": 1}
    for told, fails in ((True, False), (False, True)):
        three = shard_task(only_new=told)
        call = functools.partial(three.check_shard, result(stage, tmp_path / "ledger.csv", rows))
        for check in (call, functools.partial(shard_task(one, only_new=told).check_run, "given")):
            with pytest.raises(TooManyRejectedError) if fails else nullcontext():
                check()
