"""Whether a saved model does at new locations what its report says.

`python -m benchmarks.new_locations` simulates trainings on some of the locations of a hard
synthetic sample, by the same code as `retrain`, and tests the saved model at all others.
"""

import multiprocessing
import platform
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from autofocus import __version__
from autofocus.evaluation.evaluate import evaluate
from autofocus.evaluation.metrics import Estimate, Evaluation, Reliability
from autofocus.evaluation.settings import EvaluationSettings
from autofocus.features.crop import View
from autofocus.retrain_settings import RetrainSettings
from autofocus.splits.dataset import SplitSettings, make_dataset
from autofocus.splits.subsets import Subset
from autofocus.training.candidates import make_candidate
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.fitting import HeadSettings
from autofocus.training.job import TrainingJob
from autofocus.training.predictions import to_predictions
from autofocus.training.recipe import VOTE_FLOOR, Recipe
from autofocus.training.result import Assessment
from benchmarks.hard_sample.nested import WORKERS, features_of
from benchmarks.hard_sample.plan import HardSettings
from benchmarks.hard_sample.pool import BACKBONE, Pool, open_pool
from benchmarks.measure import kept_folder, machine, publish
from benchmarks.recipe import FULL

REPETITIONS, DRAWN = 30, 20
VIEW: View = "motion"

TEXT = """# The saved model at new locations

A hard synthetic sample (`benchmarks/hard_sample`) of {images:,} images in {sequences} sequences at
{locations} locations, embedded backbone {backbone}, view `{view}`, Autofocus {version} on Python
{python}. In each of {repetitions} repetitions {drawn} random locations are given to the recipe of
`retrain` with its default settings. It prints the accuracy on its test split, with an interval,
and saves a model that is then refitted on all of these images. That saved model, with its own
calibration and thresholds, is tested at the other {fresh} locations.
`python -m benchmarks.new_locations` gives this page anew, in
{minutes:.0f} minutes on {machine} where the features are kept from an earlier run in a
folder that is given to it.

| | by image | by sequence |
|---|---:|---:|
{table}

The default test split of {drawn} locations has few of them, so that the interval is wide, and
holding them out takes from training much of what some classes have: what is printed is rather too
low than too high.

{calibration}
"""

CALIBRATION = """Calibration by sequence of the saved models at fresh locations: the expected calibration error of all
{total:,} predictions together is **{pooled:.1%}**; of one model's own it is {each:.1%} on average, of which
{chance:.1%} is chance: perfectly calibrated models would have as much on so few sequences. Mean
confidence less accuracy is {gap:+.1%} on average ({low:+.1%} to {high:+.1%} in 90 % of repetitions).

With the thresholds of sequences (target: precision {target:g}) {accepted:.1%} of fresh sequences
are accepted, and **{precision:.1%}** of these are right (in the poorest repetition {poorest:.1%});
{none} models accept none."""  # noqa: E501 - a paragraph


@dataclass(frozen=True)
class Repetition:
    """One simulated training.

    Attributes:
        printed: what the report says: the measured model on the test split.
        fresh: the saved model at fresh locations.
    """

    printed: Evaluation
    fresh: Evaluation


@dataclass
class Simulation:
    """Simulates trainings.

    Attributes:
        pool: all images.
        source: their features.
    """

    pool: Pool
    source: DatasetFeatures

    def repeat(self, seed: int) -> Repetition:
        """Draw locations, train as `retrain` does, and test at all other locations."""
        order = np.random.default_rng(seed).permutation(self.pool.locations).tolist()
        images = [row.image for row in self.pool.rows_at(order[:DRAWN])]
        settings = RetrainSettings()
        split = SplitSettings(settings.testing_percentage, settings.validation_percentage)
        dataset = make_dataset(self.pool.dataset.labels, images, split)
        source = replace(self.source, dataset=dataset)
        candidate = make_candidate(source, Recipe(VIEW, HeadSettings()))
        measured = candidate.recipe.train(source, candidate.rows)
        every = tuple(row for subset in Subset for row in dataset.subset(subset))
        refitted = candidate.recipe.train(source, every)
        job = self._job(source, settings)
        assessment = Assessment(job, source, source, [candidate], candidate, measured, refitted)
        result = assessment.result()
        fresh = self.pool.rows_at(order[DRAWN:])
        logits = refitted.head.logits(self.source.features(fresh, VIEW))
        predictions = to_predictions(self.source, fresh, logits, VIEW)
        rules = result.final.rules
        return Repetition(
            result.metrics.test, evaluate(dataset.labels, predictions, rules, job.evaluation)
        )

    def _job(self, source: DatasetFeatures, settings: RetrainSettings) -> TrainingJob:
        return TrainingJob(
            image_dir=source.extractor.image_dir,
            saved_model_dir=source.extractor.image_dir,
            dataset=source.dataset,
            backbone=source.extractor.backbone,
            preparation=None,
            view=VIEW,
            head_settings=HeadSettings(),
            fine_tuning=None,
            refit=True,
            evaluation=EvaluationSettings(
                target=settings.threshold_target,
                value=settings.threshold_value,
                vote_floor=VOTE_FLOOR,
            ),
            folds=0,
            human_labels=(),
            show_people=False,
            unknown_share=0.0,
            final_tensor_name=settings.final_tensor_name,
            settings={},
        )


_SIMULATION: list[Simulation] = []


def _repeat(seed: int) -> Repetition:
    # The features were computed before this process was forked.
    return _SIMULATION[0].repeat(seed)


def simulate(pool: Pool, number: int = REPETITIONS) -> list[Repetition]:
    """Return the results of some repetitions."""
    source = features_of(pool, FULL)
    source.prepare(VIEW)
    _SIMULATION[:] = [Simulation(pool, source)]
    repetitions = []
    with multiprocessing.get_context("fork").Pool(WORKERS) as workers:
        for seed, repetition in enumerate(workers.imap(_repeat, range(number))):
            repetitions.append(repetition)
            print(f"repetition {seed + 1}: {_line(repetition)}", flush=True)
    return repetitions


def _line(repetition: Repetition) -> str:
    printed, fresh = repetition.printed, repetition.fresh
    parts = [f"by image printed {_shown(printed.accuracy)}, fresh {_shown(fresh.accuracy)}"]
    if printed.sequence and fresh.sequence:
        one, other = printed.sequence.accuracy, fresh.sequence.accuracy
        parts.append(f"by sequence printed {_shown(one)}, fresh {_shown(other)}")
    return "; ".join(parts)


def _shown(estimate: Estimate) -> str:
    interval = (
        "" if estimate.interval is None else " ({:.0%} to {:.0%})".format(*estimate.interval)
    )
    return f"{estimate.value:.1%}{interval}"


def measure(folder: Path) -> str:
    """Simulate, and return the page."""
    start = time.perf_counter()
    with open_pool(folder, HardSettings()) as pool:
        repetitions = simulate(pool)
        return describe(pool, repetitions, time.perf_counter() - start)


def describe(pool: Pool, repetitions: Sequence[Repetition], seconds: float) -> str:
    """Return the page."""
    return TEXT.format(
        images=len(pool.dataset.rows),
        sequences=len({row.sequence for row in pool.dataset.rows}),
        locations=len(pool.locations),
        backbone=BACKBONE,
        view=VIEW,
        version=__version__,
        python=platform.python_version(),
        repetitions=len(repetitions),
        drawn=DRAWN,
        fresh=len(pool.locations) - DRAWN,
        minutes=seconds / 60,
        machine=machine(),
        table="\n".join(_table(repetitions)),
        calibration=_calibration(repetitions),
    )


def _table(repetitions: Sequence[Repetition]) -> list[str]:
    pairs = [
        [(one.printed.accuracy, one.fresh.accuracy) for one in repetitions],
        [
            (one.printed.sequence.accuracy, one.fresh.sequence.accuracy)
            for one in repetitions
            if one.printed.sequence and one.fresh.sequence
        ],
    ]
    rows = {
        "accuracy that is printed, mean": [_mean(one for one, _ in each) for each in pairs],
        "accuracy of the saved model at fresh locations, mean": [
            _mean(other for _, other in each) for each in pairs
        ],
        "width of the printed interval, mean": [
            f"{100 * _width(each):.0f} points" for each in pairs
        ],
        "fresh accuracy within the printed interval": [_held(each) for each in pairs],
        "fresh accuracy above it": [str(_above(each)) for each in pairs],
    }
    return [f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items()]


_Pairs = Sequence[tuple[Estimate, Estimate]]


def _mean(estimates: Iterable[Estimate]) -> str:
    return f"{np.mean([one.value for one in estimates if one.value is not None]):.1%}"


def _width(pairs: _Pairs) -> float:
    """Return the mean width of the printed intervals."""
    return float(np.mean([one.interval[1] - one.interval[0] for one, _ in pairs if one.interval]))


def _held(pairs: _Pairs) -> str:
    """Return how often the fresh accuracy was within the printed interval."""
    known = [(one.interval, other.value or 0.0) for one, other in pairs if one.interval]
    hits = sum(low <= value <= high for (low, high), value in known)
    return f"**{hits} of {len(known)}**"


def _above(pairs: _Pairs) -> int:
    return sum(
        one.interval is not None and (other.value or 0.0) > one.interval[1] for one, other in pairs
    )


def _calibration(repetitions: Sequence[Repetition]) -> str:
    """Return how well calibrated the saved models are by sequence, and what they accept."""
    sequences = [one.fresh.sequence for one in repetitions if one.fresh.sequence]
    after = [one.calibration.after for one in sequences if one.calibration]
    errors = [one.expected_calibration_error or 0.0 for one in after]
    gaps = [
        _confidence(one) - (each.accuracy.value or 0.0)
        for one, each in zip(after, sequences, strict=True)
    ]
    spared = [one.thresholds.spared for one in sequences if one.thresholds]
    accepted, right = sum(one.images for one in spared), sum(one.right for one in spared)
    total = sum(one.sequences for one in sequences)
    low, high = np.quantile(gaps, (0.05, 0.95))
    return CALIBRATION.format(
        pooled=_pooled_error(after),
        total=total,
        each=np.mean(errors),
        chance=_chance_error(after),
        gap=float(np.mean(gaps)),
        low=low,
        high=high,
        accepted=accepted / max(1, total),
        precision=right / max(1, accepted),
        target=RetrainSettings().threshold_value,
        poorest=min((one.precision.value or 0.0 for one in spared if one.images), default=0.0),
        none=sum(not one.images for one in spared),
    )


def _confidence(one: Reliability) -> float:
    """Return the mean confidence."""
    sizes = np.array([each.images for each in one.bins])
    return float(np.average([each.confidence or 0.0 for each in one.bins], weights=sizes))


def _pooled_error(every: Sequence[Reliability]) -> float:
    """Return the expected calibration error of all models' sequences together."""
    gaps = np.array(
        [
            [
                each.images * ((each.confidence or 0.0) - (each.accuracy or 0.0))
                for each in one.bins
            ]
            for one in every
        ]
    )
    total = sum(each.images for one in every for each in one.bins)
    return float(np.abs(gaps.sum(axis=0)).sum() / max(1, total))


def _chance_error(every: Sequence[Reliability]) -> float:
    """Return the mean error that perfectly calibrated models would have on as many sequences."""
    random = np.random.default_rng(0)
    errors = []
    for one in every:
        sizes = np.array([each.images for each in one.bins])
        confidences = np.array([each.confidence or 0.0 for each in one.bins])
        right = random.binomial(sizes, confidences, (200, len(sizes)))
        gaps = np.abs(right - sizes * confidences).sum(axis=1)
        errors.append(float(gaps.mean() / max(1, sizes.sum())))
    return float(np.mean(errors))


if __name__ == "__main__":
    raise SystemExit(publish("NEW_LOCATIONS.md", measure, kept_folder()))
