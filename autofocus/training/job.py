"""What a training needs to know."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from autofocus import __version__
from autofocus.evaluation.settings import EvaluationSettings
from autofocus.features.backbones import Backbone
from autofocus.features.choices import ViewChoice
from autofocus.images.preparing import Preparation
from autofocus.splits.dataset import Dataset
from autofocus.training.fine_tuning import FineTuning
from autofocus.training.fitting import HeadSettings


@dataclass(frozen=True)
class TrainingJob:
    """What a training needs to know.

    Attributes:
        image_dir: the folder that the images' names are relative to.
        saved_model_dir: the folder of the model and its results.
        dataset: the images, their labels and their split.
        backbone: the frozen network.
        preparation: how the images were prepared; None if unknown.
        view: the part of an image that the classifier sees.
        head_settings: how the head is trained.
        refit: whether the saved model's head is trained on all images, those of the test included,
            after the metrics have been measured.
        fine_tuning: how the last blocks of the backbone are trained; None if they stay frozen.
        evaluation: the settings of the evaluation.
        folds: number of folds of the cross-validation; 0 for none.
        human_labels: labels of people, whom the report does not show.
        show_people: whether the report shows them.
        unknown_share: share of images of known classes to review as unknown; 0 for none.
        final_tensor_name: the name of the probabilities in the signature.
        settings: all settings that change the result, for MLflow and the report.
        views: number of views of an image whose probabilities are averaged.
        boxes_digest: of the file that boxes come from; empty without one.
        frames_digest: of the frames that boxes are found in; empty if none are needed.
    """

    image_dir: Path
    saved_model_dir: Path
    dataset: Dataset
    backbone: Backbone
    preparation: Preparation | None
    view: ViewChoice
    head_settings: HeadSettings
    refit: bool
    fine_tuning: FineTuning | None
    evaluation: EvaluationSettings
    folds: int
    human_labels: tuple[str, ...]
    show_people: bool
    unknown_share: float
    final_tensor_name: str
    settings: Mapping[str, Any]
    views: int = 1
    boxes_digest: str = ""
    frames_digest: str = ""

    @cached_property
    def fingerprint(self) -> str:
        """A digest of all that decides the result, except for the settings."""
        preparation = self.preparation.to_json() if self.preparation else None
        boxes = tuple(filter(None, (self.boxes_digest, self.frames_digest)))
        return self.dataset.fingerprint(self.backbone.digest, preparation, __version__, *boxes)
