"""From a bucket of images and a trained classifier to one table of labels in the bucket."""

import functools
from typing import Any, NamedTuple

from kfp import dsl
from kfp.dsl import Dataset, Input, Model

from components.anchor.component import anchor
from components.ingest.component import ingest
from components.interface import Parameter
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
    parameters = (
        *parameters_of(
            (anchor, *IN_SHARDS, publish), (MANIFEST, MODEL, S3_SECRET, SHARDS), EXCLUDED
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
    return build_pipeline(NAME, SUMMARY, parameters, functools.partial(_label, inner))


def _label(inner: Any, arguments: Arguments) -> None:
    first = equip(start(anchor, arguments), arguments).output
    model = dsl.importer(
        artifact_uri=arguments["model_uri"], artifact_class=Model, reimport=False
    ).output
    arguments = {**arguments, "anchor": first, "model": model}
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
