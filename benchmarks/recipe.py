"""What each step of the recipe gains at new locations: `python -m benchmarks.recipe`.

Nested: each head is trained on the images of some locations of a hard synthetic sample, makes all
its choices there, and is tested at the other locations, all in the same way for all variants.
"""

import platform
import time
from dataclasses import replace
from pathlib import Path

from autofocus import __version__
from autofocus.boxes.crop_shape import CropShape
from autofocus.detector.settings import MEGADETECTOR_LITE
from autofocus.detector.weights import has_weights
from autofocus.features.crop import View
from autofocus.training.fitting import STRENGTHS
from autofocus.training.recipe import NO_STEPS
from benchmarks.hard_sample.nested import (
    REPETITIONS,
    TRAINED,
    Results,
    Variant,
    outer_folds,
    run,
)
from benchmarks.hard_sample.plan import HardSettings
from benchmarks.hard_sample.pool import BACKBONE, Pool, open_pool
from benchmarks.hard_sample.species import SPECIES
from benchmarks.measure import kept_folder, machine, publish

# The path of strengths of earlier versions.
NARROW = tuple(strength for strength in STRENGTHS if strength <= 10)  # noqa: PLR2004
_OTHER = "full recipe, "
_WITH_DETECTOR: tuple[View, ...] = ("detector", "combined")

FULL = Variant()
BASELINE = Variant(steps=NO_STEPS, strengths=NARROW, refit=False, shape=None)


def add(variant: Variant, step: str) -> Variant:
    """Return a variant with one step of the full recipe."""
    return _with(variant, step, FULL)


def remove(variant: Variant, step: str) -> Variant:
    """Return a variant without a step, as in the baseline."""
    return _with(variant, step, BASELINE)


STEPS = {
    "refit on all images": ("refit",),
    "only frames with a box": ("steps.found_only",),
    "each sequence counts once": ("steps.sequence_weights",),
    "vote weighted by boxes": ("steps.vote_floor",),
    "strength chosen by sequences, from a wider path": ("steps.choose_by", "strengths"),
    "tight boxes": ("shape",),
}


def _with(variant: Variant, step: str, source: Variant) -> Variant:
    for name in STEPS[step]:
        _, _, inner = name.rpartition("steps.")
        if name == inner:
            variant = replace(variant, **{name: getattr(source, name)})
        else:
            value = getattr(source.steps, inner)
            variant = replace(variant, steps=replace(variant.steps, **{inner: value}))
    return variant


def variants() -> dict[str, Variant]:
    """Return all variants by their names, the baseline and the full recipe first."""
    return {
        "baseline": BASELINE,
        "full recipe": FULL,
        **{f"baseline + {step}": add(BASELINE, step) for step in STEPS},
        **{f"full recipe - {step}": remove(FULL, step) for step in STEPS},
        "full recipe, mirrored copies": replace(FULL, mirrored=True),
        **{
            f"full recipe, margin {margin:g}, least side {side:g}": replace(
                FULL, shape=CropShape(margin, side)
            )
            for margin, side in ((0.0, 0.2), (0.2, 0.2), (0.1, 0.3))
        },
        "full recipe, full frame": replace(FULL, view="full"),
        "full recipe, full frame beside the crop": replace(FULL, view="both"),
        **{
            f"full recipe, view {view}": replace(FULL, view=view)
            for view in _WITH_DETECTOR
            if has_weights(MEGADETECTOR_LITE)
        },
    }


TEXT = """# The recipe, step by step

A hard synthetic sample (`benchmarks/hard_sample`) of {images:,} images of {labels} classes at
{locations} locations: {species} species in pairs that look alike, {empty:.0%} of the frames show
nothing, animals fill 2 to 10 % of a frame. Embedded backbone {backbone}, Autofocus {version} on
Python {python}. The locations are divided at random into {parts} parts; a head is trained on one
of them ({trained} locations, some 8 sequences of a species), makes all its choices on groups that
it holds out within it, and is tested at all other locations. All variants have the same {folds}
outer folds; intervals are 95 % of the paired difference, bootstrapped over locations.
`python -m benchmarks.recipe` gives this page anew, in
{minutes:.0f} minutes on {machine} where the features are kept from an earlier run in a
folder that is given to it.

The baseline is the recipe of 0.1.0 for `--view motion`: a head trained on its training split
alone, from all images alike, its regularisation chosen by image, boxes 3 to 4 times larger than
the animal. The full recipe has all of the steps. By sequence it is **{gain:+.1f} points** ahead
({low:+.1f} to {high:+.1f}).

| | by sequence | by image |
|---|---:|---:|
| baseline | {baseline} |
| full recipe | {full} |

## Each step

| step | added to the baseline | | removed from the full recipe | |
|---|---:|---|---:|---|
{steps}

Points of accuracy by sequence that the step gains, with the interval. A step whose interval holds
0 gains nothing that these outer folds can show; none of them surely loses.

## Other variants of the full recipe

| variant | by sequence | by image | against the full recipe | |
|---|---:|---:|---:|---|
{others}

The detector was trained on images of real animals and hardly sees drawn ones: its rows say nothing
about real images.

## What is the default

{winner}
"""


def _accuracies(results: Results, name: str) -> str:
    return " | ".join(f"{value:.1%}" for value in results.accuracy(name))


def _points(results: Results, one: str, other: str) -> str:
    gain, low, high = results.difference(one, other)
    return f"{100 * gain:+.1f} | {100 * low:+.1f} to {100 * high:+.1f}"


def describe(pool: Pool, results: Results, seconds: float) -> str:
    """Return the page."""
    folds = outer_folds(pool.locations)
    gain, low, high = (100 * value for value in results.difference("full recipe", "baseline"))
    steps = [
        f"| {step} | {_points(results, f'baseline + {step}', 'baseline')} "
        f"| {_points(results, 'full recipe', f'full recipe - {step}')} |"
        for step in STEPS
    ]
    others = [name for name in results.names if name.startswith(_OTHER)]
    rows = [
        f"| {name.removeprefix(_OTHER)} | {_accuracies(results, name)} "
        f"| {_points(results, name, 'full recipe')} |"
        for name in others
    ]
    images = pool.sample.images
    return TEXT.format(
        images=len(images),
        labels=len(pool.dataset.labels),
        locations=len(pool.locations),
        species=len(SPECIES),
        empty=sum(image.box is None for image in images) / len(images),
        backbone=BACKBONE,
        version=__version__,
        python=platform.python_version(),
        parts=len(folds) // REPETITIONS,
        trained=TRAINED,
        folds=len(folds),
        minutes=seconds / 60,
        machine=machine(),
        gain=gain,
        low=low,
        high=high,
        baseline=_accuracies(results, "baseline"),
        full=_accuracies(results, "full recipe"),
        steps="\n".join(steps),
        others="\n".join(rows),
        winner=_winner(results),
    )


def _winner(results: Results) -> str:
    """Return which variant is best, and whether it is surely better than the full recipe."""
    compared = [name for name in results.names if name.startswith("full recipe")]
    best = max(compared, key=lambda name: results.accuracy(name)[0])
    if best == "full recipe":
        return "The full recipe, which is the default, is the best of all variants."
    gain, low, high = (100 * value for value in results.difference(best, "full recipe"))
    verdict = "is more than chance" if low > 0 else "may be chance: the default stays"
    return (
        f"The best variant is *{best}*: {gain:+.1f} points ({low:+.1f} to {high:+.1f}) against "
        f"the full recipe, which is the default. That {verdict}."
    )


def measure(folder: Path) -> str:
    """Measure, and return the page."""
    start = time.perf_counter()
    with open_pool(folder, HardSettings()) as pool:
        results = run(pool, variants())
        return describe(pool, results, time.perf_counter() - start)


if __name__ == "__main__":
    raise SystemExit(publish("RECIPE.md", measure, kept_folder()))
