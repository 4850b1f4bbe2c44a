"""The interface of the clean component."""

from kfp.dsl import Dataset

from components.interface import Component, Parameter, limit_rejected

clean = Component(
    "clean",
    "Join the detections to the images of all shards, one row per image.",
    inputs=(
        Parameter(
            "tables", list[Dataset], "the files of each shard that aren't images, from download"
        ),
        Parameter("image_properties", list[Dataset], "the table of each shard, from preprocess"),
        Parameter("anchor", Dataset, "see the anchor component"),
    ),
    outputs=(
        Parameter(
            "detections_clean",
            Dataset,
            "one row per image, with its date, time and labels",
        ),
        Parameter("all_image_properties", Dataset, "the tables of all shards, merged"),
        Parameter("ledger", Dataset, "one row per detection and image"),
    ),
    arguments=(
        Parameter(
            "detections",
            list[str],
            "patterns of the tables' keys in the bucket, such as lpz_data/detections_*.csv",
        ),
        limit_rejected("download", "objects"),
        limit_rejected("preprocess", "images"),
    ),
)
