"""The interface of the clean component."""

from kfp.dsl import Dataset

from components.interface import Interface, Parameter

clean = Interface(
    "clean",
    "Join the tables of detections to the photographs of all shards, one row a photograph.",
    inputs=(
        Parameter(
            "tables", list[Dataset], "what download gives of each shard besides photographs"
        ),
        Parameter(
            "image_properties", list[Dataset], "the table that preprocess gives of each shard"
        ),
        Parameter("anchor", Dataset, "see the anchor component"),
    ),
    outputs=(
        Parameter(
            "detections_clean",
            Dataset,
            "a row for each photograph, with its date, time and labels",
        ),
        Parameter("all_image_properties", Dataset, "the shards' tables in one"),
        Parameter("ledger", Dataset, "a row for every detection and photograph"),
    ),
    arguments=(
        Parameter(
            "detections",
            list[str],
            "the tables' names below the bucket's root, such as lpz_data/detections_*.csv",
        ),
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
    ),
)
