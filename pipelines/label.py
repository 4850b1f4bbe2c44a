"""From a bucket of photographs and a trained classifier to one table of labels in the bucket."""

from collections.abc import Mapping
from typing import Any

from kfp import dsl
from kfp.dsl import Dataset, Input, Model

from autofocus.store.listing import DEFAULT_OUTPUT_PREFIX
from components.anchor.component import anchor
from components.download.component import download
from components.predict.component import predict
from components.preprocess.component import preprocess
from components.publish.component import publish
from pipelines.resources import with_resources
from pipelines.shards import prepare_shard
from pipelines.tasks import equip, with_s3
from pipelines.wiring import described_by, pick

NAME = "autofocus-label"


# In a pipeline of its own for the same reasons as `prepare_shards`.
@dsl.pipeline(name="label-shards")
@with_resources("download", "preprocess", "predict")
def label_shards(
    anchor: Input[Dataset],
    model: Input[Model],
    bucket: str,
    manifest: str,
    prefix: str,
    output_prefix: str,
    endpoint_url: str,
    patience: float,
    s3_secret: str,
    shards: list[str],
    sample: int,
    download_max_rejected: float,
    indir: str,
    extensions: list[str],
    trim_bottom: int,
    trim_top: int,
    min_side: int,
    preprocess_max_rejected: float,
    probabilities: bool,
    predict_max_rejected: float,
    resources: Mapping[str, Any],
) -> list[Dataset]:
    """Download, preprocess and label each shard."""
    given = {**locals(), **resources}
    with dsl.ParallelFor(shards) as shard:
        _, prepared = prepare_shard(shard, given)
        labelled = equip(
            predict(
                preprocessed=prepared.outputs["preprocessed"],
                preprocessing=prepared.outputs["ledger"],
                **pick(predict, given),
            ),
            given,
        )
    return dsl.Collected(labelled.outputs["predictions"])  # type: ignore[no-any-return]


@dsl.pipeline(name=NAME)
@with_resources("download", "preprocess", "predict", "publish")
@described_by(anchor, download, preprocess, predict)
def label(
    bucket: str,
    manifest: str,
    model_uri: str,
    prefix: str = "",
    output_prefix: str = DEFAULT_OUTPUT_PREFIX,
    endpoint_url: str = "",
    patience: float = 300,
    s3_secret: str = "autofocus-s3",
    shards: list[str] = ["0/2", "1/2"],
    sample: int = 0,
    download_max_rejected: float = 0.1,
    indir: str = "",
    extensions: list[str] = ["JPG", "JPEG", "PNG"],
    trim_bottom: int = 198,
    trim_top: int = 0,
    min_side: int = 256,
    preprocess_max_rejected: float = 0.1,
    probabilities: bool = False,
    predict_max_rejected: float = 0.1,
    cache_salt: str = "",
    resources: Mapping[str, Any] = {},
) -> None:
    """Label the photographs of a bucket, and put one table of labels into it.

    Args:
        manifest: what the bucket holds: the digest that autofocus download_images --dry-run
            prints, or unchecked- and a new word; runs with the same one share their downloads
        model_uri: where the model lies that retrain gave, such as s3://bucket/pipelines/.../model
        s3_secret: the Kubernetes secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
        shards: the parts into which the photographs are divided, all of them: 0/2 and 1/2; a
            folder's photographs stay together
    """
    given = {**locals(), **resources}
    given["anchor"] = equip(anchor(**pick(anchor, given)), given).output
    imported = dsl.importer(artifact_uri=model_uri, artifact_class=Model, reimport=False)
    labelled = label_shards(model=imported.output, **pick(label_shards, given))
    published = publish(predictions=labelled.output, **pick(publish, given))
    with_s3(equip(published, given), s3_secret)
    # Somebody may have removed the table since.
    published.set_caching_options(enable_caching=False)
