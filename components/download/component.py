"""The interface of the download component."""

from kfp.dsl import Dataset

from components.interface import Interface, Parameter

download = Interface(
    "download",
    "Bring one shard of a bucket's photographs, and pack them into a few tar files.",
    inputs=(Parameter("anchor", Dataset, "see the anchor component"),),
    outputs=(
        Parameter(
            "images",
            Dataset,
            "the shard's photographs under their keys: tar files, and a manifest",
        ),
        Parameter(
            "tables", Dataset, "all that is no photograph, in the same form; of shard 0 alone"
        ),
        Parameter("ledger", Dataset, "a row for every object"),
    ),
    arguments=(Parameter("bucket", str, "the bucket's name"),),
)
