"""The interface of the preprocess component."""

from kfp.dsl import Dataset

from components.interface import Component, Parameter

preprocess = Component(
    "preprocess",
    "Crop and resize the images of one shard, and record their properties.",
    inputs=(Parameter("images", Dataset, "the shard's images, from download"),),
    outputs=(
        Parameter(
            "preprocessed",
            Dataset,
            "the prepared images, and how they were made: tar files, and a manifest",
        ),
        Parameter("image_properties", Dataset, "a table with one row per image"),
        Parameter("originals", Dataset, "the same table with the pixels that were cropped"),
        Parameter("ledger", Dataset, "one row per input image"),
    ),
    arguments=(
        Parameter(
            "indir",
            str,
            "folder below the bucket's root that holds the images (empty: the root)",
            "",
        ),
    ),
)
