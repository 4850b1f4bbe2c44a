"""The one way in which heads are trained: the model's own, and that of each fold."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from autofocus.features.crop import View
from autofocus.model.head import Head
from autofocus.model.vote import vote_weights
from autofocus.splits.folds import divide
from autofocus.splits.split import Assignment
from autofocus.training.checkpoint import Checkpoint
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.feature_rows import slices
from autofocus.training.fitting import FitResult, HeadSettings, fit, fit_by_descent
from autofocus.training.pieces import Pieces, digest_names
from autofocus.training.samples import Samples
from autofocus.training.sampling import draw_sample
from autofocus.training.selection import Choice, TrainingSet, choose
from autofocus.training.votes import Votes

# In the vote of a sequence, an image without a box counts a tenth of one with a certain box.
VOTE_FLOOR = 0.1
# Groups are held out in turn in so many folds, in fewer where many images take long.
FOLDS = 5
_SOME, _MANY = 3000, 8000
# Of more images than fit in memory, choices are made on a sample of about so many rows, in which
# each class has about so many images, if there are.
MAX_SAMPLED, _LEAST_PER_CLASS = 50_000, 500


@dataclass(frozen=True)
class Steps:
    """The steps of a recipe, which can be switched off one by one to measure what each gains.

    What has no box to go by, such as the view `full`, is learned from as if every image had one.

    Attributes:
        found_only: whether to learn only from the images of a sequence that have a box; from all
            of a sequence in which none has.
        sequence_weights: whether each sequence counts once, whatever its number of images.
        vote_floor: in the vote of a sequence, an image counts by this plus the score of its box;
            None if all images count the same.
        choose_by: whether the regularisation is chosen by the votes of sequences, or by images;
            either way on groups that are held out in turn.
        distorted_copies: whether to learn from the distorted copies too, such as mirrored ones, of
            a source that makes any.
    """

    found_only: bool = True
    sequence_weights: bool = True
    vote_floor: float | None = VOTE_FLOOR
    choose_by: Literal["sequence", "image"] = "sequence"
    distorted_copies: bool = True


# The recipe of earlier versions, to compare with.
NO_STEPS = Steps(found_only=False, sequence_weights=False, vote_floor=None, choose_by="image")


@dataclass(frozen=True)
class Recipe:
    """How to train a head on a data set's images.

    A fold judges the model only if its head is trained as the model's was: on the same kind of
    images, with their distorted copies, the same weights, the strength that was chosen, and as
    many steps of gradient descent as led to the model.

    Attributes:
        view: what the classifier sees.
        settings: how to train.
        steps: which images are learned from, and how much each counts.
        views: number of views of an image whose probabilities are averaged.
    """

    view: View
    settings: HeadSettings
    steps: Steps = field(default_factory=Steps)
    views: int = 1

    def train(
        self,
        source: DatasetFeatures,
        training: Sequence[Assignment],
        validation: Sequence[Assignment] = (),
        checkpoint: Checkpoint | None = None,
    ) -> FitResult:
        """Train a head.

        Of several strengths of regularisation the best is chosen on groups of the training images
        that are held out in turn.

        Args:
            source: gives the features; the view must have been prepared.
            training: images to train on.
            validation: images to choose the number of steps of gradient descent by.
            checkpoint: keeps unfinished gradient descent.
        """
        return self._pieces(source, training, validation).keep(
            "head",
            lambda: self._train(source, training, validation, checkpoint),
            FitResult.pack,
            FitResult.unpack,
        )

    def _pieces(self, source: DatasetFeatures, *images: Sequence[Assignment]) -> Pieces:
        """Return what keeps the results of this recipe on some images."""
        if source.pieces.folder is None:
            return source.pieces
        digests = [digest_names(row.image.file for row in rows) for rows in images]
        return source.pieces.of(self, source.extractor.backbone.digest, *digests)

    def _train(
        self,
        source: DatasetFeatures,
        training: Sequence[Assignment],
        validation: Sequence[Assignment],
        checkpoint: Checkpoint | None,
    ) -> FitResult:
        """Train a head; see `train`."""
        if self.settings.optimizer == "gradient_descent":
            held_out = source.samples(self.sample(source, validation), self.view)
            learned, _ = self._learned(source, training)
            return fit_by_descent(learned, held_out, self.settings, checkpoint)
        strength = self.settings.strengths[0]
        if len(self.settings.strengths) > 1:
            strength = self.choose(source, self.sample(source, training)).strength
        learned, _ = self._learned(source, training)
        return fit(learned, strength, self.settings, checkpoint)

    def sample(self, source: DatasetFeatures, rows: Sequence[Assignment]) -> Sequence[Assignment]:
        """Return the images to make choices on: all, or some of more than fit in memory.

        Strengths are chosen on groups that are held out, and the sample is of all groups: how much
        regularisation new locations need, more images of the same locations hardly change.
        """
        copies = self.steps.distorted_copies
        if source.fits(len(rows), self.view, copies=copies):
            return rows
        versions = source.versions if copies else 1
        return draw_sample(rows, MAX_SAMPLED // versions, least_per_class=_LEAST_PER_CLASS)

    def view_logits(
        self, source: DatasetFeatures, head: Head, rows: Sequence[Assignment]
    ) -> NDArray[np.float32]:
        """Return the logits of V views of N images, shape (V, N, C).

        Args:
            source: gives the features; the view must have been prepared.
            head: a head that was trained on other images.
            rows: the images.
        """
        is_whole = source.fits(self.views * len(rows), self.view)
        blocks = [slice(None)] if is_whole else slices(len(rows))
        found = (source.view_features(rows[block], self.view, self.views) for block in blocks)
        return np.concatenate(
            [np.stack([head.logits(each) for each in features]) for features in found], axis=1
        )

    def choose(self, source: DatasetFeatures, rows: Sequence[Assignment]) -> Choice:
        """Choose the strength of regularisation on groups of images that are held out in turn.

        Args:
            source: gives the features; the view must have been prepared.
            rows: N images.
        """
        images = self.training_set(source, rows)
        folds = folds_of(rows, choosing_folds(len(images.learned)))
        pieces = self._pieces(source, rows)
        return choose(images, folds, self.settings, self.steps.choose_by, pieces)

    def fixed(self, strength: float, best_step: int | None = None) -> "Recipe":
        """Return the recipe with its choices made, so that none is left to make.

        Args:
            strength: of the regularisation.
            best_step: the number of steps of gradient descent; None for another optimizer.
        """
        settings = replace(self.settings, strengths=(strength,))
        if best_step is not None:
            settings = replace(settings, max_steps=best_step)
        return replace(self, settings=settings)

    def votes(self, source: DatasetFeatures, rows: Sequence[Assignment]) -> Votes:
        """Return the sequences of N images, and how much each image counts in its vote."""
        if self.steps.choose_by == "image":
            return Votes.of_images(len(rows))
        scores = None if self.view == "full" else source.box_scores(rows, self.view)
        weights = vote_weights(scores, self.steps.vote_floor)
        return Votes.of([row.sequence for row in rows], weights)

    def training_set(self, source: DatasetFeatures, rows: Sequence[Assignment]) -> TrainingSet:
        """Return images to train on, and what is needed to hold some of them out."""
        images = source.samples(rows, self.view)
        learned, owners = self._learned(source, rows, images)
        return TrainingSet(images, learned, owners, self.votes(source, rows))

    def _learned(
        self,
        source: DatasetFeatures,
        rows: Sequence[Assignment],
        images: Samples | None = None,
    ) -> tuple[Samples, NDArray[np.int64]]:
        """Return the M rows to learn from, and the number of the image that each is of, (M,).

        Args:
            source: gives the features.
            rows: N images.
            images: their samples, if they are at hand.
        """
        parts = _parts(rows)
        chosen = np.flatnonzero(self._is_learned(source, rows, parts))
        copies = self.steps.distorted_copies and bool(source.distortions)
        if copies or len(chosen) < len(rows):
            learned = source.samples(
                [rows[number] for number in chosen.tolist()], self.view, copies=copies
            )
        else:
            learned = images or source.samples(rows, self.view)
        owners = np.tile(chosen, len(learned) // max(1, len(chosen)))
        if self.steps.sequence_weights:
            learned = _weighted_by(learned, parts[owners])
        return learned, owners

    def _is_learned(
        self, source: DatasetFeatures, rows: Sequence[Assignment], parts: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Return which of N images are learned from, shape (N,)."""
        if not self.steps.found_only or self.view == "full":
            return np.ones(len(rows), bool)
        found = source.found(rows, self.view)
        with_box = np.bincount(parts, found, minlength=len(rows)) > 0
        is_learned: NDArray[np.bool_] = found | ~with_box[parts]
        return is_learned


def choosing_folds(images: int) -> int:
    """Return by how many folds of so many images the regularisation is chosen."""
    return FOLDS if images <= _SOME else 3


def calibration_folds(images: int) -> int:
    """Return in how many folds so many images are held out to calibrate a head trained on all.

    The more there are, the nearer are the heads that are trained without one to that head: with
    few images, heads trained on four fifths of them are poorer, and it would be too unsure.
    """
    if images <= _SOME:
        return 10
    return FOLDS if images <= _MANY else 3


def folds_of(rows: Sequence[Assignment], number: int) -> NDArray[np.int64]:
    """Divide images into at most so many folds of whole groups; return each one's, shape (N,)."""
    fold_of_group = divide(rows, number)
    return np.array([fold_of_group[row.group] for row in rows], np.int64)


def _parts(rows: Sequence[Assignment]) -> NDArray[np.int64]:
    """Return the number of the part of a sequence that each image belongs to, shape (N,).

    A part is the images of a sequence with the same labels: where frames are labelled one by one,
    an empty frame between others is an example of its own class.
    """
    numbers: dict[tuple[object, ...], int] = {}
    parts = []
    for number, row in enumerate(rows):
        key = (row.sequence, row.image.labels) if row.sequence else (number,)
        parts.append(numbers.setdefault(key, len(numbers)))
    return np.array(parts, np.int64)


def _weighted_by(samples: Samples, parts: NDArray[np.int64]) -> Samples:
    """Return samples whose weights sum up to the same for each part of a sequence."""
    sums = np.bincount(parts, samples.weights)
    return replace(samples, weights=(samples.weights / sums[parts]).astype(np.float32))
