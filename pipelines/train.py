"""From a bucket of images and tables to a trained classifier and its evaluation.

`train` puts the training on a node with a GPU; `train_cpu` is the same for clusters without one.
"""

import functools
from dataclasses import replace
from typing import Any, NamedTuple

from kfp import dsl
from kfp.dsl import Dataset

from autofocus.tracking.source import IMAGE_VARIABLE
from components.anchor.component import anchor
from components.clean.component import clean
from components.images import image
from components.ingest.component import ingest
from components.interface import Parameter
from components.link.component import link
from components.retrain.component import retrain_from_images as retrain
from pipelines.resources import resource_parameters
from pipelines.settings import MANIFEST, MLFLOW_SECRET, S3_SECRET, SHARDS
from pipelines.shards import EXCLUDED as OF_SHARDS
from pipelines.shards import build_inner, ingest_pod, run_inner
from pipelines.tasks import GPU, equip, on_gpu, with_mlflow
from pipelines.wiring import Arguments, build_pipeline, parameters_of, start

NAME = "autofocus-train"
SUMMARY = "Train a classifier on the images and tables of a bucket, and evaluate it."
STAGES = (ingest, clean, link, retrain)
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
    Parameter("accelerator_count", str, "how many GPUs retrain is given", "1"),
)


class Prepared(NamedTuple):
    """The outputs of all pods: lists with one artifact of each."""

    tables: list[Dataset]
    preprocessed: list[Dataset]
    image_properties: list[Dataset]


def train() -> Any:
    """Return the pipeline for a GPU, with the images as they are named now."""
    return _build(FOR_GPU)


def train_cpu() -> Any:
    """Return the pipeline for clusters without a GPU, with the images as they are named now."""
    return _build(())


def _build(for_gpu: tuple[Parameter, ...]) -> Any:
    own = (MANIFEST, S3_SECRET, MLFLOW_SECRET, SHARDS, DETECTIONS, *for_gpu)
    parameters = (
        *parameters_of((anchor, *STAGES), own, EXCLUDED),
        *resource_parameters(*(stage.name for stage in STAGES)),
    )
    inner = build_inner(
        "prepare-shards",
        "Download and preprocess the shards of each pod.",
        (ingest,),
        parameters,
        _prepare,
        returns=Prepared,
    )
    return build_pipeline(NAME, SUMMARY, parameters, functools.partial(_train, inner))


def _prepare(arguments: Arguments) -> Prepared:
    with dsl.ParallelFor(arguments["shards"]) as shard:
        ingested = ingest_pod(shard, arguments)
    return Prepared(
        dsl.Collected(ingested.outputs["tables"]),
        dsl.Collected(ingested.outputs["preprocessed"]),
        dsl.Collected(ingested.outputs["image_properties"]),
    )


def _train(inner: Any, arguments: Arguments) -> None:
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
    trained = start(
        retrain,
        arguments,
        preprocessed=prepared["preprocessed"],
        links=linked.outputs["links"],
    )
    with_mlflow(equip(trained, arguments), arguments["mlflow_secret"])
    name = "retrain"
    if "gpu_node_selector" in arguments:
        name = "retrain-gpu"
        trained.set_container_image(image(name))
        on_gpu(trained, arguments)
    # A container doesn't know its own image; MLflow keeps it with the run.
    trained.set_env_variable(IMAGE_VARIABLE, image(name))
