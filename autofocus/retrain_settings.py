"""The settings and the command line of `retrain`.

The settings of TensorFlow's retraining script keep name and meaning.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from autofocus.features.choices import DEFAULT_BACKBONE, MOST_VIEWS, ViewChoice
from autofocus.grouping.locations import DEFAULT_PATTERN, LocationPattern
from autofocus.grouping.sequences import SequencePattern
from autofocus.options.command import Argument, Command, Stage
from autofocus.options.settings import (
    jobs_option,
    max_rejected_option,
    option,
    patience_option,
    require,
    require_not_negative,
    require_share,
    shown,
)
from autofocus.splits.subsets import SplitBy

MIN_FOLDS = 2
# The number of layers to fine-tune that stands for all, where only a number is possible.
ALL_LAYERS = -1


class _FeatureSettings(Protocol):
    """The settings that decide which features are computed of an image."""

    @property
    def distorted_copies(self) -> int: ...
    @property
    def views(self) -> int: ...
    @property
    def max_rejected(self) -> float: ...


def check_features(settings: _FeatureSettings) -> None:
    """Check the settings that `retrain` and `embed` have in common.

    Raises:
        SettingError: one is out of range.
    """
    copies, views = settings.distorted_copies, settings.views
    require(copies > 0, f"distorted_copies must be above 0, not {copies}.")
    require_not_negative(settings, "random_crop", "random_scale", "random_brightness", "jobs")
    require(
        1 <= views <= MOST_VIEWS, f"views must be a number from 1 to {MOST_VIEWS}, not {views}."
    )
    require_share("max_rejected", settings.max_rejected)


@dataclass(frozen=True)
class RetrainSettings:
    """The settings of `retrain`."""

    tfhub_module: str = option(
        DEFAULT_BACKBONE,
        "the backbone: name of an embedded one, `keras:` and a name of Keras Applications, "
        "`.keras` or `.onnx` file, folder of a SavedModel, or TF Hub handle",
        metavar="MODULE",
        alias="backbone",
        group="model",
    )
    view: ViewChoice = option(
        "full",
        "input of the classifier: the full frame; the crop around the motion, around what the "
        "detector found, or combined: around the motion, else what the detector found; or both, "
        "the full frame and the crop around the motion; auto selects one by held-out sequences",
        group="model",
    )
    split_by: SplitBy = option(
        "auto",
        "unit that is never divided between training, validation and test: all images of a "
        "location, all of a sequence, or each image; auto takes the first that the data allow",
        group="data and splits",
    )
    location_pattern: str = option(
        DEFAULT_PATTERN,
        "regular expression for the location in the path of the original image: its group "
        "`location`, or its first group; a column `location` in links.csv takes precedence, and "
        "without either the folder of an image is its location",
        metavar="REGEX",
        group="data and splits",
    )
    sequence_gap: float = option(
        60.0,
        "longest time between two images of one camera that belong to the same sequence",
        metavar="SECONDS",
        group="data and splits",
    )
    sequence_pattern: str = option(
        "",
        "regular expression for the sequence of an image without a time in the path of the "
        "original: its group `sequence`, or its first group (default: none); a column `sequence` "
        "in links.csv takes precedence",
        metavar="REGEX",
        group="data and splits",
    )
    sequence_frames: int = option(
        0,
        "number of images that a camera takes at a trigger: files of cameras that record no time "
        "form sequences of that many consecutive numbers (0: they form none)",
        metavar="N",
        group="data and splits",
    )
    testing_percentage: float = option(
        10.0, "share of images for the test split", metavar="PERCENT", group="data and splits"
    )
    validation_percentage: float = option(
        10.0,
        "share of images for the validation split",
        metavar="PERCENT",
        group="data and splits",
    )
    folds: int = option(
        0,
        "number of folds of an additional cross-validation over groups (0: none)",
        metavar="K",
        group="data and splits",
    )
    multilabel: bool = option(
        False, "allow several labels per image (link with --keep-unresolved)", group="model"
    )
    views: int = option(
        1,
        "number of views of an image, mirrored and enlarged ones, whose scores are averaged "
        f"(1 to {MOST_VIEWS}); each takes the time of one",
        metavar="N",
        group="model",
    )
    optimizer: Literal["lbfgs", "gradient_descent"] = option(
        "lbfgs",
        "lbfgs trains to convergence and selects the regularisation on validation images; "
        "gradient_descent works like TensorFlow's retraining script",
        group="training",
    )
    how_many_training_steps: int = option(
        4000, "maximum number of optimizer steps", metavar="N", group="training"
    )
    learning_rate: float = option(
        0.01, "learning rate of gradient_descent", metavar="RATE", group="training"
    )
    train_batch_size: int = option(
        100, "batch size of gradient_descent in images (-1: all)", metavar="N", group="training"
    )
    eval_step_interval: int = option(
        10, "steps of gradient_descent between two evaluations", metavar="N", group="training"
    )
    class_weights: Literal["balanced", "none"] = option(
        "balanced", "balanced gives all classes the same total weight", group="training"
    )
    refit: bool = option(
        True,
        "after the evaluation, train the head of the saved model in the same way on all images, "
        "those of the test split included",
        group="training",
    )
    weight_by_motion: bool = option(
        False,
        "weight training images by the amount of motion, within each class",
        group="training",
    )
    flip_left_right: bool = option(
        False, "also train on mirrored images", group="distortions and fine-tuning"
    )
    random_crop: int = option(
        0,
        "margin to crop at a random position, in percent of the sides",
        metavar="PERCENT",
        group="distortions and fine-tuning",
    )
    random_scale: int = option(
        0, "maximum random enlargement", metavar="PERCENT", group="distortions and fine-tuning"
    )
    random_brightness: int = option(
        0,
        "maximum random change of brightness",
        metavar="PERCENT",
        group="distortions and fine-tuning",
    )
    distorted_copies: int = option(
        4,
        "number of distorted copies per training image",
        metavar="N",
        group="distortions and fine-tuning",
    )
    fine_tune_layers: int | Literal["all"] = option(
        0,
        "number of the backbone's last blocks to fine-tune, or all (-1) for the whole backbone (a "
        "GPU is advised)",
        metavar="N",
        group="distortions and fine-tuning",
    )
    fine_tune_rate: float = option(
        1e-4, "learning rate of fine-tuning", metavar="RATE", group="distortions and fine-tuning"
    )
    fine_tune_epochs: int = option(
        10,
        "maximum number of fine-tuning epochs",
        metavar="N",
        group="distortions and fine-tuning",
    )
    threshold_target: Literal["precision", "recall"] = option(
        "precision",
        "metric that each label's threshold must reach",
        group="evaluation and thresholds",
    )
    threshold_value: float = option(
        0.95,
        "value of that metric; predictions above their label's threshold need no review",
        metavar="SHARE",
        group="evaluation and thresholds",
    )
    unknown_share: float = option(
        0.05,
        "share of images of known classes to send to review as unknown, because they lie far from "
        "all training images (0: none)",
        metavar="SHARE",
        group="evaluation and thresholds",
    )
    empty_labels: tuple[str, ...] = option(
        ("empty",), "labels of empty images", metavar="LABEL", group="evaluation and thresholds"
    )
    human_labels: tuple[str, ...] = option(
        ("human", "person", "people"),
        "labels of people; the report does not show their images",
        metavar="LABEL",
        group="evaluation and thresholds",
    )
    show_people: bool = option(
        False, "show images of people in the report", group="evaluation and thresholds"
    )
    final_tensor_name: str = option(
        "final_result",
        "name of the probabilities in the model's signature",
        metavar="NAME",
        group="model",
    )
    boxes_from: Path | None = option(
        None,
        "MegaDetector results (JSON) of the images: their boxes take the place of the embedded "
        "detector's, for the views detector, combined and auto; predict needs them of new images",
        affects_output=False,  # a training with other boxes is another one
        metavar="JSON",
        group="files",
    )
    embeddings: tuple[Path, ...] = option(
        (),
        "folders that `embed` wrote: features, boxes and thumbnails come from them, and no image "
        "is read; image_dir then needs links.csv alone, unless fine_tune_layers is given",
        affects_output=False,
        metavar="DIR",
        group="files",
    )
    preparation_path: Path | None = option(
        None,
        "how the images were preprocessed (default: preparation.json in image_dir)",
        affects_output=False,
        metavar="JSON",
        group="files",
    )
    bottleneck_dir: Path | None = option(
        None,
        "folder of the embedding cache (default: `bottlenecks` beside the model's folder)",
        affects_output=False,
        metavar="DIR",
        group="files",
    )
    summaries_dir: Path | None = option(
        None,
        "folder for TensorBoard summaries",
        affects_output=False,
        metavar="DIR",
        group="tracking",
    )
    output_labels: Path | None = option(
        None,
        "additional file for the labels, one per line",
        affects_output=False,
        metavar="TXT",
        group="files",
    )
    print_misclassified_test_images: bool = option(
        False,
        "print the misclassified test images",
        affects_output=False,
        group="evaluation and thresholds",
    )
    register: str | None = option(
        None,
        "register the model in MLflow under this name; it becomes the champion if there is none, "
        "or if the lower bound of its balanced accuracy is not below the champion's on the same "
        "test images",
        affects_output=False,
        metavar="NAME",
        group="tracking",
    )
    champion_minimum: float = option(
        0.0,
        "lowest balanced accuracy on the test images with which a version becomes the champion (0 "
        "to 1), even if there is none yet",
        affects_output=False,
        metavar="SHARE",
        group="tracking",
    )
    patience: float = patience_option("the MLflow server", group="tracking")
    jobs: int = jobs_option()
    max_rejected: float = max_rejected_option()

    def __post_init__(self) -> None:
        self._check_parts()
        for name in (
            "how_many_training_steps", "eval_step_interval", "learning_rate", "sequence_gap",
            "fine_tune_rate", "fine_tune_epochs",
        ):  # fmt: skip
            require(getattr(self, name) > 0, f"{name} must be above 0, not {getattr(self, name)}.")
        check_features(self)
        require_not_negative(self, "patience", "sequence_frames")
        require(
            self.train_batch_size > 0 or self.train_batch_size == -1,
            f"train_batch_size must be above 0, or -1 for all, not {self.train_batch_size}.",
        )
        require(
            self.folds == 0 or self.folds >= MIN_FOLDS,
            f"folds must be 0, or {MIN_FOLDS} or more, not {self.folds}.",
        )
        require(
            self.fine_tune_layers in ("all", ALL_LAYERS) or int(self.fine_tune_layers) >= 0,
            "fine_tune_layers must be a number of blocks, or all (-1), and not "
            f"{self.fine_tune_layers}.",
        )
        require(
            not (self.fine_tune_layers and self.view in ("both", "auto")),
            "fine_tune_layers needs a single view: set view to neither both nor auto.",
        )
        require(
            self.register is None
            or (not set(self.register) & set("/:'") and self.register.strip() != ""),
            f"register must be a name without / : and ', not {shown(self.register)}.",
        )
        require(
            self.boxes_from is None or self.view in ("detector", "combined", "auto"),
            f"boxes_from has no effect on the view {self.view}: set view to detector, combined or "
            "auto, or leave boxes_from out.",
        )
        require(
            self.boxes_from is None or not self.embeddings,
            "boxes_from can't be given with embeddings, which hold the boxes: leave one out.",
        )
        require_share("threshold_value", self.threshold_value)
        require_share("champion_minimum", self.champion_minimum)
        require(
            not self.champion_minimum or self.register is not None,
            "champion_minimum has no effect without register: set register, or leave it out.",
        )
        require(
            0 <= self.unknown_share < 1,
            f"unknown_share must be from 0 to below 1, not {self.unknown_share}.",
        )
        LocationPattern(self.location_pattern)
        SequencePattern(self.sequence_pattern)

    def _check_parts(self) -> None:
        for name in ("testing_percentage", "validation_percentage"):
            value = getattr(self, name)
            require(0 <= value < 100, f"{name} must be from 0 to below 100, not {value}.")  # noqa: PLR2004
        both = self.testing_percentage + self.validation_percentage
        require(
            both < 100,  # noqa: PLR2004 - percent
            f"testing_percentage and validation_percentage add up to {both:g}: "
            "no images are left for training.",
        )


COMMAND = Command(
    name="retrain",
    summary="Train a head on a frozen ImageNet backbone, tracked by MLflow.",
    example="autofocus retrain --image_dir data/links --saved_model_dir data/model",
    function=Stage("retrain"),
    arguments=(
        Argument("image_dir", "a folder with one folder of images per label"),
        Argument("saved_model_dir", "the folder to write to", default=Path("model")),
    ),
    settings=RetrainSettings,
)
