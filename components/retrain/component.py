"""The interface of the retrain component."""

from kfp.dsl import HTML, ClassificationMetrics, Dataset, Metrics, Model

from components.interface import Interface, Parameter

retrain = Interface(
    "retrain",
    "Train a classifier layer on a frozen ImageNet network, tracked by MLflow.",
    inputs=(
        Parameter(
            "preprocessed",
            list[Dataset],
            "the small photographs that preprocess gives of each shard",
        ),
        Parameter("links", Dataset, "the table that link gives"),
        Parameter("anchor", Dataset, "see the anchor component"),
    ),
    outputs=(
        Parameter("model", Model, "a SavedModel with its labels, figures and report"),
        Parameter("metrics", Metrics, "accuracies, with the test's interval"),
        Parameter("confusion_matrix", ClassificationMetrics, "on the test photographs"),
        Parameter("report", HTML, "what came out, in words and pictures"),
        Parameter(
            "split", Dataset, "which photograph was learned from, which was tested, and why"
        ),
        Parameter("ledger", Dataset, "a row for every photograph"),
    ),
    arguments=(
        Parameter(
            "mlflow_tracking_uri", str, "MLflow's server; without one, what it is told is lost", ""
        ),
    ),
)
