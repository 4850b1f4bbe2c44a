"""The interface of the retrain component."""

from kfp import dsl
from kfp.dsl import HTML, ClassificationMetrics, Dataset, Input, Metrics, Model, Output

from autofocus.retrain import RetrainSettings
from components.interface import container, described_by


@dsl.container_component
@described_by(RetrainSettings)
def retrain(
    preprocessed: Input[list[Dataset]],
    links: Input[Dataset],
    model: Output[Model],
    metrics: Output[Metrics],
    confusion_matrix: Output[ClassificationMetrics],
    report: Output[HTML],
    ledger: Output[Dataset],
    tfhub_module: str = "efficientnet-lite0",
    how_many_training_steps: int = 4000,
    learning_rate: float = 0.01,
    testing_percentage: float = 10,
    validation_percentage: float = 10,
    train_batch_size: int = 100,
    eval_step_interval: int = 10,
    flip_left_right: bool = False,
    random_crop: int = 0,
    random_scale: int = 0,
    random_brightness: int = 0,
    final_tensor_name: str = "final_result",
    print_misclassified_test_images: bool = False,
    jobs: int = 0,
    max_rejected: float = 0.1,
    mlflow_tracking_uri: str = "",
) -> dsl.ContainerSpec:
    """Train a classifier layer on a frozen ImageNet network, tracked by MLflow.

    Args:
        preprocessed: the small photographs that preprocess gives of each shard
        links: the table that link gives
        model: a SavedModel with its labels, figures and report
        metrics: accuracies, with the test's interval
        confusion_matrix: on the test photographs
        report: what came out, in words and pictures
        ledger: a row for every photograph
        mlflow_tracking_uri: MLflow's server; without one, what it is told is lost
    """
    return container("retrain")
