"""The interface of the ingest component."""

from kfp.dsl import Dataset

from components.download.component import download
from components.interface import PROGRESS, Component, Parameter
from components.preprocess.component import preprocess

ingest = Component(
    "ingest",
    "Download and preprocess the images of some shards, one shard after the other.",
    inputs=download.inputs,
    outputs=(
        Parameter("tables", Dataset, "all files that aren't images; only with shard 0"),
        Parameter(
            "preprocessed",
            Dataset,
            "the prepared images, and how they were made: tar files of each shard, and a manifest",
        ),
        Parameter("image_properties", Dataset, "a table with one row per image"),
        Parameter(
            "originals",
            Dataset,
            "a folder of two tables: the same with the pixels that were cropped, and one with "
            "key, size and ETag of each image that was prepared or rejected",
        ),
        Parameter("download_ledger", Dataset, "one row per object"),
        Parameter("ledger", Dataset, "one row per image"),
    ),
    arguments=(*download.arguments, *preprocess.arguments, PROGRESS),
)
