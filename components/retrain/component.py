"""The interface of the retrain component."""

from kfp.dsl import HTML, ClassificationMetrics, Dataset, Metrics, Model

from components.interface import Component, Parameter

retrain = Component(
    "retrain",
    "Train a classifier on the features of a frozen ImageNet network, tracked by MLflow.",
    inputs=(
        Parameter(
            "preprocessed",
            list[Dataset],
            "the prepared images of each shard, from preprocess",
        ),
        Parameter("links", Dataset, "the table from link"),
        Parameter("anchor", Dataset, "see the anchor component"),
    ),
    outputs=(
        Parameter("model", Model, "a SavedModel with its labels, metrics and report"),
        Parameter("metrics", Metrics, "accuracies, with the test's confidence interval"),
        Parameter("confusion_matrix", ClassificationMetrics, "on the test images"),
        Parameter("report", HTML, "the report on the evaluation"),
        Parameter(
            "split",
            Dataset,
            "the part of each image, training, validation or test, and the reason",
        ),
        Parameter("ledger", Dataset, "one row per image"),
    ),
    arguments=(
        Parameter(
            "mlflow_tracking_uri",
            str,
            "the address of MLflow's server (empty: what is logged is lost)",
            "",
        ),
    ),
)
