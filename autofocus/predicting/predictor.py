"""Labelling images, a batch at a time."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from autofocus.errors import RejectedImageError
from autofocus.images import trims
from autofocus.images.capture import READING, is_read
from autofocus.images.decoding import read_start
from autofocus.images.facts import find_facts
from autofocus.images.finding import check_name
from autofocus.images.integrity.damage import is_checked, record_check
from autofocus.images.preparing import Preparation
from autofocus.images.reading import DecodedImage, read_image
from autofocus.model.saved_model import TrainedClassifier
from autofocus.predicting.neighbours import Neighbours
from autofocus.predicting.network import Inputs, network_inputs, network_scores
from autofocus.predicting.people import PeopleRule
from autofocus.predicting.training_images import TrainingImages
from autofocus.runs import files
from autofocus.runs.batches import Pending
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Reason, Row, rejected
from autofocus.runs.making import Items


@dataclass(frozen=True)
class _Decoded:
    """An image that is ready for the network: its pixels for each input."""

    outcome: Outcome
    inputs: Inputs


@dataclass(frozen=True)
class Predictor:
    """Computes the probability of each label for images.

    Attributes:
        indir: the folder below which the images are.
        classifier: the trained model.
        preparation: how to preprocess them; None for preprocessed images.
        neighbours: of each image, for a model that needs boxes; None for others.
        rejected: the ledger's rows of images that preprocessing rejected, by name.
        batch: the number of images per batch.
        model: the model's digest; predictions of another model are made anew.
        training_images: the images that the model was trained, validated or tested with.
        include_labelled: whether to label those as well.
        people_to_drop: decides which images to leave out, as people are predicted on them; None
            for none.
        earlier_models: the digests of other models in the predictions of earlier runs.
    """

    indir: Path
    classifier: TrainedClassifier
    preparation: Preparation | None
    neighbours: Neighbours | None
    rejected: Mapping[str, Row]
    batch: int
    model: str
    training_images: TrainingImages
    include_labelled: bool = False
    people_to_drop: PeopleRule | None = None
    earlier_models: set[str] = field(default_factory=set)

    def items(self, names: Sequence[str]) -> Items[str]:
        """Return the work to do for each image.

        The outcomes' extra values are `model` (its digest), `probabilities` (0 to 1), `moment` (in
        ISO format, or empty), `camera`, `night` (1 or 0), `split`; `distance` (from the training
        images) if the model measures it; and, for a model that needs boxes, `box`, `around`, which
        identifies what else the box depends on, and `detector_score` if it uses the detector.

        Args:
            names: relative to the folder, sorted; a missing image is rejected.
        """
        return Items(
            names,
            name=str,
            work=self._work,
            is_whole=self._is_whole,
            extra={"model": str},
            complete=self._complete,
            batch=self.batch,
        )

    def _work(self, name: str) -> Outcome | Pending:
        path, description = self.indir / name, self.classifier.description
        if not os.path.lexists(path):
            if name in self.rejected:
                return Outcome(self.rejected[name])
            return Outcome(rejected(name, Reason.IMAGE_MISSING, "there is no such file"))
        try:
            check_name(name)
            read_start(path)
            # The stamp first: a file that changes meanwhile is read again by the next run.
            stamp = files.stamp(path)
            decoded = read_image(path, self.preparation)
            split = self.training_images.find(path, name, decoded)
        except RejectedImageError as error:
            return Outcome(rejected(name, error.reason, error.detail))
        except FileNotFoundError:
            return Outcome(rejected(name, Reason.IMAGE_MISSING, "there is no such file"))
        if split is not None and not self.include_labelled:
            return Outcome(rejected(name, Reason.LABELLED, split))
        extra = {**stamp, "model": self.model, "split": split or "", **_facts(decoded)}
        extra |= record_check()
        if self.preparation is not None:
            extra |= trims.record(self.preparation, decoded.capture.camera_make, decoded)
        box = None
        if self.neighbours is not None:
            box = self.neighbours.box(name)
            extra |= self.neighbours.record(name, box)
        inputs = network_inputs(decoded.image, box, description)
        return Pending(_Decoded(Outcome(Row(name), extra), inputs))

    def _is_whole(self, name: str, earlier: Outcome) -> bool:
        path, model = self.indir / name, earlier.extra.get("model", "")
        if model != self.model:
            self.earlier_models.add(model)
            return False
        if not (files.is_unchanged(path, earlier.extra) and is_read(earlier.extra)):
            return False
        if self.preparation is not None and not is_checked(earlier.extra):
            return False
        if not trims.is_same_trim(self.preparation, earlier.extra):
            return False
        return self.neighbours is None or (
            earlier.extra.get("around") == self.neighbours.mark(name)
        )

    def _complete(self, batch: Sequence[_Decoded]) -> list[Outcome]:
        # In full batches, so that the predictions don't depend on the number of images: an
        # interrupted run, or a shard, has other batches than a whole run.
        scores = network_scores(self.classifier, [one.inputs for one in batch], self.batch)
        outcomes = [one.outcome for one in batch]
        return [
            self._labelled(_with_distance(outcome, one.distance), one.probabilities)
            for outcome, one in zip(outcomes, scores, strict=True)
        ]

    def _labelled(self, outcome: Outcome, probabilities: list[float]) -> Outcome:
        people = self.people_to_drop
        if people is not None and people.shows_people(probabilities):
            detail = f"people with the probability {people.probability(probabilities):.4f}"
            return Outcome(rejected(outcome.row.input, Reason.PEOPLE, detail))
        return Outcome(outcome.row, {**outcome.extra, "probabilities": probabilities})


def _with_distance(outcome: Outcome, distance: float | None) -> Outcome:
    if distance is None:
        return outcome
    return replace(outcome, extra={**outcome.extra, "distance": distance})


def _facts(decoded: DecodedImage) -> dict[str, object]:
    facts = find_facts(decoded)
    found = {"moment": facts.moment, "camera": facts.camera, "night": int(facts.night)}
    return found if facts.moment else {**found, "reading": READING}
