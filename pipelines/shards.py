"""The fan-out: each shard of a bucket is downloaded and preprocessed by itself, side by side."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from kfp import dsl
from kfp.dsl import Dataset, Input

from components.download.component import download
from components.preprocess.component import preprocess
from pipelines.resources import with_resources
from pipelines.tasks import equip, with_s3
from pipelines.wiring import pick


class Shards(NamedTuple):
    """What comes out of all shards: lists with one artifact a shard."""

    tables: list[Dataset]
    preprocessed: list[Dataset]
    image_properties: list[Dataset]


def prepare_shard(
    shard: Any, given: Mapping[str, Any]
) -> tuple[dsl.PipelineTask, dsl.PipelineTask]:
    """Download one shard and preprocess it; call it within a loop over shards.

    Args:
        shard: the loop's item.
        given: the pipeline's parameters by name, and the anchor.

    Returns:
        Both tasks.
    """
    brought = equip(download(shard=shard, **pick(download, given)), given)
    images = brought.outputs["images"]
    prepared = equip(preprocess(images=images, **pick(preprocess, given)), given)
    return with_s3(brought, given["s3_secret"]), prepared


# Looping within a pipeline of its own keeps a run's graph legible, and lets the lists be
# collected into typed outputs.
@dsl.pipeline(name="prepare-shards")
@with_resources("download", "preprocess")
def prepare_shards(
    anchor: Input[Dataset],
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
    night_tolerance: float,
    preprocess_max_rejected: float,
    resources: Mapping[str, Any],
) -> Shards:
    """Download and preprocess each shard."""
    given = {**locals(), **resources}
    with dsl.ParallelFor(shards) as shard:
        brought, prepared = prepare_shard(shard, given)
    return Shards(
        dsl.Collected(brought.outputs["tables"]),
        dsl.Collected(prepared.outputs["preprocessed"]),
        dsl.Collected(prepared.outputs["image_properties"]),
    )
