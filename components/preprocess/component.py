"""The interface of the preprocess component."""

from kfp.dsl import Dataset

from components.interface import Interface, Parameter

preprocess = Interface(
    "preprocess",
    "Trim, resize and describe the photographs of one shard.",
    inputs=(Parameter("images", Dataset, "the shard's photographs, as download gives them"),),
    outputs=(
        Parameter(
            "preprocessed",
            Dataset,
            "the small photographs and how they were made: tar files, and a manifest",
        ),
        Parameter("image_properties", Dataset, "a table with a row for each of them"),
        Parameter("ledger", Dataset, "a row for every photograph"),
    ),
    arguments=(
        Parameter(
            "indir",
            str,
            "the folder below the bucket's root that holds the photographs; empty for the root",
            "",
        ),
    ),
)
