"""What a trained classifier states about itself, stored in its SavedModel."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from autofocus import __version__
from autofocus.boxes.crop_shape import CropShape
from autofocus.detector.settings import DetectorSettings
from autofocus.features.backbones.input_format import InputFormat
from autofocus.features.crop import View, needs_detector, needs_motion
from autofocus.grouping.locations import DEFAULT_PATTERN
from autofocus.grouping.sequences import SequenceRule
from autofocus.images.preparing import Preparation
from autofocus.localization.finding import BoxSettings
from autofocus.model.decision import DecisionRule
from autofocus.model.description_check import check_values
from autofocus.model.empty_rule import EmptyRule
from autofocus.model.precision import PrecisionCurve
from autofocus.motion.settings import MotionSettings

_PARTS: Mapping[str, Any] = {
    "motion": MotionSettings,
    "crop": CropShape,
    "detector": DetectorSettings,
    "empty_rule": EmptyRule,
    "onnx": InputFormat,
}
HUMAN_LABELS = ("human", "person", "people")


@dataclass(frozen=True)
class Description:
    """What is needed to use a classifier, besides its weights.

    Attributes:
        labels: the classes, in the order of the probabilities.
        image_size: height and width of its input in pixels.
        backbone: the backbone's name.
        backbone_digest: identifies the backbone.
        final_tensor_name: the name of the probabilities in the signature.
        preparation: how its training images were preprocessed; None if unknown.
        view: what the classifier sees.
        motion: how motion is detected, for a classifier that needs boxes around it.
        multilabel: whether an image may have several labels.
        thresholds: by label, the lowest probability at which it is accepted without review; None
            if the validation images could not ensure the target.
        threshold_target: the target of the thresholds, such as ``precision 0.95``; empty without
            thresholds.
        sequence_gap_s: the maximum time between a frame of a sequence and the one before it, in
            seconds.
        location_pattern: finds the location in the path of the original image.
        sequence_pattern: finds the sequence of an image without a time in the path of the
            original; empty for none.
        sequence_frames: the number of frames per trigger of cameras that record no time; 0 if
            unknown.
        precision_curves: by label, which threshold ensures which precision; None for a model of an
            earlier version.
        unknown_distance: the distance from the training images beyond which an image is unknown;
            None if the model doesn't measure it.
        human_labels: the names of labels of people, whether or not the model has such a label.
        weights_digest: identifies the weights of the head; empty if an earlier version trained
            it.
        split_digest: identifies the labelled images and their subsets.
        crop: the shape of the crop around a box; None for a model of an earlier version, whose
            boxes are the crops.
        detector: how the detector is used; None for a classifier that doesn't need it.
        vote_floor: in the vote of a sequence, an image counts by this plus the score of its box;
            None if all count the same.
        vote_temperature: what the logits of the vote of several images are divided by.
        sequence_thresholds: by label, the lowest score of a sequence's vote that is accepted
            without review, as `thresholds`; None if it was not determined.
        sequence_precision_curves: by label, which of these ensures which precision.
        empty_rule: how likely an image shows anything; None if that can't be told.
        views: number of views of an image whose probabilities are averaged.
        is_refitted: whether the final weights were trained on all images, those of the test
            included, after the metrics had been measured.
        onnx: how the backbone takes images, if it is an ONNX file among the assets; None if it is
            in the SavedModel's graph.
        version: the version of Autofocus that trained it.
    """

    labels: tuple[str, ...]
    image_size: tuple[int, int]
    backbone: str
    backbone_digest: str
    final_tensor_name: str
    preparation: Preparation | None
    view: View = "full"
    motion: MotionSettings | None = None
    multilabel: bool = False
    thresholds: Mapping[str, float | None] | None = None
    threshold_target: str = ""
    sequence_gap_s: float = 60.0
    location_pattern: str = DEFAULT_PATTERN
    sequence_pattern: str = ""
    sequence_frames: int = 0
    precision_curves: Mapping[str, PrecisionCurve] | None = None
    unknown_distance: float | None = None
    human_labels: tuple[str, ...] = HUMAN_LABELS
    weights_digest: str = ""
    split_digest: str = ""
    crop: CropShape | None = None
    detector: DetectorSettings | None = None
    vote_floor: float | None = None
    vote_temperature: float = 1.0
    sequence_thresholds: Mapping[str, float | None] | None = None
    sequence_precision_curves: Mapping[str, PrecisionCurve] | None = None
    empty_rule: EmptyRule | None = None
    views: int = 1
    is_refitted: bool = False
    onnx: InputFormat | None = None
    version: str = __version__

    @property
    def needs_motion(self) -> bool:
        """Whether the classifier needs the box around motion in each image."""
        return needs_motion(self.view)

    @property
    def needs_boxes(self) -> bool:
        """Whether the classifier needs a box in each image."""
        return self.view != "full"

    @property
    def boxes(self) -> BoxSettings:
        """What finds the boxes that the classifier needs."""
        return BoxSettings(
            self.motion if needs_motion(self.view) else None,
            self.detector if needs_detector(self.view) else None,
        )

    @property
    def sequence_rule(self) -> SequenceRule:
        """How the sequence of an image is determined."""
        return SequenceRule(self.sequence_gap_s, self.sequence_pattern, self.sequence_frames)

    @property
    def decision_rule(self) -> DecisionRule:
        """The rule for labels and decisions."""
        return DecisionRule(self.labels, self.thresholds, self.multilabel)

    @property
    def sequence_decision_rule(self) -> DecisionRule:
        """The rule for labels and decisions of sequences."""
        return DecisionRule(self.labels, self.sequence_thresholds, self.multilabel)

    def to_json(self) -> str:
        """Return the description as JSON text."""
        values = asdict(self)
        if self.preparation is not None:
            values["preparation"] = self.preparation.to_json()
        return json.dumps(values, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Description":
        """Read the text that `to_json` of this or an earlier version returned.

        Raises:
            ValueError: it is no description; the message says what is wrong.
        """
        values = json.loads(text)
        check_values(values)
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in values.items() if name in known}
        values["labels"] = tuple(values["labels"])
        values["image_size"] = tuple(values["image_size"])
        values["human_labels"] = tuple(values.get("human_labels", HUMAN_LABELS))
        if values["preparation"] is not None:
            values["preparation"] = Preparation.from_json(values["preparation"])
        for name, kind in _PARTS.items():
            if values.get(name) is not None:
                values[name] = kind.from_json(values[name])
        for name in ("precision_curves", "sequence_precision_curves"):
            if values.get(name) is not None:
                values[name] = {
                    label: PrecisionCurve.from_json(curve) for label, curve in values[name].items()
                }
        return cls(**values)
