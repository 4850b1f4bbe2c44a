"""The interface of the publish component."""

from kfp.dsl import Dataset

from components.interface import Interface, Parameter

publish = Interface(
    "publish",
    "Put the labels of all shards together, and into a bucket.",
    inputs=(
        Parameter("predictions", list[Dataset], "the table that predict gives of each shard"),
        Parameter("anchor", Dataset, "see the anchor component"),
    ),
    outputs=(
        Parameter("labels", Dataset, "the table of all labels"),
        Parameter("ledger", Dataset, "a row for every table"),
    ),
    arguments=(
        Parameter("bucket", str, "the bucket's name"),
        Parameter(
            "download_max_rejected",
            float,
            "abort if a larger share of all objects was rejected by download",
            0.1,
        ),
        Parameter(
            "preprocess_max_rejected",
            float,
            "abort if a larger share of all images was rejected by preprocess",
            0.1,
        ),
        Parameter(
            "predict_max_rejected",
            float,
            "abort if a larger share of all images was rejected by predict",
            0.1,
        ),
    ),
)
