"""The interface of the retrain component."""

from kfp import dsl
from kfp.dsl import HTML, ClassificationMetrics, Dataset, Input, Metrics, Model, Output

from autofocus.grouping.locations import DEFAULT_PATTERN
from autofocus.retrain_settings import RetrainSettings
from components.interface import container, described_by


@dsl.container_component
@described_by(RetrainSettings)
def retrain(
    preprocessed: Input[list[Dataset]],
    links: Input[Dataset],
    anchor: Input[Dataset],
    model: Output[Model],
    metrics: Output[Metrics],
    confusion_matrix: Output[ClassificationMetrics],
    report: Output[HTML],
    split: Output[Dataset],
    ledger: Output[Dataset],
    tfhub_module: str = "efficientnet-lite0",
    view: str = "full",
    weight_by_motion: bool = False,
    split_by: str = "auto",
    location_pattern: str = DEFAULT_PATTERN,
    sequence_gap: float = 60,
    testing_percentage: float = 10,
    validation_percentage: float = 10,
    folds: int = 0,
    multilabel: bool = False,
    optimizer: str = "lbfgs",
    how_many_training_steps: int = 4000,
    learning_rate: float = 0.01,
    train_batch_size: int = 100,
    eval_step_interval: int = 10,
    class_weights: str = "balanced",
    flip_left_right: bool = False,
    random_crop: int = 0,
    random_scale: int = 0,
    random_brightness: int = 0,
    distorted_copies: int = 4,
    fine_tune_layers: int = 0,
    fine_tune_rate: float = 1e-4,
    fine_tune_epochs: int = 10,
    threshold_target: str = "precision",
    threshold_value: float = 0.95,
    empty_labels: list[str] = ["empty"],
    human_labels: list[str] = ["human", "person", "people"],
    show_people: bool = False,
    final_tensor_name: str = "final_result",
    print_misclassified_test_images: bool = False,
    patience: float = 300.0,
    jobs: int = 0,
    max_rejected: float = 0.1,
    mlflow_tracking_uri: str = "",
) -> dsl.ContainerSpec:
    """Train a classifier layer on a frozen ImageNet network, tracked by MLflow.

    Args:
        preprocessed: the small photographs that preprocess gives of each shard
        links: the table that link gives
        anchor: see the anchor component
        model: a SavedModel with its labels, figures and report
        metrics: accuracies, with the test's interval
        confusion_matrix: on the test photographs
        report: what came out, in words and pictures
        split: which photograph was learned from, which was tested, and why
        ledger: a row for every photograph
        mlflow_tracking_uri: MLflow's server; without one, what it is told is lost
    """
    return container("retrain")
