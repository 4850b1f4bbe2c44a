"""Claims about the classifier layer and its training."""

from pathlib import Path

import numpy as np
import pytest

from autofocus.learning import head as head_module
from autofocus.learning.batches import CachedBatches
from autofocus.learning.head import (
    Checkpoint,
    Head,
    Samples,
    Schedule,
    descend,
    draw,
    score,
    train,
)

SCHEDULE = Schedule(steps=60, learning_rate=0.5, batch_size=16, eval_interval=20)
NOTHING = Samples(np.zeros((0, 3), np.float32), np.zeros(0, np.int64))


def blobs(number: int = 60) -> Samples:
    random = np.random.default_rng(1)
    classes = np.arange(number) % 3
    features = np.eye(3)[classes] * 3 + random.normal(0, 0.5, (number, 3))
    return Samples(features.astype(np.float32), classes)


def test_probabilities_are_the_softmax() -> None:
    """Logits 0 and ln 3 give the probabilities 1/4 and 3/4."""
    head = Head(np.array([[0, np.log(3)]], np.float32), np.zeros(2, np.float32))
    assert head.probabilities(np.ones((1, 1), np.float32)) == pytest.approx(
        np.array([[0.25, 0.75]]), abs=1e-6
    )


def test_probabilities_of_large_logits_are_finite() -> None:
    """Logits far beyond what exp can hold still give probabilities."""
    head = Head(np.array([[1e4, -1e4]], np.float32), np.zeros(2, np.float32))
    assert head.probabilities(np.ones((1, 1), np.float32)).tolist() == [[1.0, 0.0]]


def test_a_step_follows_the_gradient_of_the_cross_entropy() -> None:
    """The step equals a numerical gradient of the mean cross-entropy."""
    samples = blobs(7)
    random = np.random.default_rng(2)
    weights, bias = random.normal(size=(3, 3)), random.normal(size=3)
    step = descend(Head(weights.astype(np.float32), bias.astype(np.float32)), samples, 1.0)
    tiny = 1e-3
    for place in np.ndindex(3, 3):
        moved = []
        for sign in (1, -1):
            changed = weights.copy()
            changed[place] += sign * tiny
            head = Head(changed.astype(np.float32), bias.astype(np.float32))
            moved.append(score(head, samples)["cross_entropy"])
        gradient = (moved[0] - moved[1]) / (2 * tiny)
        assert weights[place] - step.weights[place] == pytest.approx(gradient, abs=2e-3)


def test_training_learns_what_can_be_learned(tmp_path: Path) -> None:
    """Three well separated classes are told apart after a few steps."""
    samples = blobs()
    head, history = run(tmp_path, samples)
    assert score(head, samples)["accuracy"] > 0.95
    assert [row["step"] for row in history] == [20, 40, 60]


def run(folder: Path, samples: Samples) -> tuple[Head, list[dict[str, float]]]:
    checkpoint = Checkpoint(folder / "checkpoint.npz", folder / "tmp", "subject")
    batches = CachedBatches(samples, SCHEDULE.batch_size)
    head, history = train(batches, samples, (3, 3), SCHEDULE, checkpoint)
    return head, history.rows


class StoppedError(Exception):
    """Stands for a kill in the middle."""


def test_training_goes_on_from_its_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in the middle and started again, training ends with the same weights and history."""
    monkeypatch.setattr(head_module, "CHECKPOINT_EVERY_S", 0.0)
    samples = blobs()
    whole, history = run(tmp_path / "whole", samples)
    batches, steps = CachedBatches(samples, SCHEDULE.batch_size), []

    def stopping(step: int) -> Samples:
        steps.append(step)
        if len(steps) == 50:
            raise StoppedError
        return batches(step)

    checkpoint = Checkpoint(tmp_path / "checkpoint.npz", tmp_path / "tmp", "subject")
    with pytest.raises(StoppedError):
        train(stopping, samples, (3, 3), SCHEDULE, checkpoint)
    resumed, again = train(stopping, samples, (3, 3), SCHEDULE, checkpoint)
    assert steps[50] == 40
    np.testing.assert_array_equal(resumed.weights, whole.weights)
    assert again.rows == history


def test_another_subject_does_not_take_the_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint of other data is not gone on from."""
    monkeypatch.setattr(head_module, "CHECKPOINT_EVERY_S", 0.0)
    run(tmp_path, blobs())
    other = Checkpoint(tmp_path / "checkpoint.npz", tmp_path / "tmp", "other")
    assert other.load((3, 3))[0] == 0


def test_classes_are_drawn_alike_whatever_their_size() -> None:
    """A class of 10 among 1,000 images makes up about half of what two classes' steps take."""
    classes = np.array([0] * 990 + [1] * 10)
    drawn = classes[draw(classes, 10_000, step=3)]
    assert 0.47 < drawn.mean() < 0.53


def test_a_batch_of_minus_one_is_every_image_once() -> None:
    """Batch size -1 takes the whole part."""
    assert draw(np.array([0, 1, 1]), -1, step=0).tolist() == [0, 1, 2]


def test_history_without_validation_images(tmp_path: Path) -> None:
    """Without validation images only the training part is measured."""
    checkpoint = Checkpoint(tmp_path / "c.npz", tmp_path / "tmp", "subject")
    _, history = train(CachedBatches(blobs(), 8), NOTHING, (3, 3), SCHEDULE, checkpoint)
    assert set(history.rows[0]) == {"step", "training_accuracy", "training_cross_entropy"}
