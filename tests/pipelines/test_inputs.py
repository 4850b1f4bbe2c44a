"""Claims about what each task of a run is given."""

import copy
from typing import Any

import pytest
import yaml

from autofocus.errors import InputDataError
from pipelines.inputs import RunInputs, TaskInputs, read_inputs

# A pipeline within a pipeline loops over shards; a task behind it takes all that comes out.
DOCUMENTS: list[Any] = list(
    yaml.safe_load_all("""\
pipelineInfo: {name: tiny}
root:
  inputDefinitions:
    parameters:
      shards: {parameterType: LIST}
      trim: {parameterType: NUMBER_INTEGER, defaultValue: 198.0, isOptional: true}
      labelmap: {parameterType: STRUCT, isOptional: true}
  dag:
    tasks:
      merge:
        componentRef: {name: comp-merge}
        inputs:
          parameters:
            labels: {componentInputParameter: labelmap}
            limit: {runtimeValue: {constant: 0.5}}
          artifacts:
            tables: {taskOutputArtifact: {producerTask: all, outputArtifactKey: out}}
            model: {taskOutputArtifact: {producerTask: importer, outputArtifactKey: artifact}}
      importer:
        componentRef: {name: comp-importer}
      all:
        componentRef: {name: comp-all}
        inputs:
          parameters:
            shards: {componentInputParameter: shards}
            trim: {componentInputParameter: trim}
          artifacts:
            model: {taskOutputArtifact: {producerTask: importer, outputArtifactKey: artifact}}
components:
  comp-merge:
    executorLabel: exec-merge
    inputDefinitions: {artifacts: {tables: {isArtifactList: true}, model: {}}}
  comp-importer: {executorLabel: exec-importer}
  comp-all:
    dag:
      outputs:
        artifacts:
          out: {artifactSelectors: [{producerSubtask: for-loop-1, outputArtifactKey: each}]}
      tasks:
        for-loop-1:
          componentRef: {name: comp-for-loop-1}
          inputs:
            parameters:
              pipelinechannel--shards: {componentInputParameter: shards}
              pipelinechannel--trim: {componentInputParameter: trim}
            artifacts:
              pipelinechannel--model: {componentInputArtifact: model}
          parameterIterator:
            itemInput: item
            items: {inputParameter: pipelinechannel--shards}
  comp-for-loop-1:
    dag:
      outputs:
        artifacts:
          each: {artifactSelectors: [{producerSubtask: cut-2, outputArtifactKey: table}]}
      tasks:
        cut-2:
          componentRef: {name: comp-cut-2}
          inputs:
            parameters:
              shard: {componentInputParameter: item}
              trim: {componentInputParameter: pipelinechannel--trim}
            artifacts:
              model: {componentInputArtifact: pipelinechannel--model}
              optional: {componentInputArtifact: missing}
  comp-cut-2: {executorLabel: exec-cut-2}
deploymentSpec:
  executors:
    exec-merge: {container: {image: example.org/merge:1}}
    exec-cut-2: {container: {image: example.org/cut:1}}
    exec-importer: {importer: {}}
---
platforms: {kubernetes: {deploymentSpec: {executors: {exec-merge: {nodeSelector: {}}}}}}
""")
)
SHARDS = ["0/100", "99/100", "1/100"]


def read(documents: list[Any] = DOCUMENTS, **values: Any) -> RunInputs:
    return read_inputs(documents, {"shards": SHARDS, **values})


def task(run: RunInputs, stage: str) -> TaskInputs:
    (found,) = [one for one in run.tasks if one.stage == stage]
    return found


def changed() -> list[Any]:
    return copy.deepcopy(DOCUMENTS)


def test_each_container_is_a_task() -> None:
    """Containers within loops and nested pipelines are tasks, and importers are none."""
    run = read()
    assert {one.stage: one.is_in_loop for one in run.tasks} == {"merge": False, "cut": True}
    assert task(run, "merge").container["image"] == "example.org/merge:1"
    assert task(run, "merge").platform == {"nodeSelector": {}}
    assert task(run, "cut").platform == {}


def test_values_go_down_to_the_containers() -> None:
    """A value reaches a container through nested pipelines, with the name that the run has."""
    trim = task(read(trim=3), "cut").parameters["trim"]
    assert (trim.source, trim.content) == ("trim", 3)
    labels = task(read(labelmap={"fox": "animal"}), "merge").parameters["labels"]
    assert (labels.source, labels.content) == ("labelmap", {"fox": "animal"})


def test_defaults_and_constants_count() -> None:
    """What isn't given is as the pipeline has it, or isn't there; a constant has no source."""
    run = read()
    assert task(run, "cut").parameters["trim"].content == 198
    merge = task(run, "merge").parameters
    assert set(merge) == {"limit"}
    assert (merge["limit"].source, merge["limit"].content) == ("", 0.5)


def test_a_loop_is_as_long_as_its_list_and_has_its_longest_item() -> None:
    """The task of a loop stands for the one with the longest item."""
    run = read()
    assert run.pods == 3
    assert task(run, "cut").parameters["shard"].content == "99/100"


def test_a_loop_may_go_over_a_list_of_the_pipeline() -> None:
    """Items that stand in the pipeline count as those of a parameter do."""
    documents = changed()
    loop = documents[0]["components"]["comp-all"]["dag"]["tasks"]["for-loop-1"]
    loop["parameterIterator"]["items"] = {"raw": '["a", "bb"]'}
    run = read(documents)
    assert run.pods == 2
    shard = task(run, "cut").parameters["shard"]
    assert (shard.source, shard.content) == ("", "bb")


def test_artifacts_are_traced_to_the_tasks_that_make_them() -> None:
    """An artifact's origin is found through loops and pipelines, and downwards as well."""
    merge, cut = task(read(), "merge"), task(read(), "cut")
    tables, model = merge.artifacts["tables"], cut.artifacts["model"]
    assert (tables.stage, tables.output, tables.imported) == ("cut", "table", False)
    assert (model.stage, model.output, model.imported) == ("importer", "artifact", True)
    assert "optional" not in cut.artifacts


def test_lists_are_told_from_single_artifacts() -> None:
    """The component says which of its inputs takes an artifact of each shard."""
    merge = task(read(), "merge")
    assert (merge.is_list("tables"), merge.is_list("model")) == (True, False)


def test_a_pipeline_that_can_t_be_understood_is_rejected() -> None:
    """A task without its component ends in one sentence."""
    documents = changed()
    del documents[0]["components"]["comp-cut-2"]
    with pytest.raises(InputDataError, match=r"can't be read .*comp-cut-2"):
        read(documents)


def test_the_second_document_may_be_missing() -> None:
    """A pipeline without anything for Kubernetes is read as well."""
    assert task(read(DOCUMENTS[:1]), "merge").platform == {}
