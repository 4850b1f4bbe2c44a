"""Claims about gradient descent at a fixed rate."""

from pathlib import Path

import numpy as np
import pytest

from autofocus.model.head import Head
from autofocus.training import checkpoint as checkpoint_module
from autofocus.training import descent
from autofocus.training.checkpoint import Checkpoint
from autofocus.training.descent import DescentResult, ImagesByClass, descend, draw, take_step
from autofocus.training.samples import Samples
from tests.training.blobs import blobs, nothing, scores_of


def run(
    training: Samples, validation: Samples, checkpoint: Checkpoint | None = None, **changes: int
) -> DescentResult:
    return descend(
        training,
        validation,
        steps=changes.get("steps", 60),
        learning_rate=0.5,
        batch_size=16,
        eval_interval=20,
        multilabel=False,
        checkpoint=checkpoint,
        patience=changes.get("patience", descent.PATIENCE),
    )


def test_a_step_follows_the_gradient_of_the_cross_entropy() -> None:
    """The step equals a numerical gradient of the mean cross-entropy."""
    samples = blobs(7)
    random = np.random.default_rng(2)
    weights, bias = random.normal(size=(3, 3)), random.normal(size=3)
    step = take_step(Head(weights.astype(np.float32), bias.astype(np.float32)), samples, 1.0)
    tiny = 1e-3
    for place in np.ndindex(3, 3):
        moved = []
        for sign in (1, -1):
            changed = weights.copy()
            changed[place] += sign * tiny
            head = Head(changed.astype(np.float32), bias.astype(np.float32))
            moved.append(scores_of(head, samples).cross_entropy)
        gradient = (moved[0] - moved[1]) / (2 * tiny)
        assert weights[place] - step.weights[place] == pytest.approx(gradient, abs=2e-3)


def test_training_learns_what_can_be_learned() -> None:
    """Three well separated classes are told apart after a few steps."""
    descended = run(blobs(), blobs(seed=2))
    assert scores_of(descended.head, blobs(seed=3)).accuracy > 0.95
    assert [row.step for row in descended.history] == [20, 40, 60]


def test_the_head_of_the_best_measurement_stays() -> None:
    """Where validation says the opposite of training, the first measured layer is the best."""
    against = Samples(blobs().features, blobs().targets[:, [1, 2, 0]], blobs().weights)
    long, short = run(blobs(), against, steps=200), run(blobs(), against, steps=20)
    np.testing.assert_array_equal(long.head.weights, short.head.weights)


def test_training_ends_when_validation_gets_no_better() -> None:
    """With a patience of 3 measurements the fourth is the last where the first is the best."""
    against = Samples(blobs().features, blobs().targets[:, [1, 2, 0]], blobs().weights)
    descended = run(blobs(), against, steps=1000, patience=3)
    assert descended.stopped_early
    assert descended.steps == 80


def test_without_validation_all_steps_are_made() -> None:
    """With nothing to judge by, the layer is that of the last step."""
    descended = run(blobs(), nothing(), patience=1)
    assert descended.steps == 60
    assert descended.history[0].validation is None


class StoppedError(Exception):
    """Stands for a kill in the middle."""


def test_training_goes_on_from_its_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in the middle and started again, training ends with the same weights and history."""
    monkeypatch.setattr(checkpoint_module, "INTERVAL_S", 0.0)
    whole = run(blobs(), blobs(seed=2))
    steps: list[int] = []

    def stopping(images: ImagesByClass, size: int, step: int, *, balanced: bool) -> np.ndarray:
        steps.append(step)
        if len(steps) == 50:
            raise StoppedError
        return draw(images, size, step, balanced=balanced)

    monkeypatch.setattr(descent, "draw", stopping)
    checkpoint = Checkpoint(tmp_path / "checkpoint.npz", tmp_path / "tmp", "subject")
    with pytest.raises(StoppedError):
        run(blobs(), blobs(seed=2), checkpoint)
    resumed = run(blobs(), blobs(seed=2), checkpoint)
    assert steps[50] == 40
    np.testing.assert_array_equal(resumed.head.weights, whole.head.weights)
    assert resumed.history == whole.history


def test_training_that_had_stopped_early_is_not_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started again after its end, training makes no further step."""
    monkeypatch.setattr(checkpoint_module, "INTERVAL_S", 0.0)
    against = Samples(blobs().features, blobs().targets[:, [1, 2, 0]], blobs().weights)
    checkpoint = Checkpoint(tmp_path / "checkpoint.npz", tmp_path / "tmp", "subject")
    first = run(blobs(), against, checkpoint, steps=1000, patience=3)
    again = run(blobs(), against, checkpoint, steps=1000, patience=3)
    assert again.steps == first.steps
    assert again.history == first.history


def test_classes_are_drawn_alike_whatever_their_size() -> None:
    """A class of 10 among 1,000 images makes up about half of what two classes' steps take."""
    classes = np.array([0] * 990 + [1] * 10)
    drawn = classes[draw(ImagesByClass.of(classes), 10_000, step=3)]
    assert 0.47 < drawn.mean() < 0.53


def test_unbalanced_images_are_drawn_alike() -> None:
    """Without balance a class of 10 among 1,000 images makes up about a hundredth."""
    classes = np.array([0] * 990 + [1] * 10)
    drawn = classes[draw(ImagesByClass.of(classes), 10_000, step=3, balanced=False)]
    assert 0.005 < drawn.mean() < 0.015


def test_a_batch_of_minus_one_is_every_image_once() -> None:
    """Batch size -1 takes the whole part."""
    assert draw(ImagesByClass.of(np.array([0, 1, 1])), -1, step=0).tolist() == [0, 1, 2]
