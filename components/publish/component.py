"""The interface of the publish component."""

from kfp.dsl import Dataset

from components.interface import Component, Parameter, limit_rejected

publish = Component(
    "publish",
    "Merge the labels of all shards, and upload them to a bucket, also in other formats.",
    inputs=(
        Parameter("predictions", list[Dataset], "the table of each shard, from predict"),
        Parameter(
            "originals",
            list[Dataset],
            "the table of each shard, from preprocess; or the tables, from ingest, of which one "
            "says what is recorded in the bucket as labelled",
        ),
        Parameter("anchor", Dataset, "see the anchor component"),
    ),
    outputs=(
        Parameter("labels", Dataset, "the table of all labels"),
        Parameter("ledger", Dataset, "one row per table"),
    ),
    arguments=(
        Parameter("bucket", str, "name of the bucket"),
        limit_rejected("download", "objects"),
        limit_rejected("preprocess", "images"),
        limit_rejected("predict", "images"),
    ),
)
