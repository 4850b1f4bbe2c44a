"""The metrics of an evaluation, as they are stored in `metrics.json`.

Each class is one JSON object with the same keys in the same order. Shares are 0 to 1, and None is
a value that is unknown. `autofocus.evaluation.serialization` reads and writes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from autofocus.evaluation.intervals import Interval


@dataclass(frozen=True)
class Estimate:
    """A share and its 95 % confidence interval for new groups; None where they are unknown.

    In JSON, `name: Estimate` is two keys: `name` and `name_95_percent_interval`.
    """

    value: float | None
    interval: Interval | None = None


@dataclass(frozen=True)
class ClassMetrics:
    """The metrics of one class.

    Attributes:
        label: the class.
        images: number of images that show it.
        groups: number of groups with such images.
        answers: number of images that it was predicted for.
        precision: share of those that show it.
        recall: share of the images that show it that it was predicted for.
        f1: harmonic mean of precision and recall.
        average_precision: of images with several labels only.
    """

    label: str
    images: int
    groups: int
    answers: int
    precision: Estimate
    recall: Estimate
    f1: Estimate
    average_precision: float | None = None


@dataclass(frozen=True)
class ReliabilityBin:
    """The predictions with a confidence from `low` to `high`.

    Attributes:
        low: lower bound of the confidence.
        high: upper bound.
        images: number of predictions.
        confidence: their mean confidence.
        accuracy: share of them that are right.
    """

    low: float
    high: float
    images: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True)
class Reliability:
    """A reliability diagram."""

    expected_calibration_error: float | None
    bins: tuple[ReliabilityBin, ...]


@dataclass(frozen=True)
class CalibrationMetrics:
    """The calibration, and the reliability of the test split before and after it.

    Attributes:
        temperature: what logits are divided by.
        fitted_on: `validation`, `cross-validation` or `none`.
        before: reliability before calibration.
        after: reliability after it.
    """

    temperature: float
    fitted_on: str
    before: Reliability
    after: Reliability


@dataclass(frozen=True)
class ThresholdMetrics:
    """The threshold of one class, and its metrics on the test split.

    Attributes:
        label: the class.
        threshold: the lowest probability that is accepted; None if every prediction is reviewed.
        test_images: number of accepted predictions.
        test_precision: share of them that are right.
        test_recall: share of the images that show the class that are accepted.
    """

    label: str
    threshold: float | None
    test_images: int
    test_precision: Estimate
    test_recall: Estimate


@dataclass(frozen=True)
class AcceptedImages:
    """The images that no person needs to review.

    Attributes:
        images: their number.
        share: their share of all images.
        right: number of them whose labels are right.
        precision: share of them whose labels are right.
    """

    images: int
    share: Estimate
    right: int
    precision: Estimate


@dataclass(frozen=True)
class AcceptanceMetrics:
    """The thresholds, and their metrics on the test split.

    Attributes:
        target: `precision` or `recall`.
        value: the value that each threshold was chosen to reach.
        fitted_on: the images that they were chosen on, as in `CalibrationMetrics`.
        per_class: one row per class.
        spared: the images that no person needs to review.
    """

    target: str
    value: float
    fitted_on: str
    per_class: tuple[ThresholdMetrics, ...]
    spared: AcceptedImages


@dataclass(frozen=True)
class CoverageCurve:
    """The precision of the most confident predictions, by the share of predictions that they are.

    Attributes:
        label: of the predictions; empty for all labels together.
        predictions: their number.
        coverage: shares of them, rising.
        precision: the share of right ones among each.
    """

    label: str
    predictions: int
    coverage: tuple[float, ...]
    precision: tuple[float, ...]


@dataclass(frozen=True)
class Target:
    """What would be accepted on the test split if thresholds were chosen for a precision.

    Attributes:
        precision: the target.
        thresholds: by label; None for a label that is always reviewed.
        accepted: the accepted images.
        needed: number of independent right predictions that a label needs for a threshold.
        lacking: by label without a threshold, the number that it has.
    """

    precision: float
    thresholds: Mapping[str, float | None]
    accepted: AcceptedImages
    needed: int
    lacking: Mapping[str, int]


@dataclass(frozen=True)
class CoverageMetrics:
    """How much can be accepted at which precision.

    Attributes:
        curves: of all predictions, and of those of each label, on the test split.
        targets: one row per precision.
    """

    curves: tuple[CoverageCurve, ...]
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class SequenceMetrics:
    """The metrics of the vote of each sequence.

    Attributes:
        sequences: number of sequences.
        images: number of their images.
        mixed: number of sequences whose images differ in their labels.
        accuracy: share of sequences whose vote is right.
        voted_image_accuracy: share of images for which their sequence's vote is right.
        calibration: of the votes; None where they were not calibrated, as in earlier versions.
        thresholds: of the votes, in which `images` are sequences; None where there are none.
        spared_images: share of all images that are in accepted sequences.
        shared_threshold: the labels with too few sequences for a threshold of their own, which
            have the one that ensures the precision for all of them together.
        coverage: what would be accepted at other precisions; None without thresholds.
    """

    sequences: int
    images: int
    mixed: int
    accuracy: Estimate
    voted_image_accuracy: Estimate
    calibration: CalibrationMetrics | None = None
    thresholds: AcceptanceMetrics | None = None
    spared_images: Estimate = Estimate(None)
    shared_threshold: tuple[str, ...] | None = None
    coverage: CoverageMetrics | None = None


@dataclass(frozen=True)
class UnknownMetrics:
    """The test images, all of known classes, that lie far from all training images.

    Attributes:
        images: their number.
        share: their share of all images.
    """

    images: int
    share: Estimate


@dataclass(frozen=True)
class RocCurve:
    """How well a score tells images that show something from empty ones.

    Attributes:
        source: of the score: `classifier`, `detector` or `both`.
        area: under the curve: the share of pairs of an image that shows something and an empty one
            in which the first has the higher score.
        empty_kept: shares of the empty images that reach a threshold, rising.
        recall: of the images that show something, the shares that reach the same thresholds.
        recall_at_target: the share that is kept when 95 % of the empty images are sent away.
    """

    source: str
    area: float
    empty_kept: tuple[float, ...]
    recall: tuple[float, ...]
    recall_at_target: Estimate


@dataclass(frozen=True)
class SkipMetrics:
    """What skipping images below an animal score does.

    Attributes:
        threshold: images with a lower score are skipped.
        skipped: share of all images that are skipped.
        empty_skipped: share of the empty images that are skipped.
        missed: share of the images that show something which are skipped.
    """

    threshold: float
    skipped: Estimate
    empty_skipped: Estimate
    missed: Estimate


@dataclass(frozen=True)
class AnimalScoreMetrics:
    """How well the animal score tells images that show something from empty ones.

    Attributes:
        empty: number of empty images.
        shown: number of images that show something.
        curves: of the classifier and the detector alone, and of both.
        skips: one row per threshold, rising.
    """

    empty: int
    shown: int
    curves: tuple[RocCurve, ...]
    skips: tuple[SkipMetrics, ...]


@dataclass(frozen=True)
class EmptyMetrics:
    """The animals that are lost if images predicted empty are discarded.

    Attributes:
        labels: the labels of images that show nothing.
        called: number of images predicted empty.
        missed: number of them that show something.
        miss_rate: `missed` as a share of `called`.
        shown: number of images that show something.
        lost_share: `missed` as a share of `shown`.
        scores: how well the animal score does; None if the model has none, or only empty images or
            only others were tested.
    """

    labels: tuple[str, ...]
    called: int
    missed: int
    miss_rate: Estimate
    shown: int
    lost_share: Estimate
    scores: AnimalScoreMetrics | None = None


@dataclass(frozen=True)
class SliceRow:
    """The accuracy for one value of a slice; an empty value is unknown."""

    value: str
    images: int
    groups: int
    accuracy: Estimate


@dataclass(frozen=True)
class Slice:
    """The accuracy by one property of the images.

    Attributes:
        by: the property, such as `light`.
        rows: one row per value.
        worst: the value with the lowest accuracy; None if none is clearly worse.
    """

    by: str
    rows: tuple[SliceRow, ...]
    worst: str | None


@dataclass(frozen=True)
class Evaluation:
    """The metrics of a classifier on images that it was not trained on.

    Attributes:
        images: number of images.
        groups: number of groups.
        group_kind: what a group is: `location`, `sequence` or `image`.
        interval_method: how the confidence intervals were computed.
        accuracy: share of images with the right labels.
        balanced_accuracy: mean recall over classes.
        top_3_accuracy: share of images whose label is among the three most probable ones.
        most_common_class: the most common label and its share.
        per_class: one row per class.
        confusion_matrix: C rows (true) of C counts (predicted); None with several labels.
        sequence: of the votes of sequences; None if no sequence is known.
        calibration: None where probabilities are used as they are.
        thresholds: None where there are none.
        coverage: what would be accepted at other precisions; None without thresholds.
        unknown: None where the distance from the training images was not measured.
        empty: None if no class is empty.
        slices: accuracy by location, light, brightness and camera.
    """

    images: int
    groups: int
    group_kind: str
    interval_method: str
    accuracy: Estimate
    balanced_accuracy: Estimate
    top_3_accuracy: Estimate
    most_common_class: tuple[str, float] | None
    per_class: tuple[ClassMetrics, ...]
    confusion_matrix: tuple[tuple[int, ...], ...] | None
    sequence: SequenceMetrics | None
    calibration: CalibrationMetrics | None
    thresholds: AcceptanceMetrics | None
    coverage: CoverageMetrics | None
    unknown: UnknownMetrics | None
    empty: EmptyMetrics | None
    slices: tuple[Slice, ...]
