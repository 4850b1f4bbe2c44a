"""The options of `retrain`; those of TensorFlow's retraining script keep name and meaning."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autofocus.features.backbones import DEFAULT_BACKBONE
from autofocus.grouping.locations import DEFAULT_PATTERN, LocationPattern
from autofocus.options.settings import (
    jobs_option,
    max_rejected_option,
    option,
    patience_option,
    require,
    require_not_negative,
    require_share,
)
from autofocus.splits.subsets import SplitBy

MIN_FOLDS = 2


@dataclass(frozen=True)
class RetrainSettings:
    """The options of `retrain`."""

    tfhub_module: str = option(
        DEFAULT_BACKBONE,
        "the backbone: an embedded one by its name, a TF Hub handle, or a SavedModel's folder",
        metavar="MODULE",
    )
    view: Literal["full", "motion", "both", "auto"] = option(
        "full",
        "what the classifier looks at: the whole frame, the square around what moved, or both; "
        "auto takes what does best on the validation photographs",
    )
    weight_by_motion: bool = option(
        False, "let photographs count more in which more moved, within their class"
    )
    split_by: SplitBy = option(
        "auto",
        "what never stands on both sides of a split: the photographs of a location, of a "
        "sequence, or each photograph alone; auto takes the first that the data allow",
    )
    location_pattern: str = option(
        DEFAULT_PATTERN,
        "a regular expression that finds the location in a photograph's path, as its group "
        "`location` or its first one; a column `location` in links.csv goes before it",
        metavar="REGEX",
    )
    sequence_gap: float = option(
        60.0,
        "a frame that the same camera took at most so long after the one before belongs to its "
        "sequence",
        metavar="SECONDS",
    )
    testing_percentage: float = option(10.0, "photographs kept for the test", metavar="PERCENT")
    validation_percentage: float = option(
        10.0, "photographs to choose by while training, but not learned from", metavar="PERCENT"
    )
    folds: int = option(
        0,
        "measure by cross-validation as well: so many times, another part of the groups is "
        "tested; 0 for not at all",
        metavar="K",
    )
    multilabel: bool = option(
        False, "let a photograph have several labels (link with --keep-unresolved)"
    )
    optimizer: Literal["lbfgs", "gradient_descent"] = option(
        "lbfgs",
        "lbfgs goes to the optimum, and chooses the regularisation by the validation photographs; "
        "gradient_descent is that of TensorFlow's script",
    )
    how_many_training_steps: int = option(4000, "steps of the optimizer at most", metavar="N")
    learning_rate: float = option(
        0.01, "how far a step of gradient_descent follows the gradient", metavar="RATE"
    )
    train_batch_size: int = option(
        100, "photographs in a step of gradient_descent; -1 for all", metavar="N"
    )
    eval_step_interval: int = option(
        10, "steps of gradient_descent between two measurements", metavar="N"
    )
    class_weights: Literal["balanced", "none"] = option(
        "balanced", "balanced lets rare classes count as much as common ones"
    )
    flip_left_right: bool = option(False, "learn from mirrored photographs, too")
    random_crop: int = option(0, "cut away a random margin of so many percent", metavar="PERCENT")
    random_scale: int = option(0, "enlarge by up to so many percent", metavar="PERCENT")
    random_brightness: int = option(
        0, "make brighter or darker by up to so many percent", metavar="PERCENT"
    )
    distorted_copies: int = option(
        4, "how many distorted copies of a photograph are learned from", metavar="N"
    )
    fine_tune_layers: int = option(
        0, "train the backbone's last blocks as well, so many; wants a GPU", metavar="N"
    )
    fine_tune_rate: float = option(1e-4, "the learning rate of fine tuning", metavar="RATE")
    fine_tune_epochs: int = option(
        10, "how often fine tuning sees each photograph at most", metavar="N"
    )
    threshold_target: Literal["precision", "recall"] = option(
        "precision", "what the thresholds of the labels are to promise"
    )
    threshold_value: float = option(
        0.95, "how much of it; from a label's threshold on, nobody need look", metavar="SHARE"
    )
    empty_labels: tuple[str, ...] = option(
        ("empty",), "labels of photographs that show nothing", metavar="LABEL"
    )
    human_labels: tuple[str, ...] = option(
        ("human", "person", "people"),
        "labels of people, whose photographs the report does not show",
        metavar="LABEL",
    )
    show_people: bool = option(False, "let the report show people, too")
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
    patience: float = patience_option("the MLflow server")
    jobs: int = jobs_option()
    max_rejected: float = max_rejected_option()

    def __post_init__(self) -> None:
        self._check_parts()
        for name in (
            "how_many_training_steps", "eval_step_interval", "learning_rate", "sequence_gap",
            "fine_tune_rate", "fine_tune_epochs", "distorted_copies",
        ):  # fmt: skip
            require(getattr(self, name) > 0, f"{name} must be above 0, not {getattr(self, name)}.")
        require_not_negative(
            self,
            *("random_crop", "random_scale", "random_brightness", "jobs", "fine_tune_layers"),
            "patience",
        )
        require(
            self.train_batch_size > 0 or self.train_batch_size == -1,
            f"train_batch_size must be above 0, or -1 for all, not {self.train_batch_size}.",
        )
        require(
            self.folds == 0 or self.folds >= MIN_FOLDS,
            f"folds must be 0, or {MIN_FOLDS} or more, not {self.folds}.",
        )
        require(
            not (self.fine_tune_layers and self.view in ("both", "auto")),
            "fine_tune_layers works on one view: set view to full or motion.",
        )
        require_share("threshold_value", self.threshold_value)
        require_share("max_rejected", self.max_rejected)
        LocationPattern(self.location_pattern)

    def _check_parts(self) -> None:
        for name in ("testing_percentage", "validation_percentage"):
            value = getattr(self, name)
            require(0 <= value < 100, f"{name} must be from 0 to below 100, not {value}.")  # noqa: PLR2004
        both = self.testing_percentage + self.validation_percentage
        require(
            both < 100,  # noqa: PLR2004 - percent
            f"testing_percentage and validation_percentage add up to {both:g}: "
            "nothing is left to learn from.",
        )
