"""Stage 4: train a classifier layer on a frozen ImageNet network.

python autofocus/retrain.py --image_dir data/links --saved_model_dir data/model
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofocus.common.command import Argument, Command
from autofocus.common.errors import InputDataError, MissingInputError
from autofocus.common.items import ItemRun
from autofocus.common.journal import Outcome
from autofocus.common.ledger import LEDGER_NAME
from autofocus.common.parallel import cores
from autofocus.common.result import StageResult
from autofocus.common.settings import (
    describe,
    jobs_option,
    max_rejected_option,
    option,
    require,
    require_not_negative,
    require_share,
)
from autofocus.common.workspace import Workspace
from autofocus.images.names import PREPARATION_NAME
from autofocus.images.preparing import Preparation
from autofocus.learning.backbones import DEFAULT_BACKBONE, load_backbone
from autofocus.learning.bottlenecks import Bottlenecks
from autofocus.learning.classes import Classes, find_classes
from autofocus.learning.dataset import Dataset, make_dataset
from autofocus.learning.distortions import Distortions
from autofocus.learning.extraction import Extractor
from autofocus.learning.head import Schedule
from autofocus.tracking import results
from autofocus.tracking.summaries import write_summaries
from autofocus.tracking.training import Plan, ensure_trained

NAME = "retrain"


@dataclass(frozen=True)
class RetrainSettings:
    """The options of `retrain`; those of TensorFlow's retraining script keep name and meaning."""

    tfhub_module: str = option(
        DEFAULT_BACKBONE,
        "the backbone: an embedded one by its name, a TF Hub handle, or a SavedModel's folder",
        metavar="MODULE",
    )
    how_many_training_steps: int = option(4000, "steps of gradient descent", metavar="N")
    learning_rate: float = option(0.01, "how far a step follows the gradient", metavar="RATE")
    testing_percentage: float = option(10, "photographs kept for the test", metavar="PERCENT")
    validation_percentage: float = option(
        10, "photographs measured while training, but not learned from", metavar="PERCENT"
    )
    train_batch_size: int = option(100, "photographs a step; -1 for all", metavar="N")
    eval_step_interval: int = option(10, "steps between two measurements", metavar="N")
    flip_left_right: bool = option(False, "mirror half of the training photographs at random")
    random_crop: int = option(0, "cut away a random margin of so many percent", metavar="PERCENT")
    random_scale: int = option(0, "enlarge by up to so many percent", metavar="PERCENT")
    random_brightness: int = option(
        0, "make brighter or darker by up to so many percent", metavar="PERCENT"
    )
    final_tensor_name: str = option(
        "final_result", "the probabilities' name in the model's signature", metavar="NAME"
    )
    preparation_path: Path | None = option(
        None,
        "how the photographs were preprocessed; by default the preparation.json in image_dir",
        affects_output=False,
        metavar="JSON",
    )
    bottleneck_dir: Path | None = option(
        None,
        "the cache of feature vectors; by default `bottlenecks` beside the model's folder",
        affects_output=False,
        metavar="DIR",
    )
    summaries_dir: Path | None = option(
        None, "write summaries for TensorBoard here", affects_output=False, metavar="DIR"
    )
    output_labels: Path | None = option(
        None, "write the labels here too, one a line", affects_output=False, metavar="TXT"
    )
    print_misclassified_test_images: bool = option(
        False, "print the misclassified test photographs", affects_output=False
    )
    jobs: int = jobs_option()
    max_rejected: float = max_rejected_option()

    def __post_init__(self) -> None:
        for name in ("testing_percentage", "validation_percentage"):
            value = getattr(self, name)
            require(0 <= value < 100, f"{name} must be from 0 to below 100, not {value}.")  # noqa: PLR2004
        both = self.testing_percentage + self.validation_percentage
        require(
            both < 100,  # noqa: PLR2004 - percent
            f"testing_percentage and validation_percentage add up to {both:g}: "
            "nothing is left to learn from.",
        )
        for name in ("how_many_training_steps", "eval_step_interval", "learning_rate"):
            require(getattr(self, name) > 0, f"{name} must be above 0, not {getattr(self, name)}.")
        require_not_negative(self, "random_crop", "random_scale", "random_brightness", "jobs")
        require(
            self.train_batch_size > 0 or self.train_batch_size == -1,
            f"train_batch_size must be above 0, or -1 for all, not {self.train_batch_size}.",
        )
        require_share("max_rejected", self.max_rejected)

    @property
    def distortions(self) -> Distortions:
        """How training photographs are distorted."""
        fields = [field.name for field in dataclasses.fields(Distortions)]
        return Distortions(**{name: getattr(self, name) for name in fields})

    @property
    def schedule(self) -> Schedule:
        """How long and how fast to train."""
        return Schedule(
            self.how_many_training_steps,
            self.learning_rate,
            self.train_batch_size,
            self.eval_step_interval,
        )


@dataclass(frozen=True)
class RetrainResult(StageResult):
    """The account of `retrain`.

    Attributes:
        metrics: all figures, as in `metrics.json`.
        run_id: the run in MLflow.
        tracking_uri: where MLflow keeps it.
        is_reused: whether nothing had changed since an earlier training, which stands.
    """

    metrics: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    run_id: str = ""
    tracking_uri: str = ""
    is_reused: bool = False

    @property
    def accuracy_in_words(self) -> str:
        """The test accuracy, with what is to be known about it."""
        test = self.metrics["test"]
        if not test["images"]:
            return "unknown: there are no test photographs"
        low, high = test["accuracy_95_percent_interval"]
        return (
            f"{test['accuracy']:.1%} of {test['images']} test photographs "
            f"(95 % interval {low:.1%} to {high:.1%}), split photograph by photograph"
        )

    def __str__(self) -> str:
        """Return the account and the accuracy as a few lines of text."""
        done = "reused: nothing has changed since" if self.is_reused else "trained"
        return "\n".join(
            [
                super().__str__(),
                f"  {'model:':<12} {done}",
                f"  {'accuracy:':<12} {self.accuracy_in_words}",
                f"  {'MLflow:':<12} run {self.run_id} in {self.tracking_uri}",
            ]
        )


def retrain(
    image_dir: Path,
    saved_model_dir: Path = Path("model"),
    settings: RetrainSettings = RetrainSettings(),
) -> RetrainResult:
    """Train a classifier layer on photographs that stand in a folder for each label.

    Writes into `saved_model_dir` a SavedModel (images in, probabilities out), `labels.txt`,
    `metrics.json`, the confusion matrix, the misclassified test photographs, `report.html` and
    `ledger.csv`, and logs all of it to MLflow. Feature vectors are computed once and kept in
    `bottleneck_dir`. It may be stopped at any moment; started again it does what is left.

    Args:
        image_dir: a folder of photographs, or of links to them, for each label.
        saved_model_dir: where to write.
        settings: how to train.

    Raises:
        MissingInputError: `image_dir` isn't there or holds no photographs.
        InputDataError: there is one class only, or too few photographs.
        OutputConflictError: `saved_model_dir` was begun with other settings, or is in use.
        StoreError: MLflow's tracking store can't be used.
        TooManyRejectedError: too many photographs can't be used; the model stands nevertheless.
    """
    classes = find_classes(image_dir)
    preparation = _read_preparation(image_dir, settings.preparation_path)
    backbone = load_backbone(settings.tfhub_module)
    cache_folder = settings.bottleneck_dir or saved_model_dir.parent / "bottlenecks"
    ledger = saved_model_dir / LEDGER_NAME
    with (
        Workspace(saved_model_dir, NAME, describe(settings)) as workspace,
        Bottlenecks(cache_folder, backbone.name, backbone.digest, backbone.feature_size) as cache,
        ItemRun(workspace, ledger) as run,
    ):
        items = Extractor(image_dir, backbone, cache).items(classes.examples)
        outcomes = list(run.outcomes(items, settings.jobs or cores()))
        dataset = _make_dataset(classes, outcomes, settings, workspace)
        plan = Plan(
            image_dir,
            saved_model_dir,
            dataset,
            backbone,
            preparation,
            settings.schedule,
            settings.distortions,
            settings.final_tensor_name,
            describe(settings),
            settings.jobs or cores(),
        )
        trained, is_reused = ensure_trained(plan, cache, workspace)
        counts = run.publish()
    _tell(saved_model_dir, settings)
    counts.check(settings.max_rejected, ledger)
    return RetrainResult(
        NAME,
        counts,
        ledger,
        {"model folder": saved_model_dir, "report": saved_model_dir / results.REPORT},
        _notes(classes, dataset, preparation),
        json.loads((saved_model_dir / results.METRICS).read_text(encoding="utf-8")),
        trained.run_id,
        trained.tracking_uri,
        is_reused,
    )


def _make_dataset(
    classes: Classes, outcomes: Sequence[Outcome], settings: RetrainSettings, workspace: Workspace
) -> Dataset:
    parts = settings.testing_percentage, settings.validation_percentage
    try:
        return make_dataset(classes.labels, outcomes, *parts)
    except InputDataError:
        # Other percentages may be tried: the feature vectors are cached, and all else is not made.
        workspace.forget()
        raise


def _read_preparation(image_dir: Path, given: Path | None) -> Preparation | None:
    path = given or image_dir / PREPARATION_NAME
    if path.is_file():
        return Preparation.from_file(path)
    if given:
        raise MissingInputError(f"There is no file {given} (preparation_path).")
    return None


def _notes(classes: Classes, dataset: Dataset, preparation: Preparation | None) -> tuple[str, ...]:
    notes = list(dataset.warnings())
    if classes.empty:
        notes.append(f"Left out, as their folders are empty: {', '.join(classes.empty)}.")
    if preparation is None:
        notes.append(
            "How the photographs were preprocessed is not known (no preparation.json): predict "
            "will take photographs as they are."
        )
    return tuple(notes)


def _tell(saved_model_dir: Path, settings: RetrainSettings) -> None:
    if settings.output_labels:
        labels = (saved_model_dir / results.LABELS).read_bytes()
        settings.output_labels.parent.mkdir(parents=True, exist_ok=True)
        settings.output_labels.write_bytes(labels)
    if settings.summaries_dir:
        write_summaries(settings.summaries_dir, saved_model_dir / results.METRICS)
    if settings.print_misclassified_test_images:
        print((saved_model_dir / results.MISTAKES_TABLE).read_text(encoding="utf-8"), end="")


COMMAND = Command(
    name=NAME,
    summary="Train a classifier layer on a frozen ImageNet network, tracked by MLflow.",
    example=f"autofocus {NAME} --image_dir data/links --saved_model_dir data/model",
    function=retrain,
    arguments=(
        Argument("image_dir", "a folder that holds a folder of photographs for each label"),
        Argument("saved_model_dir", "the folder to write to", default=Path("model")),
    ),
    settings=RetrainSettings,
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
