"""A small compiled pipeline, to be submitted in tests."""

from pathlib import Path

TINY = """\
components:
  comp-download:
    executorLabel: exec-download
    inputDefinitions:
      parameters: {bucket: {parameterType: STRING}, shard: {parameterType: STRING}}
  comp-for-loop-1:
    dag:
      tasks:
        download:
          cachingOptions: {enableCache: true}
          componentRef: {name: comp-download}
          taskInfo: {name: download}
  comp-preprocess:
    executorLabel: exec-preprocess
  comp-retrain:
    executorLabel: exec-retrain
deploymentSpec:
  executors:
    exec-download: {container: {image: 'example.org/none:1'}}
    exec-preprocess-2: {container: {image: 'example.org/none:1'}}
    exec-link: {container: {image: 'example.org/none:1'}}
    exec-retrain: {container: {image: 'example.org/none:1'}}
pipelineInfo: {name: autofocus-tiny, description: A tiny one.}
root:
  dag:
    tasks:
      for-loop-1:
        componentRef: {name: comp-for-loop-1}
        taskInfo: {name: for-loop-1}
      retrain:
        cachingOptions: {enableCache: true}
        componentRef: {name: comp-retrain}
        taskInfo: {name: retrain}
  inputDefinitions:
    parameters:
      bucket: {parameterType: STRING, description: Where the photographs are.}
      shards: {parameterType: LIST}
      prefix: {parameterType: STRING, defaultValue: '', isOptional: true}
      trim_bottom: {parameterType: NUMBER_INTEGER, defaultValue: 198.0, isOptional: true}
      learning_rate: {parameterType: NUMBER_DOUBLE, defaultValue: 0.01, isOptional: true}
      flip_left_right: {parameterType: BOOLEAN, defaultValue: false, isOptional: true}
      labelmap: {parameterType: STRUCT, defaultValue: {}, isOptional: true}
      label_priority: {parameterType: LIST, defaultValue: [], isOptional: true}
      extensions: {parameterType: LIST, isOptional: true}
      preprocess_max_rejected: {parameterType: NUMBER_DOUBLE, isOptional: true}
      gpu_node_selector: {parameterType: STRUCT, isOptional: true}
schemaVersion: 2.1.0
sdkVersion: kfp-2.17.0
---
platforms: {kubernetes: {deploymentSpec: {executors: {}}}}
"""
LEAST = ("--set", "bucket=photographs", "shards=2")


def write_tiny(folder: Path, text: str = TINY) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(text)
    return path
