"""The interface of the download component."""

from kfp.dsl import Dataset

from components.interface import Component, Parameter

download = Component(
    "download",
    "Download one shard of a bucket's images, and pack them into a few tar files.",
    inputs=(Parameter("anchor", Dataset, "see the anchor component"),),
    outputs=(
        Parameter(
            "images",
            Dataset,
            "the shard's images under their keys: tar files, and a manifest",
        ),
        Parameter(
            "tables", Dataset, "all files that aren't images, in the same form; only of shard 0"
        ),
        Parameter("ledger", Dataset, "one row per object"),
    ),
    arguments=(Parameter("bucket", str, "name of the bucket"),),
)
