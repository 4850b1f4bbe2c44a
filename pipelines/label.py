"""From a bucket of images and a trained classifier to one table of labels in the bucket."""

import functools
from typing import Any, NamedTuple

from kfp import dsl
from kfp.dsl import Dataset, Input, Model

from components.anchor.component import anchor
from components.download.component import download
from components.interface import Parameter
from components.predict.component import predict
from components.preprocess.component import preprocess
from components.publish.component import publish
from pipelines.resources import resource_parameters
from pipelines.settings import MANIFEST, S3_SECRET, SHARDS
from pipelines.shards import build_inner, prepare_shard, run_inner
from pipelines.tasks import equip, with_s3
from pipelines.wiring import Arguments, build_pipeline, parameters_of, start

NAME = "autofocus-label"
SUMMARY = "Label the images of a bucket, and upload one table of labels to it."
MODEL = Parameter(
    "model_uri",
    str,
    "address of the model from retrain, such as s3://bucket/pipelines/.../model",
)
IN_SHARDS = (download, preprocess, predict)
# What depends on the machine, and what is decided by the loop or by the training.
EXCLUDED = frozenset(
    {
        *("jobs", "shard", "download_tar", "no_sign_request", "request_payer"),
        *("night_tolerance", "photographs", "batch"),
    }
)


class Labelled(NamedTuple):
    """The outputs of all shards: lists with one artifact per shard."""

    predictions: list[Dataset]
    originals: list[Dataset]


def label() -> Any:
    """Return the pipeline, with the images as they are named now."""
    parameters = (
        *parameters_of(
            (anchor, *IN_SHARDS, publish), (MANIFEST, MODEL, S3_SECRET, SHARDS), EXCLUDED
        ),
        *resource_parameters("download", "preprocess", "predict", "publish"),
    )
    inner = build_inner(
        "label-shards",
        "Download, preprocess and label each shard.",
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
        _, prepared = prepare_shard(shard, arguments)
        labelled = start(
            predict,
            arguments,
            preprocessed=prepared.outputs["preprocessed"],
            preprocessing=prepared.outputs["ledger"],
        )
    equip(labelled, arguments)
    return Labelled(
        dsl.Collected(labelled.outputs["predictions"]),
        dsl.Collected(prepared.outputs["originals"]),
    )
