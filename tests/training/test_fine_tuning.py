"""Claims about training the backbone's last blocks together with the head."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from autofocus.errors import SettingError
from autofocus.features.backbones import Backbone, load_backbone
from autofocus.features.pixels import Pixels
from autofocus.features.runtime import tensorflow
from autofocus.model.head import Head
from autofocus.training import fine_tuning
from autofocus.training.checkpoint import Checkpoint
from autofocus.training.fine_tuning import (
    FineTuning,
    FineTuningResult,
    fine_tune,
)
from autofocus.training.pixel_store import PixelSource
from autofocus.training.samples import Samples
from autofocus.training.tuned_network import TunedNetwork
from tests.features.backbones.test_keras_models import save_network as save_keras_network
from tests.features.small import small_backbone
from tests.training.blobs import one_hot

IMAGES, EPOCHS = 6, 3
SETTINGS = FineTuning(layers=1, rate=1e-3, epochs=EPOCHS, batch_size=4)
HEAD = Head(np.zeros((1280, 2), np.float32), np.zeros(2, np.float32))

_WEIGHTS = np.random.default_rng(2).normal(0, 0.1, (1280, 2)).astype(np.float32)
HEAD_WITH_WEIGHTS = Head(_WEIGHTS, np.zeros(2, np.float32))


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load_backbone("efficientnet-lite0")


def pixel_source(
    before: Callable[[], None] = lambda: None, decode: Callable[[], None] = lambda: None
) -> PixelSource:
    """Make bright and dark noise, two thirds of it bright, distorted by brightness.

    Args:
        before: called before each distortion.
        decode: called before each decoding.
    """
    classes = np.arange(IMAGES) % 3 // 2

    def read(number: int) -> Pixels:
        decode()
        noise = np.random.default_rng(number).integers(0, 60, (224, 224, 3))
        pixels: Pixels = (noise + 120 * classes[number]).astype(np.uint8)
        return pixels

    def distort(pixels: Pixels, random: np.random.Generator) -> Pixels:
        before()
        return (pixels + random.integers(40)).astype(np.uint8)

    ones = np.ones(IMAGES, np.float32)
    samples = Samples(np.zeros((IMAGES, 0), np.float32), one_hot(classes, 2), ones)
    return PixelSource(samples, read, distort)


def nothing() -> PixelSource:
    source = pixel_source()
    return replace(source, samples=source.samples.rows(np.zeros(IMAGES, bool)))


def tune(
    backbone: Backbone, training: PixelSource, folder: Path, checkpoint: Checkpoint | None = None
) -> FineTuningResult:
    return fine_tune(backbone, HEAD, training, nothing(), SETTINGS, folder, 2, checkpoint)


class StoppedError(Exception):
    """Stands for a kill in the middle."""


def test_an_interrupted_run_resumes_at_the_last_epoch_and_ends_with_the_same_bytes(
    backbone: Backbone, tmp_path: Path
) -> None:
    """Stopped within the second epoch, it repeats that one only; all weights are the same."""
    whole = tune(backbone, pixel_source(), tmp_path)
    checkpoint = Checkpoint(tmp_path / "c.npz", tmp_path / "tmp", "subject")
    reads: list[int] = []

    def stop() -> None:
        reads.append(1)
        if len(reads) == IMAGES + 3:
            raise StoppedError

    with pytest.raises(StoppedError):
        tune(backbone, pixel_source(stop), tmp_path, checkpoint)
    reads.clear()
    resumed = tune(backbone, pixel_source(lambda: reads.append(1)), tmp_path, checkpoint)
    assert len(reads) == (EPOCHS - 1) * IMAGES
    assert resumed.backbone.digest == whole.backbone.digest
    np.testing.assert_array_equal(resumed.head.weights, whole.head.weights)
    np.testing.assert_array_equal(resumed.head.bias, whole.head.bias)


def test_a_run_that_is_interrupted_within_an_epoch_repeats_little_of_it(
    backbone: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in an epoch's second batch, it goes on with that one; weights are the same."""
    whole = tune(backbone, pixel_source(), tmp_path)
    monkeypatch.setattr(fine_tuning, "MIDDLE_S", 0.0)
    checkpoint = Checkpoint(tmp_path / "c.npz", tmp_path / "tmp", "subject")
    reads: list[int] = []

    def stop() -> None:
        reads.append(1)
        if len(reads) == 2 * IMAGES:
            raise StoppedError

    with pytest.raises(StoppedError):
        tune(backbone, pixel_source(stop), tmp_path, checkpoint)
    reads.clear()
    resumed = tune(backbone, pixel_source(lambda: reads.append(1)), tmp_path, checkpoint)
    assert len(reads) == IMAGES - SETTINGS.batch_size + IMAGES
    assert resumed.backbone.digest == whole.backbone.digest
    assert resumed.head.digest == whole.head.digest


def test_images_are_decoded_once(backbone: Backbone, tmp_path: Path) -> None:
    """However many epochs there are, each image is decoded once, and no file of them stays."""
    decoded: list[int] = []
    tune(backbone, pixel_source(decode=lambda: decoded.append(1)), tmp_path / "pixels")
    assert len(decoded) == IMAGES
    assert not list((tmp_path / "pixels").iterdir())


def test_both_the_last_blocks_and_the_head_are_trained(backbone: Backbone, tmp_path: Path) -> None:
    """The result differs from the original backbone, which stays as it was, and from the head."""
    images = np.full((2, 224, 224, 3), 0.5, np.float32)
    before = backbone.features(images)
    result = tune(backbone, pixel_source(), tmp_path)
    assert result.epoch == EPOCHS
    assert not np.allclose(result.backbone.features(images), before)
    np.testing.assert_array_equal(backbone.features(images), before)
    assert np.abs(result.head.weights).max() > 0


def test_where_no_epoch_is_better_everything_stays_as_it_was(
    backbone: Backbone, tmp_path: Path
) -> None:
    """Validation images with the labels swapped keep backbone and head."""
    source = pixel_source()
    swapped = replace(source.samples, targets=source.samples.targets[:, ::-1].copy())
    head = Head(np.zeros((1280, 2), np.float32), np.array([0, 1], np.float32))
    validation = replace(source, samples=swapped)
    result = fine_tune(backbone, head, source, validation, replace(SETTINGS, epochs=1), tmp_path)
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


def test_class_weights_change_the_result(backbone: Backbone, tmp_path: Path) -> None:
    """Unbalanced classes give other weights with balanced class weights than without."""
    heads = [
        fine_tune(
            backbone,
            HEAD,
            pixel_source(),
            nothing(),
            replace(SETTINGS, epochs=1, class_weights=kind),
            tmp_path,
        ).head
        for kind in ("balanced", "none")
    ]
    assert not np.array_equal(heads[0].bias, heads[1].bias)


def test_a_backbone_without_variables_is_rejected() -> None:
    """The error names the backbones that can be fine-tuned."""
    with pytest.raises(SettingError, match="no variables that can be trained: set tfhub_module"):
        SETTINGS.check(small_backbone()[0])


def test_more_layers_than_blocks_are_rejected(backbone: Backbone) -> None:
    """The error says how many blocks there are."""
    with pytest.raises(SettingError, match="has 16 blocks, so 17 can't"):
        replace(SETTINGS, layers=17).check(backbone)


def test_a_whole_backbone_is_trained_if_asked_for(backbone: Backbone) -> None:
    """With `all`, the first convolution changes as well, as it doesn't with the last block."""
    images = np.random.default_rng(0).random((2, 224, 224, 3), np.float32)
    for layers, is_trained in (("all", True), (1, False)):
        network = TunedNetwork(backbone, HEAD_WITH_WEIGHTS, layers, 1e-3)  # type: ignore[arg-type]
        network.step(images, one_hot(np.array([0, 1]), 2), np.ones((2, 1), np.float32))
        before, after = (
            each.module.stem.kernel.numpy() for each in (backbone, network.backbone())
        )
        assert (not np.array_equal(before, after)) == is_trained


def test_mixed_precision_trains_about_the_same(backbone: Backbone) -> None:
    """Computed in bfloat16, the gradients point where those of float32 do."""
    images = np.random.default_rng(0).random((4, 224, 224, 3), np.float32)
    targets = one_hot(np.array([0, 1, 0, 1]), 2)
    moves = []
    for mixed in (False, True):
        network = TunedNetwork(backbone, HEAD_WITH_WEIGHTS, 1, 1e-3, mixed=mixed)
        network.step(images, targets, np.ones((4, 1), np.float32))
        moves.append(network.head().weights - HEAD_WITH_WEIGHTS.weights)
    assert not np.array_equal(moves[0], moves[1])
    assert (np.sign(moves[0]) == np.sign(moves[1])).mean() > 0.95


@pytest.mark.parametrize("kind", ["keras", "saved_model"])
def test_backbones_from_elsewhere_are_trained_as_a_whole(tmp_path: Path, kind: str) -> None:
    """A Keras file and a SavedModel learn, and what was loaded stays as it was."""
    backbone = load_backbone(str(save_trainable(tmp_path, kind)))
    images = np.random.default_rng(0).random((2, 16, 16, 3), np.float32)
    before = backbone.features(images)
    replace(SETTINGS, layers="all").check(backbone)
    weights = np.tile(np.array([1, -1], np.float32), (before.shape[1], 1))
    head = Head(weights, np.zeros(2, np.float32))
    network = TunedNetwork(backbone, head, "all", 1e-2)
    for _ in range(3):
        network.step(images, one_hot(np.array([0, 0]), 2), np.ones((2, 1), np.float32))
    tuned = network.backbone()
    assert tuned.digest != backbone.digest
    assert np.abs(tuned.features(images) - before).max() > 1e-3
    np.testing.assert_array_equal(backbone.features(images), before)
    with pytest.raises(
        SettingError, match=r"the blocks of .* are not known: set fine_tune_layers"
    ):
        SETTINGS.check(backbone)


def save_trainable(folder: Path, kind: str) -> Path:
    """Write a small backbone with variables that can be trained."""
    path = save_keras_network(folder / "net.keras")
    if kind == "keras":
        return path
    tf = tensorflow()
    module = load_backbone(str(path)).module
    outer = tf.Module()
    outer.inner = module
    spec = tf.TensorSpec([None, 16, 16, 3], tf.float32)
    outer.__call__ = tf.function(module.__call__, input_signature=[spec])
    tf.saved_model.save(outer, str(folder / "saved"))
    return folder / "saved"
