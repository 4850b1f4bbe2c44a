"""All metrics of a training, as they are stored in `metrics.json`; see `metrics`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autofocus.evaluation.metrics import Evaluation


@dataclass(frozen=True)
class Fold:
    """One fold of a cross-validation, numbered from 1."""

    fold: int
    groups: int
    images: int
    accuracy: float | None
    sequence_accuracy: float | None


@dataclass(frozen=True)
class CrossValidation:
    """The metrics of a cross-validation.

    Attributes:
        number: number of folds.
        rows: one row per fold.
        mean: mean accuracy of the folds.
        standard_deviation: of the folds' accuracies.
        sequence_mean: mean accuracy by sequence.
        sequence_standard_deviation: of the folds' accuracies by sequence.
        test: all images, each predicted by the classifier of its fold.
    """

    number: int
    rows: tuple[Fold, ...]
    mean: float | None
    standard_deviation: float | None
    sequence_mean: float | None
    sequence_standard_deviation: float | None
    test: Evaluation


@dataclass(frozen=True)
class Comparison:
    """The accuracy that a split image by image would have claimed, and that of the real split."""

    by_image_accuracy: float | None
    by_group_accuracy: float | None
    level: str
    images: int
    folds: int


@dataclass(frozen=True)
class SplitMetrics:
    """The split.

    Attributes:
        level: the group that was never divided: `location`, `sequence` or `image`.
        asked: the setting `split_by`.
        groups: number of groups in training, validation and test.
        images: number of images in each.
        left_out: number of images in none.
        sequence_gap_s: longest gap within a sequence, in seconds.
        digest: of the split.
        warnings: one sentence each.
    """

    level: str
    asked: str
    groups: Mapping[str, int]
    images: Mapping[str, int]
    left_out: int
    sequence_gap_s: float
    digest: str
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Fit:
    """Accuracy and mean cross-entropy (natural logarithm) on the training or validation split."""

    accuracy: float | None
    cross_entropy: float | None


@dataclass(frozen=True)
class HeadMetrics:
    """How the head was trained.

    Attributes:
        optimizer: the optimizer.
        strength: the regularisation.
        chosen_on: the images that it was chosen on.
        converged: whether the optimizer converged.
        steps: number of steps.
        class_weights: the setting `class_weights`.
        fine_tuning: the settings of fine-tuning; None without it.
        path: one row per regularisation that was tried.
    """

    optimizer: str
    strength: float
    chosen_on: str
    converged: bool
    steps: int
    class_weights: str
    fine_tuning: Mapping[str, Any] | None
    path: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class ViewCandidate:
    """A view that was tried, with its metrics on groups that were held out in turn.

    Attributes:
        view: the view.
        brier_score: of the calibrated votes of sequences.
        validation_cross_entropy: mean over images, before calibration.
        validation_accuracy: share of images with the right prediction.
        sequence_accuracy: share of sequences whose vote is right.
    """

    view: str
    brier_score: float | None
    validation_cross_entropy: float | None
    validation_accuracy: float | None
    sequence_accuracy: float | None = None


@dataclass(frozen=True)
class ViewMetrics:
    """The part of an image that the classifier sees.

    Attributes:
        asked: the setting `view`.
        chosen: `full`, `motion` or `both`.
        candidates: one row per view that was tried.
        boxes: number of images with a crop around motion, and without.
    """

    asked: str
    chosen: str
    candidates: tuple[ViewCandidate, ...]
    boxes: Mapping[str, int] | None


@dataclass(frozen=True)
class Occurrence:
    """When and where the labelled images of each label were taken.

    Attributes:
        hours: by label, the number of images in each hour of the day, 24 numbers.
        untimed: number of images without a time.
        locations: by location, the number of images by label; an empty location is unknown.
    """

    hours: Mapping[str, tuple[int, ...]]
    untimed: int
    locations: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Refit:
    """What the saved model was trained on, beyond the head that the metrics are of.

    The metrics belong to the recipe: they are those of a head that was trained without the test
    images. The saved model's head was trained in the same way on more images.

    Attributes:
        is_refitted: whether the saved model's head was trained on the test images as well.
        measured_images: number of images that the measured head was trained on.
        images: number of images that the saved model's head was trained on.
        reason: why they are the same; empty if they are not.
    """

    is_refitted: bool
    measured_images: int
    images: int
    reason: str


@dataclass(frozen=True)
class Metrics:
    """All metrics of a training.

    Attributes:
        labels: the C classes.
        multilabel: whether an image may have several labels.
        images: number of images by label and split.
        split: the split.
        training: the head on the training split.
        validation: the validation split, by heads that were trained without the image's group;
            None if it is empty.
        head: how the head was trained.
        view: what the classifier sees of an image.
        warnings: one sentence each.
        data_digest: of the images, their labels and the backbone.
        history: one row per step that was measured.
        test: the metrics on the test split.
        folds: of the cross-validation over all images, if there was one.
        comparison: with a split image by image.
        occurrence: when and where the images were taken.
        refit: what the saved model was trained on; None in a file of an earlier version.
    """

    labels: tuple[str, ...]
    multilabel: bool
    images: Mapping[str, Mapping[str, int]]
    split: SplitMetrics
    training: Fit | None
    validation: Fit | None
    head: HeadMetrics
    view: ViewMetrics
    warnings: tuple[str, ...]
    data_digest: str
    history: tuple[Mapping[str, float], ...]
    test: Evaluation
    folds: CrossValidation | None
    comparison: Comparison | None
    occurrence: Occurrence | None = None
    refit: Refit | None = None
