"""Claims about how large what a cluster hands to each task would be."""

import random
import re
from pathlib import Path
from typing import Any

import pytest

from autofocus.containers import shards
from autofocus.errors import SettingError
from pipelines import sizes
from pipelines.compile import PIPELINES
from pipelines.interface import load_documents, read_interface
from pipelines.parameters import MOST_PODS
from pipelines.sizes import LIMIT, check_sizes, run_size, task_sizes, workflow_size
from pipelines.workflow_size import WORKFLOW_LIMIT

# The stages that take an artifact of each shard.
JOINING = {"clean", "retrain", "fine_tune", "publish"}
# The number of lists that they take.
LISTS = {"clean": 2, "retrain": 1}


@pytest.fixture(scope="module")
def pipelines(folder: Path) -> dict[str, list[Any]]:
    return {name: load_documents(folder / f"{name}.yaml") for name in PIPELINES}


def run(number: int = 2, /, **values: Any) -> dict[str, Any]:
    parts = [f"{part}/{number}" for part in range(number)]
    return {"bucket": "wildlife", "manifest": "0" * 64, "shards": parts, **values}


def error(folder: Path, values: dict[str, Any], name: str = "train") -> str:
    path = folder / f"{name}.yaml"
    with pytest.raises(SettingError) as caught:
        check_sizes(load_documents(path), read_interface(path), values)
    return str(caught.value)


def link(pipelines: dict[str, list[Any]], **values: Any) -> int:
    return task_sizes(pipelines["train"], run(**values))["link"]


@pytest.mark.parametrize("name", PIPELINES)
def test_only_what_takes_lists_grows_with_the_shards(
    pipelines: dict[str, list[Any]], name: str
) -> None:
    """From 1 shard over 2 to the most, sizes grow evenly, and are the same for all other tasks."""
    one, two, most = (task_sizes(pipelines[name], run(number)) for number in (1, 2, MOST_PODS))
    for stage in one:
        step = two[stage] - one[stage]
        assert (step > 1000) == (stage in JOINING)
        # The text of a shard is longer by a digit or two.
        assert most[stage] - two[stage] == pytest.approx((MOST_PODS - 2) * step, abs=10)


@pytest.mark.parametrize("name", PIPELINES)
def test_the_most_shards_leave_room(pipelines: dict[str, list[Any]], name: str) -> None:
    """With the most pods and the defaults, all tasks and the workflow are 10 % below limits."""
    values = run(MOST_PODS)
    assert max(task_sizes(pipelines[name], values).values()) < 0.9 * LIMIT
    assert run_size(pipelines[name], values) < 0.9 * LIMIT
    assert workflow_size(pipelines[name], values) < 0.9 * WORKFLOW_LIMIT


@pytest.mark.parametrize("name", PIPELINES)
def test_the_most_shards_fit_with_longer_metadata(
    pipelines: dict[str, list[Any]], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another 120 bytes with every artifact, as of rarer reasons, are within the limit."""
    monkeypatch.setattr(sizes, "METADATA", {**sizes.METADATA, "x" * 108: 1_000_000})
    assert max(task_sizes(pipelines[name], run(MOST_PODS)).values()) < LIMIT


def test_a_shard_costs_what_its_artifacts_do(pipelines: dict[str, list[Any]]) -> None:
    """An artifact has some 1,000 to 1,350 bytes, and a stage is handed one of each list."""
    one, two = (task_sizes(pipelines["train"], run(number)) for number in (1, 2))
    for stage, lists in LISTS.items():
        assert 1_000 < (two[stage] - one[stage]) / lists < 1_350


def test_too_many_shards_are_rejected(folder: Path) -> None:
    """The sentence names the task, the pods, their part of the size, and what to do."""
    told = error(folder, run(60))
    assert re.fullmatch(
        r"clean would be handed 1\d\d KiB \(60 pods alone 1\d\d KiB\), but a cluster takes at "
        r"most 128 KiB for one task: use fewer pods\.",
        told,
    )


def test_a_large_label_map_is_rejected(folder: Path) -> None:
    """The sentence names the task and the parameter that makes it too large."""
    told = error(folder, run(labelmap={f"{n:0100}": "animal" for n in range(1500)}))
    # Each label has 100 letters and "animal", and 18 more for quotes, colon and comma.
    assert re.fullmatch(
        r"link would be handed 19\d KiB \(labelmap alone 182 KiB\), but a cluster takes at most "
        r"128 KiB for one task: use a smaller label map\.",
        told,
    )


def test_of_several_tasks_the_largest_is_named(folder: Path) -> None:
    """Where two tasks would be handed too much, the sentence is about the one with more."""
    rules = ["a > b" * 10] * 1200
    assert error(folder, run(60, label_priority=rules)).startswith("clean would be handed")
    assert error(folder, run(60, label_priority=rules * 2)).startswith("link would be handed")


@pytest.mark.parametrize(
    ("parameter", "stage"),
    [
        ("label_priority", "link"),
        ("detections", "clean"),
        ("human_labels", "retrain"),
        ("extensions", "ingest"),
    ],
)
def test_any_large_parameter_is_rejected(folder: Path, parameter: str, stage: str) -> None:
    """Lists count as the label map does, also within loops."""
    told = error(folder, run(**{parameter: ["a > b" * 50] * 500}))
    assert told.startswith(f"{stage} would be handed ")
    assert f"({parameter} alone " in told
    assert told.endswith(f": shorten {parameter}.")


def test_parameters_that_are_too_large_together_are_rejected(folder: Path) -> None:
    """All parameters go to the driver of the run at once, which has the same limit."""
    lists = {name: ["x" * 100] * 400 for name in ("detections", "empty_labels", "label_priority")}
    told = error(folder, run(**lists))
    assert re.fullmatch(
        r"the driver of autofocus-train would be handed 1\d\d KiB \(detections alone 42 KiB\), "
        r"but a cluster takes at most 128 KiB for one task: shorten detections\.",
        told,
    )


def test_a_workflow_that_would_grow_too_large_is_rejected(folder: Path) -> None:
    """Many shards and a label map that hardly compresses are too much for the workflow alone."""
    rng = random.Random(1)  # noqa: S311 - labels are no secrets
    labelmap = {f"{rng.getrandbits(400):0100x}": "animal" for _ in range(500)}
    check_sizes(
        load_documents(folder / "train.yaml"),
        read_interface(folder / "train.yaml"),
        run(labelmap=labelmap),
    )
    told = error(folder, run(MOST_PODS, labelmap=labelmap))
    assert told.startswith("The workflow of autofocus-train would grow to 1")
    assert told.endswith(" KiB: use fewer pods.")


def test_the_defaults_are_accepted(folder: Path) -> None:
    """Nothing is said of a run with two shards and no label map."""
    for name in PIPELINES:
        path = folder / f"{name}.yaml"
        check_sizes(load_documents(path), read_interface(path), run(MOST_PODS))


@pytest.mark.parametrize(
    ("letter", "size"),
    [("a", 1), ("é", 2), ("<", 7), ("\u2028", 7), ('"', 8), ("\\", 8)],
)
def test_each_letter_counts_as_the_cluster_writes_it(
    pipelines: dict[str, list[Any]], letter: str, size: int
) -> None:
    """Quotes are escaped three times, letters of HTML twice, and others are UTF-8."""
    none, many = (link(pipelines, labelmap={"fox": letter * n}) for n in (0, 10))
    assert many - none == 10 * size


def test_a_parameter_is_handed_on_once(pipelines: dict[str, list[Any]]) -> None:
    """A label in the label map costs its letters, and 4 bytes for each of four quotes."""
    none, one = (link(pipelines, labelmap=labels) for labels in ({}, {"fox": "animal"}))
    assert one - none == len("fox") + len("animal") + 4 * 4 + len(":")


def test_what_shards_record_for_the_whole_run_counts(
    pipelines: dict[str, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Artifacts carry the rejections of the stages before, where a pipeline checks them."""
    with_check = task_sizes(pipelines["train"], run())
    monkeypatch.setattr(shards, "STAGES", {"other": "other"})
    without = task_sizes(pipelines["train"], run())
    # Two tables of properties with the shares of two stages.
    assert with_check["clean"] - without["clean"] > 2 * 120
    assert with_check["link"] == without["link"]


def test_a_model_from_elsewhere_has_no_metadata(
    pipelines: dict[str, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what a component made has its metadata: of predict's inputs, two have."""
    before = task_sizes(pipelines["label"], run())["predict"]
    monkeypatch.setattr(sizes, "METADATA", {**sizes.METADATA, "more": "x" * 100})
    grown = task_sizes(pipelines["label"], run())["predict"] - before
    assert grown == 2 * (100 + len("more:,") + 4 * 4)
