"""The interface of the retrain component."""

from kfp.dsl import HTML, ClassificationMetrics, Dataset, Metrics, Model

from components.interface import PROGRESS, Component, Parameter

EMBEDDINGS = Parameter(
    "embeddings", list[Dataset], "features, boxes and thumbnails of all images, from embed"
)
TABLES = (
    Parameter("links", Dataset, "the table from link"),
    Parameter("anchor", Dataset, "see the anchor component"),
)
OUTPUTS = (
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
)
ARGUMENTS = (
    Parameter(
        "mlflow_tracking_uri",
        str,
        "the address of MLflow's server (empty: what is logged is lost)",
        "",
    ),
    PROGRESS,
)

retrain = Component(
    "retrain",
    "Train a classifier on the features of a frozen ImageNet network, tracked by MLflow.",
    inputs=(EMBEDDINGS, *TABLES),
    outputs=OUTPUTS,
    arguments=ARGUMENTS,
)
