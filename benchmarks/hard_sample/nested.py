"""Nested evaluation: recipes trained on some locations, and tested at all others."""

import multiprocessing
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

from autofocus.boxes.crop_shape import CropShape
from autofocus.detector.detecting import Detector
from autofocus.evaluation.calibration import calibrate
from autofocus.features.crop import View, needs_detector
from autofocus.features.distortions import Distortions
from autofocus.model.vote import sequence_means, vote_weights
from autofocus.motion.settings import MotionSettings
from autofocus.retrain_settings import RetrainSettings
from autofocus.splits.split import Assignment, make_split
from autofocus.splits.subsets import Subset
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.fitting import STRENGTHS, HeadSettings
from autofocus.training.predictions import to_predictions
from autofocus.training.recipe import Recipe, Steps
from benchmarks.hard_sample.pool import Pool

# Locations to learn from; as many sequences of a species as a young project has.
TRAINED, REPETITIONS = 20, 1
RESAMPLES = 4000
WORKERS = 2
SHAPE = CropShape()
Matrix = NDArray[np.float64]
# Of each tested sequence, whether its vote is right, and the share of frames that are.
Rights = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Variant:
    """A recipe, and what it is applied to.

    Attributes:
        view: what the classifier sees.
        steps: of the recipe.
        strengths: of regularisation to choose from.
        refit: whether the head learns from all images; else from those of the training split that
            `retrain` makes by default, as it was in earlier versions.
        shape: of the crop around a tight box; None for the wide boxes of earlier versions.
        mirrored: whether it learns from mirrored copies, too.
    """

    view: View = "motion"
    steps: Steps = field(default_factory=Steps)
    strengths: tuple[float, ...] = STRENGTHS
    refit: bool = True
    shape: CropShape | None = SHAPE
    mirrored: bool = False

    @property
    def recipe(self) -> Recipe:
        """How its heads are trained."""
        return Recipe(self.view, HeadSettings(strengths=self.strengths), self.steps)


@dataclass(frozen=True)
class Outer:
    """An outer fold.

    Attributes:
        trained: the locations to learn from.
        tested: all others.
    """

    trained: tuple[str, ...]
    tested: tuple[str, ...]


def outer_folds(locations: Sequence[str]) -> list[Outer]:
    """Return the outer folds: in each repetition every location is learned from once."""
    folds = []
    for repetition in range(REPETITIONS):
        order = np.random.default_rng(repetition).permutation(sorted(locations)).tolist()
        for start in range(0, len(order) - TRAINED + 1, TRAINED):
            trained = order[start : start + TRAINED]
            folds.append(Outer(tuple(trained), tuple(sorted({*order} - {*trained}))))
    return folds


def features_of(pool: Pool, variant: Variant) -> DatasetFeatures:
    """Return what a variant sees of all images."""
    return DatasetFeatures(
        pool.dataset,
        pool.extractor,
        motion=MotionSettings(tight=variant.shape is not None),
        detector=Detector() if needs_detector(variant.view) else None,
        shape=variant.shape,
        distortions=Distortions(flip_left_right=variant.mirrored),
        copies=1,
    )


@dataclass
class Bench:
    """Trains and tests variants.

    Attributes:
        pool: all images.
        sources: their features as variants need them.
    """

    pool: Pool
    sources: dict[Variant, DatasetFeatures] = field(default_factory=dict)

    def source(self, variant: Variant) -> DatasetFeatures:
        """Return the features that a variant needs; they are computed where they are missing."""
        # What else a variant is of changes no features.
        key = Variant(variant.view, shape=variant.shape, mirrored=variant.mirrored)
        if key not in self.sources:
            self.sources[key] = features_of(self.pool, variant)
        source = self.sources[key]
        source.prepare(variant.view)
        return source

    def test(self, variant: Variant, outer: Outer) -> Rights:
        """Return for each tested sequence whether it is right, and the share of right frames."""
        source, recipe = self.source(variant), variant.recipe
        rows = self.pool.rows_at(outer.trained)
        learned, chosen_on = (rows, rows) if variant.refit else _split(rows)
        choice = recipe.choose(source, chosen_on)
        head = recipe.fixed(choice.strength).train(source, learned).head
        temperature = 1.0
        if choice.logits is not None:
            held_out = to_predictions(source, chosen_on, choice.logits, variant.view)
            temperature = calibrate(held_out).temperature
        tested = self.pool.rows_at(outer.tested)
        logits = head.logits(source.features(tested, variant.view))
        predictions = to_predictions(source, tested, logits, variant.view)
        weights = vote_weights(predictions.box_scores, variant.steps.vote_floor)
        probabilities = predictions.probabilities(temperature)
        return _right(tested, probabilities, predictions.sequence_numbers, weights, source)


def _split(
    rows: Sequence[Assignment],
) -> tuple[tuple[Assignment, ...], tuple[Assignment, ...]]:
    """Return what earlier versions trained on by default, and that with the validation images."""
    split = make_split(
        [row.image for row in rows],
        testing_percentage=RetrainSettings().testing_percentage,
        validation_percentage=RetrainSettings().validation_percentage,
    )
    subsets = {one.image.name: one.subset for one in split.assignments}
    learned = [row for row in rows if subsets[row.image.name] is Subset.TRAINING]
    held_out = [row for row in rows if subsets[row.image.name] is Subset.VALIDATION]
    return tuple(learned), (*learned, *held_out)


def _right(
    rows: Sequence[Assignment],
    probabilities: Matrix,
    sequences: NDArray[np.int64],
    weights: Matrix | None,
    source: DatasetFeatures,
) -> Rights:
    truth = source.dataset.targets(rows).argmax(axis=1)
    votes = sequence_means(probabilities, sequences, weights).argmax(axis=1)
    sizes = np.bincount(sequences)
    frames = np.bincount(sequences, probabilities.argmax(axis=1) == truth) / sizes
    return {
        row.sequence: (float(votes[number] == label), float(frames[number]))
        for row, number, label in zip(rows, sequences, truth, strict=True)
    }


_BENCH: list[Bench] = []


def _test(task: tuple[Variant, Outer]) -> Rights:
    # The features were computed before this process was forked.
    return _BENCH[0].test(*task)


@dataclass(frozen=True)
class Results:
    """How often each variant was right.

    Attributes:
        names: of the V variants.
        right: by variant and sequence, over all outer folds that tested the sequence: the mean of
            right votes, shape (V, S).
        frames: the mean share of right frames, shape (V, S).
        sizes: the number of each sequence's frames, shape (S,).
        locations: the number of each sequence's location, shape (S,).
    """

    names: list[str]
    right: Matrix
    frames: Matrix
    sizes: NDArray[np.int64]
    locations: NDArray[np.int64]

    def accuracy(self, name: str) -> tuple[float, float]:
        """Return the accuracy by sequence and by image."""
        place = self.names.index(name)
        return float(self.right[place].mean()), float(
            np.average(self.frames[place], weights=self.sizes)
        )

    def difference(self, one: str, other: str) -> tuple[float, float, float]:
        """Return by how much one is better by sequence, with a 95 % interval over locations."""
        gains = self.right[self.names.index(one)] - self.right[self.names.index(other)]
        sums, counts = np.bincount(self.locations, gains), np.bincount(self.locations)
        number = len(counts)
        drawn = np.random.default_rng(0).multinomial(number, [1 / number] * number, RESAMPLES)
        low, high = np.quantile((drawn @ sums) / (drawn @ counts), (0.025, 0.975))
        return float(gains.mean()), float(low), float(high)


def run(pool: Pool, chosen: Mapping[str, Variant]) -> Results:
    """Train and test variants on all outer folds."""
    bench = Bench(pool)
    for variant in chosen.values():
        bench.source(variant)
    _BENCH[:] = [bench]
    folds = outer_folds(pool.locations)
    tasks = list(product(chosen.values(), folds))
    start = time.perf_counter()
    with multiprocessing.get_context("fork").Pool(WORKERS) as workers:
        answers = list(_progress(workers.imap(_test, tasks), len(folds), list(chosen), start))
    rows = {row.sequence: row for row in pool.dataset.rows}
    counts = dict.fromkeys(rows, 0)
    for row in pool.dataset.rows:
        counts[row.sequence] += 1
    names = sorted(rows)
    shape = len(chosen), len(folds), len(names)
    table = np.full((*shape, 2), np.nan)
    for number, answer in enumerate(answers):
        for place, name in enumerate(names):
            if name in answer:
                table[number // len(folds), number % len(folds), place] = answer[name]
    means = np.nanmean(table, axis=1)
    _, locations = np.unique([rows[name].group for name in names], return_inverse=True)
    sizes = np.array([counts[name] for name in names])
    return Results(list(chosen), means[..., 0], means[..., 1], sizes, locations)


def _progress(
    answers: Iterator[Rights],
    folds: int,
    names: Sequence[str],
    start: float,
) -> Iterator[Rights]:
    rights: list[float] = []
    for number, answer in enumerate(answers):
        rights.append(float(np.mean([right for right, _ in answer.values()])))
        if (number + 1) % folds == 0:
            mean = np.mean(rights[-folds:])
            took = time.perf_counter() - start
            print(f"{names[number // folds]}: {mean:.1%} by sequence ({took:.0f} s)", flush=True)
        yield answer
