"""Claims about the anchor: with it, any mix of cached and fresh artifacts can be fetched."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autofocus.containers import anchor
from pipelines.compile import PIPELINES
from pipelines.interface import load_documents
from tests.components.calling import prepare
from tests.pipelines.launcher import IMPORTER, Task, cache_states, expand, unfetchable

SHARDS = 3


@pytest.fixture(scope="module")
def specs(folder: Path) -> dict[str, Any]:
    """The compiled pipelines."""
    return {name: load_documents(folder / f"{name}.yaml")[0] for name in PIPELINES}


def without_anchor(task: Task) -> Task:
    return replace(task, inputs={k: v for k, v in task.inputs.items() if k != anchor.NAME})


def mixes_that_fail(tasks: list[Task]) -> set[str]:
    """Return the tasks that can't fetch an input in some mix of cached and fresh."""
    return {
        task.key
        for cached in cache_states(tasks)
        for task in tasks
        if task.key not in cached and unfetchable(task, cached)
    }


@pytest.mark.parametrize("name", PIPELINES)
def test_every_mix_of_cached_and_fresh_can_be_fetched(specs: dict[str, Any], name: str) -> None:
    """No task meets a list whose bucket isn't open, whichever tasks are cached."""
    tasks = expand(specs[name], SHARDS)
    assert len(list(cache_states(tasks))) > 8
    assert mixes_that_fail(tasks) == set()


def test_without_the_anchor_some_mixes_fail(specs: dict[str, Any]) -> None:
    """Where one shard is cached and another is not, the tasks that take lists fail, as seen."""
    training = [without_anchor(task) for task in expand(specs["train"], SHARDS)]
    assert mixes_that_fail(training) == {"clean", "retrain", "fine-tune"}
    labelling = [without_anchor(task) for task in expand(specs["label"], SHARDS)]
    assert mixes_that_fail(labelling) == {"publish"}


@pytest.mark.parametrize("name", PIPELINES)
def test_all_tasks_depend_on_the_anchor(specs: dict[str, Any], name: str) -> None:
    """If the anchor runs, as it does with another cache_salt, nothing else is cached."""
    tasks = [task for task in expand(specs[name], SHARDS) if task.key != IMPORTER]
    for cached in cache_states(tasks):
        assert not cached or anchor.NAME in cached
    root = specs[name]["root"]["dag"]["tasks"][anchor.NAME]["inputs"]["parameters"]
    assert root["cache_salt"] == {"componentInputParameter": "cache_salt"}


def test_the_anchor_is_always_the_same(tmp_path: Path) -> None:
    """Whatever the salt, the file is the same, and the executor output tells of it."""
    made = []
    for salt in ("", "again"):
        call = prepare("anchor", tmp_path / f"out{salt}", {"cache_salt": salt})
        anchor.write_anchor(["--executor_input", call.executor_input])
        assert call.metadata == {"anchor": {}}
        made.append(call["anchor"].read_bytes())
    assert made[0] == made[1] != b""
