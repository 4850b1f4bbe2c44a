"""Tests of the check that a local run is whole."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from autofocus.containers.task import measure
from autofocus.errors import InputDataError
from pipelines.completeness import check_complete, executor_outputs, expected_tasks

# A loop over shards with one component, and one component behind it.
SPEC: dict[str, Any] = {
    "root": {
        "dag": {
            "tasks": {
                "for-loop-1": {
                    "componentRef": {"name": "comp-for-loop-1"},
                    "inputs": {
                        "parameters": {
                            "pipelinechannel--shards": {"componentInputParameter": "shards"}
                        }
                    },
                    "parameterIterator": {"items": {"inputParameter": "pipelinechannel--shards"}},
                },
                "clean": {"componentRef": {"name": "comp-clean"}},
                "importer": {"componentRef": {"name": "comp-importer"}},
            }
        }
    },
    "components": {
        "comp-for-loop-1": {
            "dag": {"tasks": {"download": {"componentRef": {"name": "comp-download"}}}}
        },
        "comp-download": {
            "executorLabel": "exec-download",
            "outputDefinitions": {"artifacts": {"images": {}}},
        },
        "comp-clean": {
            "executorLabel": "exec-clean",
            "outputDefinitions": {"artifacts": {"table": {}}},
        },
        "comp-importer": {"executorLabel": "exec-importer"},
    },
    "deploymentSpec": {
        "executors": {
            "exec-download": {"container": {}},
            "exec-clean": {"container": {}},
            "exec-importer": {"importer": {}},
        }
    },
}
VALUES = {"shards": ["0/2", "1/2"]}


def end(folder: Path, component: str, output: str) -> Path:
    """Leave what a task leaves that succeeded."""
    path = folder / component / output
    path.parent.mkdir(parents=True)
    path.write_text(f"{component} {folder.name}")
    artifact = {"uri": str(path), "metadata": {"sha256": measure(path).sha256}}
    (path.parent / "executor_output.json").write_text(
        json.dumps({"artifacts": {output: {"artifacts": [artifact]}}})
    )
    return path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a run of two shards that went well."""
    for number in range(2):
        end(tmp_path / f"for-loop-1-iteration-{number}", "download", "images")
    end(tmp_path, "clean", "table")
    return tmp_path


def test_a_loop_has_a_task_for_each_item() -> None:
    """Two shards are downloaded by two tasks; what is imported is no task of a container."""
    assert expected_tasks(SPEC, VALUES) == Counter(download=2, clean=1)


def test_a_whole_run_passes(run: Path) -> None:
    """Every task is found, with its outputs."""
    done = check_complete(executor_outputs(run), SPEC, VALUES)
    assert Counter(task.component for task in done) == Counter(download=2, clean=1)
    assert {task.outputs[name].path.read_text() for task in done for name in task.outputs} == {
        "download for-loop-1-iteration-0",
        "download for-loop-1-iteration-1",
        f"clean {run.name}",
    }


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("clean/executor_output.json", "0 of 1 task of clean succeeded"),
        (
            "for-loop-1-iteration-1/download/executor_output.json",
            "1 of 2 tasks of download succeeded",
        ),
        ("clean/table", "The output table of clean is missing"),
    ],
)
def test_what_is_missing_is_told(run: Path, path: str, sentence: str) -> None:
    """A task that left nothing, or lost an output, is named."""
    (run / path).unlink()
    with pytest.raises(InputDataError, match=sentence):
        check_complete(executor_outputs(run), SPEC, VALUES)


def test_an_output_that_is_not_whole_is_told(run: Path) -> None:
    """An output that has lost its end isn't what its task recorded."""
    (run / "clean" / "table").write_text("cl")
    with pytest.raises(InputDataError, match="The output table of clean is not what the task"):
        check_complete(executor_outputs(run), SPEC, VALUES)


def test_a_loop_over_what_is_not_known_is_told() -> None:
    """How many tasks a loop over another task's output has can't be known before."""
    with pytest.raises(InputDataError, match="loops over something else than a list parameter"):
        expected_tasks(SPEC, {})
