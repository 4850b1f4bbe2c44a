"""Claims about training the backbone's last blocks together with the head."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from autofocus.errors import SettingError
from autofocus.features.backbones import Backbone, load_backbone
from autofocus.features.pixels import Pixels
from autofocus.model.head import Head
from autofocus.training.checkpoint import Checkpoint
from autofocus.training.fine_tuning import (
    FineTuning,
    FineTuningResult,
    PixelSource,
    fine_tune,
)
from autofocus.training.samples import Samples
from autofocus.training.tuned_network import TunedNetwork
from tests.features.small import small_backbone
from tests.training.blobs import one_hot

IMAGES, EPOCHS = 6, 3
SETTINGS = FineTuning(layers=1, rate=1e-3, epochs=EPOCHS, batch_size=4)
HEAD = Head(np.zeros((1280, 2), np.float32), np.zeros(2, np.float32))


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load_backbone("efficientnet-lite0")


def pixel_source(before: Callable[[], None] = lambda: None) -> PixelSource:
    """Make bright and dark noise, two thirds of it bright, distorted by brightness."""
    classes = np.arange(IMAGES) % 3 // 2

    def read(number: int, random: np.random.Generator | None) -> Pixels:
        before()
        noise = np.random.default_rng(number).integers(0, 60, (224, 224, 3))
        shift = random.integers(40) if random else 0
        pixels: Pixels = (noise + 120 * classes[number] + shift).astype(np.uint8)
        return pixels

    ones = np.ones(IMAGES, np.float32)
    return PixelSource(Samples(np.zeros((IMAGES, 0), np.float32), one_hot(classes, 2), ones), read)


def nothing() -> PixelSource:
    source = pixel_source()
    return replace(source, samples=source.samples.rows(np.zeros(IMAGES, bool)))


def tune(
    backbone: Backbone, training: PixelSource, checkpoint: Checkpoint | None = None
) -> FineTuningResult:
    return fine_tune(backbone, HEAD, training, nothing(), SETTINGS, 2, checkpoint)


class StoppedError(Exception):
    """Stands for a kill in the middle."""


def test_an_interrupted_run_resumes_at_the_last_epoch_and_ends_with_the_same_bytes(
    backbone: Backbone, tmp_path: Path
) -> None:
    """Stopped within the second epoch, it repeats that one only; all weights are the same."""
    whole = tune(backbone, pixel_source())
    checkpoint = Checkpoint(tmp_path / "c.npz", tmp_path / "tmp", "subject")
    reads: list[int] = []

    def stop() -> None:
        reads.append(1)
        if len(reads) == IMAGES + 3:
            raise StoppedError

    with pytest.raises(StoppedError):
        tune(backbone, pixel_source(stop), checkpoint)
    reads.clear()
    resumed = tune(backbone, pixel_source(lambda: reads.append(1)), checkpoint)
    assert len(reads) == (EPOCHS - 1) * IMAGES
    assert resumed.backbone.digest == whole.backbone.digest
    np.testing.assert_array_equal(resumed.head.weights, whole.head.weights)
    np.testing.assert_array_equal(resumed.head.bias, whole.head.bias)


def test_both_the_last_blocks_and_the_head_are_trained(backbone: Backbone) -> None:
    """The result differs from the original backbone, which stays as it was, and from the head."""
    images = np.full((2, 224, 224, 3), 0.5, np.float32)
    before = backbone.features(images)
    result = tune(backbone, pixel_source())
    assert result.epoch == EPOCHS
    assert not np.allclose(result.backbone.features(images), before)
    np.testing.assert_array_equal(backbone.features(images), before)
    assert np.abs(result.head.weights).max() > 0


def test_where_no_epoch_is_better_everything_stays_as_it_was(backbone: Backbone) -> None:
    """Validation images with the labels swapped keep backbone and head."""
    source = pixel_source()
    swapped = replace(source.samples, targets=source.samples.targets[:, ::-1].copy())
    head = Head(np.zeros((1280, 2), np.float32), np.array([0, 1], np.float32))
    validation = replace(source, samples=swapped)
    result = fine_tune(backbone, head, source, validation, replace(SETTINGS, epochs=1))
    assert result.epoch == 0
    assert result.backbone is backbone
    assert result.head is head


def test_the_first_step_of_adam_has_the_length_of_the_rate(backbone: Backbone) -> None:
    """Each weight of the head with a gradient moves by the rate, whatever the gradient."""
    network = TunedNetwork(backbone, HEAD, 1, 1e-3)
    images = np.random.default_rng(0).random((2, 224, 224, 3), np.float32)
    network.step(images, one_hot(np.array([0, 1]), 2), np.ones((2, 1), np.float32))
    moved = np.abs(network.head().weights)
    assert np.median(moved[moved > 0]) == pytest.approx(1e-3, rel=0.01)


def test_class_weights_change_the_result(backbone: Backbone) -> None:
    """Unbalanced classes give other weights with balanced class weights than without."""
    heads = [
        fine_tune(
            backbone,
            HEAD,
            pixel_source(),
            nothing(),
            replace(SETTINGS, epochs=1, class_weights=kind),
        ).head
        for kind in ("balanced", "none")
    ]
    assert not np.array_equal(heads[0].bias, heads[1].bias)


def test_a_backbone_without_known_blocks_is_rejected() -> None:
    """The error names the backbones that can be fine-tuned."""
    with pytest.raises(SettingError, match="set tfhub_module to efficientnet-lite0"):
        SETTINGS.check(small_backbone()[0])


def test_more_layers_than_blocks_are_rejected(backbone: Backbone) -> None:
    """The error says how many blocks there are."""
    with pytest.raises(SettingError, match="has 16 blocks, so 17 can't"):
        replace(SETTINGS, layers=17).check(backbone)
