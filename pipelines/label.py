"""From a bucket of images and a trained classifier to one table of labels in the bucket."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from kfp import dsl
from kfp.dsl import Dataset, Input, Model

from components.anchor.component import anchor
from components.ingest.component import ingest
from components.interface import Component, Parameter
from components.predict.component import predict
from components.publish.component import publish
from pipelines.resources import resource_parameters
from pipelines.settings import MANIFEST, S3_SECRET, SHARDS
from pipelines.shards import EXCLUDED as OF_SHARDS
from pipelines.shards import build_inner, ingest_pod, run_inner
from pipelines.tasks import equip, with_s3
from pipelines.wiring import Arguments, build_pipeline, parameters_of, start

NAME = "autofocus-label"
SUMMARY = "Label the images of a bucket, and upload one table of labels to it."
MODEL = Parameter(
    "model_uri",
    str,
    "address of the model from retrain, such as s3://bucket/pipelines/.../model",
)
IN_SHARDS = (ingest, predict)
# What is decided by the training.
EXCLUDED = OF_SHARDS | {"night_tolerance", "photographs", "batch"}


class Labelled(NamedTuple):
    """The outputs of all pods: lists with one artifact of each."""

    predictions: list[Dataset]
    originals: list[Dataset]


def label() -> Any:
    """Return the pipeline, with the images as they are named now."""
    return build(NAME, SUMMARY, (), (MODEL,), _import_model)


def build(
    name: str,
    summary: str,
    components: tuple[Component, ...],
    own: tuple[Parameter, ...],
    open_model: Callable[[Arguments], Any],
) -> Any:
    """Return a pipeline that labels images with a model.

    Args:
        name: its name.
        summary: what it does.
        components: those that bring the model.
        own: parameters besides those of its components.
        open_model: starts what brings the model, and returns the artifact.
    """
    parameters = (
        *parameters_of(
            (anchor, *IN_SHARDS, publish, *components),
            (MANIFEST, *own, S3_SECRET, SHARDS),
            EXCLUDED,
        ),
        *resource_parameters("ingest", "predict", "publish"),
    )
    inner = build_inner(
        "label-shards",
        "Download, preprocess and label the shards of each pod.",
        IN_SHARDS,
        parameters,
        _label_shards,
        artifacts=(Parameter("model", Input[Model], ""),),
        returns=Labelled,
    )
    return build_pipeline(name, summary, parameters, functools.partial(_label, inner, open_model))


def _import_model(arguments: Arguments) -> Any:
    return dsl.importer(
        artifact_uri=arguments["model_uri"], artifact_class=Model, reimport=False
    ).output


def _label(inner: Any, open_model: Callable[[Arguments], Any], arguments: Arguments) -> None:
    first = equip(start(anchor, arguments), arguments).output
    arguments = {**arguments, "anchor": first, "model": open_model(arguments)}
    labelled = run_inner(inner, arguments)
    published = start(publish, arguments, **labelled.outputs)
    with_s3(equip(published, arguments), arguments["s3_secret"])
    # Somebody may have removed the table since.
    published.set_caching_options(enable_caching=False)


def _label_shards(arguments: Arguments) -> Labelled:
    with dsl.ParallelFor(arguments["shards"]) as shard:
        ingested = ingest_pod(shard, arguments)
        labelled = start(
            predict,
            arguments,
            preprocessed=ingested.outputs["preprocessed"],
            preprocessing=ingested.outputs["ledger"],
        )
    equip(labelled, arguments)
    return Labelled(
        dsl.Collected(labelled.outputs["predictions"]),
        dsl.Collected(ingested.outputs["originals"]),
    )
