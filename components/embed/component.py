"""The interface of the embed component."""

from kfp.dsl import Dataset

from components.interface import PROGRESS, Component, Parameter

embed = Component(
    "embed",
    "Compute what retrain needs of the images of some shards: features, boxes and thumbnails.",
    inputs=(Parameter("preprocessed", Dataset, "the prepared images of the shards"),),
    outputs=(
        Parameter("embeddings", Dataset, "features, boxes and thumbnails of the images"),
        Parameter("ledger", Dataset, "one row per image"),
    ),
    arguments=(PROGRESS,),
    image="retrain",
    command=("python", "/component/embed.py"),
)
