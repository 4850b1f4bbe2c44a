"""From a bucket of images and tables to a trained classifier and its evaluation.

`retrain` trains from embeddings, without a GPU; where layers of the network itself are trained,
`fine_tune` runs in its place. `train` puts that on a node with a GPU, `train_gpu` puts `embed` on
one as well, and `train_cpu` is for clusters without a GPU.
"""

import functools
from dataclasses import replace
from typing import Any, NamedTuple

from kfp import dsl
from kfp.dsl import Dataset

from autofocus.tracking.source import IMAGE_VARIABLE
from components.anchor.component import anchor
from components.clean.component import clean
from components.embed.component import embed
from components.fine_tune.component import fine_tune
from components.images import image
from components.ingest.component import ingest
from components.interface import Component, Parameter
from components.link.component import link
from components.retrain.component import retrain
from pipelines.resources import resource_parameters
from pipelines.settings import MANIFEST, MLFLOW_SECRET, S3_SECRET, SHARDS
from pipelines.shards import EXCLUDED as OF_SHARDS
from pipelines.shards import build_inner, ingest_pod, run_inner
from pipelines.tasks import GPU, equip, on_gpu, with_mlflow, with_s3
from pipelines.wiring import Arguments, build_pipeline, parameters_of, run_if, start

NAME = "autofocus-train"
SUMMARY = "Train a classifier on the images and tables of a bucket, and evaluate it."
IN_SHARDS = (ingest, embed)
STAGES = (*IN_SHARDS, clean, link, retrain, fine_tune)
# Which of them a run has.
CONDITIONS = {
    retrain.name: "int(inputs.parameter_values['fine_tune_layers']) == 0",
    fine_tune.name: "int(inputs.parameter_values['fine_tune_layers']) != 0",
}
# What is for labelling, or for work on one machine.
EXCLUDED = OF_SHARDS | {
    "only_new",
    "min_age",
    "final_tensor_name",
    "print_misclassified_test_images",
}
# Unlike the component, the pipeline has a default: all tables of the usual name.
DETECTIONS = replace(
    next(one for one in clean.arguments if one.name == "detections"),
    default=["**/detections_*.csv"],
)
FOR_GPU = (
    Parameter(
        "gpu_node_selector",
        dict[str, str],
        "the labels of nodes with a GPU",
        {"nvidia.com/gpu.present": "true"},
    ),
    Parameter("accelerator_type", str, "the resource that a GPU is, as nodes name it", GPU),
    Parameter("accelerator_count", str, "how many GPUs a task is given", "1"),
)


class Prepared(NamedTuple):
    """The outputs of all pods: lists with one artifact of each."""

    tables: list[Dataset]
    image_properties: list[Dataset]
    preprocessed: list[Dataset]
    embeddings: list[Dataset]


def train() -> Any:
    """Return the pipeline that trains a network on a GPU, with the images as named now."""
    return _build(frozenset({fine_tune.name}))


def train_gpu() -> Any:
    """Return the pipeline that also embeds on a GPU, with the images as named now."""
    return _build(frozenset({embed.name, fine_tune.name}))


def train_cpu() -> Any:
    """Return the pipeline for clusters without a GPU, with the images as named now."""
    return _build(frozenset())


def _build(on_gpus: frozenset[str]) -> Any:
    """Return a pipeline in which the components of these names run on GPUs."""
    for_gpu = FOR_GPU if on_gpus else ()
    own = (MANIFEST, S3_SECRET, MLFLOW_SECRET, SHARDS, DETECTIONS, *for_gpu)
    parameters = (
        *parameters_of((anchor, *STAGES), own, EXCLUDED),
        *resource_parameters(*(stage.name for stage in STAGES)),
    )
    inner = build_inner(
        "prepare-shards",
        "Download, preprocess and embed the shards of each pod.",
        IN_SHARDS,
        parameters,
        functools.partial(_prepare, on_gpus),
        more=FOR_GPU if embed.name in on_gpus else (),
        returns=Prepared,
    )
    body = functools.partial(_train, inner, on_gpus)
    return run_if(build_pipeline(NAME, SUMMARY, parameters, body), CONDITIONS)


def _prepare(on_gpus: frozenset[str], arguments: Arguments) -> Prepared:
    with dsl.ParallelFor(arguments["shards"]) as shard:
        ingested = ingest_pod(shard, arguments)
        embedded = _start(embed, on_gpus, arguments, preprocessed=ingested.outputs["preprocessed"])
    return Prepared(
        dsl.Collected(ingested.outputs["tables"]),
        dsl.Collected(ingested.outputs["image_properties"]),
        dsl.Collected(ingested.outputs["preprocessed"]),
        dsl.Collected(embedded.outputs["embeddings"]),
    )


def _train(inner: Any, on_gpus: frozenset[str], arguments: Arguments) -> None:
    first = equip(start(anchor, arguments), arguments).output
    arguments = {**arguments, "anchor": first}
    prepared = run_inner(inner, arguments).outputs
    cleaned = start(
        clean,
        arguments,
        tables=prepared["tables"],
        image_properties=prepared["image_properties"],
    )
    detections = equip(cleaned, arguments).outputs["detections_clean"]
    linked = equip(start(link, arguments, detections_clean=detections), arguments)
    given = {"embeddings": prepared["embeddings"], "links": linked.outputs["links"]}
    # No part of a graph of its own, as `dsl.If` makes it: into such a graph the driver hands the
    # last artifact of each list alone (https://github.com/kubeflow/pipelines/issues/13900).
    for component in (retrain, fine_tune):
        more = {"preprocessed": prepared["preprocessed"]} if component is fine_tune else {}
        trained = _start(component, on_gpus, arguments, **given, **more)
        with_mlflow(trained, arguments["mlflow_secret"])


def _start(
    component: Component, on_gpus: frozenset[str], arguments: Arguments, **inputs: Any
) -> dsl.PipelineTask:
    """Start a component that may run on a GPU, and that keeps its progress in the store."""
    task = equip(start(component, arguments, **inputs), arguments)
    with_s3(task, arguments["s3_secret"], optional=True)
    name = component.image or component.name
    if component.name in on_gpus:
        name = f"{name}-gpu"
        task.set_container_image(image(name))
        on_gpu(task, arguments)
    # A container doesn't know its own image; MLflow keeps it with the run.
    return task.set_env_variable(IMAGE_VARIABLE, image(name))
