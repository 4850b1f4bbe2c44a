"""Registering a model in MLflow, and promoting it if it is no worse than the champion."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autofocus.boxes.box import Box
from autofocus.errors import InputDataError, MissingDependencyError, MissingInputError
from autofocus.evaluation import counting
from autofocus.evaluation.bootstrap import GroupSums
from autofocus.evaluation.metrics import Estimate
from autofocus.evaluation.predictions import Classification
from autofocus.evaluation.settings import EvaluationSettings
from autofocus.grouping.locations import LocationPattern
from autofocus.images.preparing import Preparation
from autofocus.images.reading import read_image
from autofocus.localization.cameras import Frames
from autofocus.localization.finding import BoxFinder, load_detector
from autofocus.model.decision import DecisionRule
from autofocus.model.description import Description
from autofocus.model.saved_model import TrainedClassifier, digest_model
from autofocus.predicting.network import network_inputs, network_scores
from autofocus.runs import files
from autofocus.splits.split import Assignment
from autofocus.splits.subsets import Subset
from autofocus.tables.columns import SPLIT_NAME
from autofocus.tracking.fetching import fetch_version
from autofocus.tracking.registry import (
    CHALLENGER,
    CHAMPION,
    MODEL_DIGEST,
    REASON,
    ROLE,
    SPLIT_DIGEST,
    Registry,
    Version,
    registry,
)
from autofocus.training.champion_features import difference, probabilities_of
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.job import TrainingJob
from autofocus.training.mlflow_log import read_metrics, subset_digest

# Tags of a version.
_FIGURE, _LOW, _TEST = "balanced_accuracy", "balanced_accuracy_95_percent_low", "test_digest"
_BATCH = 32


@dataclass(frozen=True)
class Registration:
    """The outcome of registering a model.

    Attributes:
        name: of the registered model.
        version: the number of the new version.
        role: `champion` or `challenger`.
        reason: why.
    """

    name: str
    version: str
    role: str
    reason: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.name} version {self.version}, {self.role}: {self.reason}"


def register(
    job: TrainingJob,
    source: DatasetFeatures,
    run_id: str,
    name: str,
    scratch: Path,
    frames: Frames,
    patience: float = 0.0,
    minimum: float = 0.0,
) -> Registration:
    """Register the model of a run, and promote it if it is no worse than the champion.

    The new version becomes the champion if its balanced accuracy reaches the minimum, and if there
    is no champion yet, or if the lower bound of the 95 %
    confidence interval of its balanced accuracy is not below that of the champion on the same test
    images. The champion predicts them anew, by the head that was trained without its own test
    images, unless its test split was the same: from their features if it sees them in the same
    way, else from the images, if they are here.
    A version that was compared once keeps its role.

    Args:
        job: the training; its model is complete and logged.
        source: the features of its images.
        run_id: of the run in MLflow.
        name: of the registered model.
        scratch: a folder for the champion's files, which is created.
        frames: that the champion's boxes are found in.
        patience: how long to retry while MLflow's server is unavailable, in seconds.
        minimum: the lowest balanced accuracy of a champion, 0 to 1.

    Raises:
        StoreError: MLflow's store can't be used, or does not have the run's model.
    """
    with registry(name, patience) as models:
        version = models.version_of(run_id)
        if version is None or ROLE not in version.tags:
            champion = models.champion()
            version = version or models.add(run_id)
            contest = _Contest(job, source, models, champion, scratch, frames, minimum)
            return contest.decide(version)
        role, reason = version.tags[ROLE], version.tags.get(REASON, "")
        return Registration(name, version.number, role, reason)


@dataclass(frozen=True)
class _Contest:
    """The comparison of a new version with the champion.

    Attributes:
        job: the training of the new version.
        source: the features of its images.
        models: the registered model.
        champion: the version to compare with; None if there is none.
        scratch: a folder for the champion's files.
        frames: that the champion's boxes are found in.
        minimum: the lowest balanced accuracy of a champion, 0 to 1.
    """

    job: TrainingJob
    source: DatasetFeatures
    models: Registry
    champion: Version | None
    scratch: Path
    frames: Frames
    minimum: float

    def decide(self, version: Version) -> Registration:
        """Give the new version its role, and record it."""
        figure = read_metrics(self.job.saved_model_dir).test.balanced_accuracy
        folder = self.job.saved_model_dir
        tags = {
            _TEST: self._test_digest,
            MODEL_DIGEST: digest_model(folder),
            SPLIT_DIGEST: files.digest_file(folder / SPLIT_NAME),
        }
        if figure.value is not None:
            tags[_FIGURE] = repr(figure.value)
        if figure.interval:
            tags[_LOW] = repr(figure.interval[0])
        self.models.tag(version, tags)
        is_better, reason = self._compare(version, figure)
        role = CHAMPION if is_better else CHALLENGER
        self.models.name_version(version, role)
        self.models.tag(version, {REASON: reason, ROLE: role})
        return Registration(self.models.name, version.number, role, reason)

    @property
    def _test_digest(self) -> str:
        return subset_digest(self.job.dataset, Subset.TEST)

    def _compare(self, version: Version, figure: Estimate) -> tuple[bool, str]:
        """Return whether the new version may replace the champion, and why."""
        champion = self.champion
        if self.minimum and (figure.value is None or figure.value < self.minimum):
            value = "unknown" if figure.value is None else f"{figure.value:.1%}"
            return False, (
                f"its balanced accuracy is {value}, and a champion's must be {self.minimum:.1%} "
                "(champion_minimum)"
            )
        if champion is None or champion.number == version.number:
            return True, "there was no champion"
        stays = f"version {champion.number} stays the champion"
        if figure.value is None or figure.interval is None:
            return False, (
                "its balanced accuracy has no confidence interval, as there are too few groups of "
                f"test images; {stays}"
            )
        try:
            other = self._champion_low(champion)
        except (InputDataError, MissingInputError, MissingDependencyError) as error:
            return False, f"it can't be compared with version {champion.number}: {error} {stays}"
        low = figure.interval[0]
        images = len(self.job.dataset.subset(Subset.TEST))
        comparison = (
            f"balanced accuracy {figure.value:.1%}, lower bound {low:.1%}; the lower bound of "
            f"version {champion.number} is {other:.1%} on the same {images:,} test images"
        )
        return (True, comparison) if low >= other else (False, f"{comparison}, and {stays}")

    def _champion_low(self, champion: Version) -> float:
        """Return the lower bound of the champion's balanced accuracy on the new test images.

        Raises:
            InputDataError: it can't predict them.
        """
        if champion.tags.get(_TEST) == self._test_digest and _LOW in champion.tags:
            return float(champion.tags[_LOW])
        self.scratch.mkdir(parents=True, exist_ok=True)
        fetch_version(self.models, champion, self.scratch / "champion")
        classifier = TrainedClassifier(self.scratch / "champion")
        if not _are_alike(classifier.description.preparation, self.job.preparation):
            raise InputDataError("its images were preprocessed in another way.")
        rows = self.job.dataset.subset(Subset.TEST)
        return self._low(classifier, rows)

    def _low(self, classifier: TrainedClassifier, rows: Sequence[Assignment]) -> float:
        dataset, description = self.job.dataset, classifier.description
        probabilities = self._predict(classifier, rows)
        # Without thresholds, as in the metrics.
        rule = DecisionRule(description.labels, None, description.multilabel)
        predicted = rule.predicted_labels(probabilities)
        multilabel, settings = dataset.settings.multilabel, EvaluationSettings()
        classification = Classification(
            self._as_ours(probabilities, description.labels),
            self._as_ours(predicted, description.labels).astype(bool),
            dataset.targets(rows) > 0,
        )
        sums = GroupSums.from_columns(
            counting.columns(classification),
            [row.group for row in rows],
            settings.resamples,
            settings.seed,
        )
        interval = counting.balanced_accuracy(sums, multilabel).interval
        return interval[0] if interval else 0.0

    def _as_ours(self, values: NDArray[np.generic], labels: Sequence[str]) -> NDArray[np.float64]:
        """Return a value per label of the champion as one per label of the new model."""
        ours = self.job.dataset.labels
        result = np.zeros((len(values), len(ours)))
        for column, label in enumerate(labels):
            # A label that the new model lacks is right for no image.
            if label in ours:
                result[:, ours.index(label)] = values[:, column]
        return result

    def _find_boxes(self, description: Description, rows: Sequence[Assignment]) -> dict[str, Box]:
        """Return the boxes of test images as the champion finds them; none if it needs none."""
        boxes: dict[str, Box] = {}
        if not description.boxes:
            return boxes
        detector = load_detector(description.boxes.detector)
        needed = {row.image.name for row in rows}
        for camera in self.frames.cameras(LocationPattern(description.location_pattern)):
            finder = BoxFinder(camera.frames, camera.read, description.boxes, detector)
            for name, images in camera.images.items():
                if not needed.isdisjoint(images):
                    boxes.update(dict.fromkeys(images, finder.box(name)))
        return boxes

    def _predict(
        self, classifier: TrainedClassifier, rows: Sequence[Assignment]
    ) -> NDArray[np.float64]:
        """Return the champion's probabilities for test images.

        Raises:
            InputDataError: it sees them otherwise than their features, and they are not here.
        """
        view = classifier.description.view
        has_images = (self.job.image_dir / rows[0].image.file).is_file()
        different = difference(classifier.description, self.source)
        # What a view of its own needs is computed for the test images alone.
        is_prepared = view == read_metrics(self.job.saved_model_dir).view.chosen
        if not different and (is_prepared or not has_images):
            probabilities = self._predict_features(classifier, rows)
            if probabilities is not None:
                return probabilities
            different = "its head can't be read"
        if not has_images:
            raise InputDataError(f"{different}, and there are only features of the images.")
        return self._predict_images(classifier, rows)

    def _predict_features(
        self, classifier: TrainedClassifier, rows: Sequence[Assignment]
    ) -> NDArray[np.float64] | None:
        """Return the champion's probabilities by the images' features; None if it has no head."""
        description = classifier.description
        try:
            self.source.prepare(description.view, copies=False)
            return probabilities_of(classifier, self.source, rows)
        except InputDataError:
            raise InputDataError(
                f"it needs the view {description.view} of the test images ({description.views} "
                "each), which the embeddings lack: run embed with these settings."
            ) from None

    def _predict_images(
        self, classifier: TrainedClassifier, rows: Sequence[Assignment]
    ) -> NDArray[np.float64]:
        """Return the champion's probabilities for test images that are here."""
        description, folder = classifier.description, self.job.image_dir
        boxes = self._find_boxes(description, rows)
        probabilities = []
        for start in range(0, len(rows), _BATCH):
            batch = [
                network_inputs(
                    read_image(folder / row.image.file).image,
                    boxes.get(row.image.name),
                    description,
                )
                for row in rows[start : start + _BATCH]
            ]
            scores = network_scores(classifier, batch, _BATCH, measured=True)
            probabilities += [one.probabilities for one in scores]
        return np.array(probabilities, np.float64)


def _are_alike(one: Preparation | None, other: Preparation | None) -> bool:
    """Return whether images are prepared in the same way."""
    if one is None or other is None:
        return one is other
    return one.agrees_with(other)
