"""The program inside the image: train a classifier on embeddings, or on images, of all shards."""

import os
import shutil
from pathlib import Path

from autofocus.containers.archive import unpack
from autofocus.containers.metrics import classification
from autofocus.containers.progress import open_progress
from autofocus.containers.task import Task, main
from autofocus.evaluation.scalars import scalars
from autofocus.images.names import PREPARATION_NAME
from autofocus.labels.linking import make_links
from autofocus.reporting import results
from autofocus.retrain import NAME, retrain
from autofocus.retrain_result import RetrainResult
from autofocus.retrain_settings import RetrainSettings
from autofocus.runs.workspace import HIDDEN
from autofocus.tables.columns import LINKS_NAME, SPLIT_NAME
from autofocus.training.checkpoint import CHECKPOINTS


def train(task: Task) -> RetrainResult:
    """Train from embeddings, from images, or from both, as far as the component has them."""
    links, model = task.folder / "links", task.folder / "model"
    links.mkdir()
    shutil.copyfile(task.input("links"), links / LINKS_NAME)
    if "preprocessed" in task.request.inputs:
        _link_images(task, links)
    has_embeddings = "embeddings" in task.request.inputs
    embeddings = task.inputs("embeddings") if has_embeddings else []
    settings = task.settings(RetrainSettings, embeddings=[str(folder) for folder in embeddings])
    if uri := task.parameter("mlflow_tracking_uri", ""):
        os.environ["MLFLOW_TRACKING_URI"] = uri
    memory = model / HIDDEN / NAME
    with open_progress(task).watch("training", memory, CHECKPOINTS):
        result = retrain(links, model, settings)
    task.output("model", model)
    task.output("report", model / results.REPORT)
    task.output("split", model / SPLIT_NAME)
    task.output("metrics", model / results.METRICS, scalars(result.metrics))
    task.output(
        "confusion_matrix", model / results.CONFUSION_TABLE, classification(result.metrics)
    )
    return result


def _link_images(task: Task, links: Path) -> None:
    """Unpack the images of all shards, and link them as the table says."""
    images = task.folder / "preprocessed"
    unpack(task.inputs("preprocessed"), images)
    make_links(links / LINKS_NAME)
    shutil.copyfile(images / PREPARATION_NAME, links / PREPARATION_NAME)


if __name__ == "__main__":
    raise SystemExit(main(NAME, train))
