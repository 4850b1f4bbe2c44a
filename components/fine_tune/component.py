"""The interface of the fine_tune component."""

from kfp.dsl import Dataset

from components.interface import Component, Parameter
from components.retrain.component import ARGUMENTS, EMBEDDINGS, OUTPUTS, TABLES

fine_tune = Component(
    "fine_tune",
    "Train the last blocks of an ImageNet network and a classifier, tracked by MLflow.",
    inputs=(
        EMBEDDINGS,
        Parameter("preprocessed", list[Dataset], "the prepared images of all shards"),
        *TABLES,
    ),
    outputs=OUTPUTS,
    arguments=ARGUMENTS,
    image="retrain",
)
