"""The interface of the predict component."""

from kfp.dsl import Dataset, Model

from components.interface import Component, Parameter

predict = Component(
    "predict",
    "Label the images of one shard.",
    inputs=(
        Parameter("model", Model, "the model from retrain"),
        Parameter("preprocessed", Dataset, "the shard's prepared images, from preprocess"),
        Parameter(
            "preprocessing",
            Dataset,
            "the ledger of preprocess: an image that it rejected has a row as well",
        ),
    ),
    outputs=(
        Parameter(
            "predictions",
            Dataset,
            "a table with one row per image, named by its key in the bucket: the label, that of "
            "its sequence, and whether it needs review",
        ),
        Parameter("ledger", Dataset, "one row per image"),
    ),
    arguments=(
        Parameter(
            "indir",
            str,
            "folder below the bucket's root that holds the images, as for preprocess",
            "",
        ),
    ),
)
