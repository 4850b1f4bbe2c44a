"""The interface of the publish component."""

from kfp.dsl import Dataset

from components.interface import Component, Parameter

publish = Component(
    "publish",
    "Merge the labels of all shards, and upload them to a bucket.",
    inputs=(
        Parameter("predictions", list[Dataset], "the table of each shard, from predict"),
        Parameter("anchor", Dataset, "see the anchor component"),
    ),
    outputs=(
        Parameter("labels", Dataset, "the table of all labels"),
        Parameter("ledger", Dataset, "one row per table"),
    ),
    arguments=(
        Parameter("bucket", str, "name of the bucket"),
        Parameter(
            "download_max_rejected",
            float,
            "abort if download rejected a larger share of all objects",
            0.1,
        ),
        Parameter(
            "preprocess_max_rejected",
            float,
            "abort if preprocess rejected a larger share of all images",
            0.1,
        ),
        Parameter(
            "predict_max_rejected",
            float,
            "abort if predict rejected a larger share of all images",
            0.1,
        ),
    ),
)
