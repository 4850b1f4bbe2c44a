"""What a training logs to MLflow: its settings, its data, its metrics, its files and its model."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autofocus import __version__
from autofocus.errors import InputDataError
from autofocus.evaluation.scalars import class_scalars, scalars
from autofocus.evaluation.serialization import from_text
from autofocus.evaluation.training_metrics import Metrics
from autofocus.features.choices import ViewChoice
from autofocus.features.crop import View
from autofocus.reporting import results
from autofocus.reporting.formats import count
from autofocus.reporting.wording import summary
from autofocus.splits.dataset import Dataset
from autofocus.splits.subsets import Subset
from autofocus.tables.columns import SPLIT_NAME
from autofocus.tracking.experiment import DatasetPart, Experiment
from autofocus.tracking.source import commit, image
from autofocus.training.job import TrainingJob

_CROPS: Mapping[ViewChoice, str] = {
    "full": "full frame",
    "motion": "motion crop",
    "detector": "detector crop",
    "combined": "motion or detector crop",
    "both": "full frame and motion crop",
    "auto": "best crop",
}
_DISTORTIONS = ("flip_left_right", "random_crop", "random_scale", "random_brightness")
# Settings that have no effect where the condition holds.
_WITHOUT_EFFECT = (
    (
        lambda settings: settings.get("optimizer") == "lbfgs",
        ("learning_rate", "train_batch_size", "eval_step_interval"),
    ),
    (
        lambda settings: not settings.get("fine_tune_layers"),
        ("fine_tune_layers", "fine_tune_rate", "fine_tune_epochs"),
    ),
    (lambda settings: settings.get("views") == 1, ("views",)),
    (
        lambda settings: not any(settings.get(name) for name in _DISTORTIONS),
        ("distorted_copies",),
    ),
)
# Settings that have no effect unless they are set.
_UNLESS_SET = (*_DISTORTIONS, "weight_by_motion", "location_pattern", "show_people", "folds")
# MLflow's limit.
_DIGEST_LENGTH = 32


def run_name(job: TrainingJob, view: ViewChoice) -> str:
    """Return a training's name in MLflow, which tells it from others in a list.

    Args:
        job: the training.
        view: what the classifier sees.
    """
    dataset = job.dataset
    locations = {image.frame.location for image in dataset.images} - {""}
    where = count(len(locations), "location") if locations else count(len(dataset.images), "image")
    classes = count(len(dataset.labels), "class", "classes")
    name = " · ".join((job.backbone.name, _CROPS[view], classes, where))
    return name.replace("\N{NO-BREAK SPACE}", " ")


def effective_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that had an effect on a training.

    Args:
        settings: all of them, as plain values.
    """
    idle = {name for is_idle, names in _WITHOUT_EFFECT if is_idle(settings) for name in names}
    idle |= {name for name in _UNLESS_SET if not settings.get(name)}
    return {name: value for name, value in settings.items() if name not in idle}


def subset_digest(dataset: Dataset, subset: Subset) -> str:
    """Return a digest of the contents and labels of a subset, whatever the names of the files."""
    rows = sorted((one.image.digest, one.image.label) for one in dataset.subset(subset))
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:_DIGEST_LENGTH]


def log_parameters(job: TrainingJob, run: Experiment) -> None:
    """Log the settings and the data, before the training."""
    dataset = job.dataset
    numbers = {f"{subset.value}_images": len(dataset.subset(subset)) for subset in Subset}
    tags = {
        "data_digest": job.fingerprint,
        "split_digest": dataset.split.digest,
        "split_level": dataset.split.group_kind,
        "backbone": job.backbone.name,
        "backbone_digest": job.backbone.digest,
        "autofocus_version": __version__,
        "git_commit": commit(),
        "image": image(),
    }
    run.log_parameters(
        {**effective_settings(job.settings), "classes": len(dataset.labels), **numbers},
        {name: value for name, value in tags.items() if value},
    )


def log_results(job: TrainingJob, run: Experiment) -> None:
    """Log all that is in the model's folder."""
    folder = job.saved_model_dir
    metrics = read_metrics(folder)
    view: View = metrics.view.chosen  # type: ignore[assignment] # read from JSON
    run.log_parameters(
        {"chosen_crop": _CROPS[view], "chosen_regularisation": metrics.head.strength}, {}
    )
    run.describe(run_name(job, view), _note(metrics))
    run.log_datasets(folder / SPLIT_NAME, _parts(job))
    run.log_history(metrics.history)
    values = {**scalars(metrics), **class_scalars(metrics)}
    run.log_results(
        {f"final_{name}": value for name, value in values.items()},
        [path for name in (*results.ALL, SPLIT_NAME) if (path := folder / name).is_file()],
    )
    run.log_model(folder)


def read_metrics(saved_model_dir: Path) -> Metrics:
    """Return the metrics of a trained model.

    Raises:
        InputDataError: their file can't be read.
    """
    path = saved_model_dir / results.METRICS
    try:
        return from_text(path.read_text(encoding="utf-8"))
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        raise InputDataError(
            f"{path} can't be read: delete it, and start again; the model is then trained again."
        ) from None


def _note(metrics: Metrics) -> str:
    """Return the main results as Markdown."""
    lines = [*summary(metrics), *dict.fromkeys((*metrics.split.warnings, *metrics.warnings))]
    return "\n".join(f"- {line}" for line in lines).replace("\N{NO-BREAK SPACE}", " ")


def _parts(job: TrainingJob) -> list[DatasetPart]:
    dataset = job.dataset
    return [
        DatasetPart(job.image_dir.name, subset.value, subset_digest(dataset, subset))
        for subset in Subset
        if dataset.subset(subset)
    ]
