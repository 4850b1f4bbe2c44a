"""Claims about the features of images, by what is looked at."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autofocus.boxes.box import Box
from autofocus.features.crop import Crop
from autofocus.features.distortions import Distortions
from autofocus.features.embedding_cache import EmbeddingCache
from autofocus.features.extraction import Extractor
from autofocus.splits.subsets import Subset
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.feature_rows import load
from tests.features.small import Means, dataset, small_backbone

MOVED = Box(0.5, 0.0, 0.5, 1.0, 0.4, 5, "motion")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[tuple[DatasetFeatures, Means]]:
    """Features of photographs whose light half is what tells their class."""
    backbone, means = small_backbone()
    data = dataset(tmp_path / "images")
    with EmbeddingCache(tmp_path / "cache", "means", "0" * 64, 6) as cache:
        yield DatasetFeatures(data, Extractor(tmp_path / "images", backbone, cache, 2)), means


def put_boxes(monkeypatch: pytest.MonkeyPatch, boxes: dict[str, Box]) -> None:
    """Let these be the boxes around motion."""

    def find(_: Extractor, *given: Any) -> None:
        *_others, put = given
        for name, box in boxes.items():
            put((name,), box)

    monkeypatch.setattr(Extractor, "find_motion", find)


def test_a_second_look_computes_nothing(made: tuple[DatasetFeatures, Means]) -> None:
    """Each picture goes through the backbone once, however often its features are asked for."""
    source, means = made
    source.prepare("full")
    before = means.seen
    source.prepare("full")
    assert before == means.seen > 0


def test_a_mirrored_copy_has_the_halves_the_other_way_round(
    made: tuple[DatasetFeatures, Means],
) -> None:
    """The copies stand behind the images, and an image and its copy weigh as one."""
    source, _ = made
    source = replace(source, distortions=Distortions(flip_left_right=True), copies=4)
    source.prepare("full")
    training = source.dataset.subset(Subset.TRAINING)
    samples = source.samples(training, "full", copies=True)
    number = len(training)
    assert len(samples) == 2 * number
    np.testing.assert_allclose(
        load(samples.features)[number:],
        load(samples.features)[:number][:, [3, 4, 5, 0, 1, 2]],
        atol=0.02,
    )
    np.testing.assert_array_equal(samples.targets[number:], samples.targets[:number])
    assert samples.weights.sum() == pytest.approx(number)


def test_what_is_tested_is_never_distorted(made: tuple[DatasetFeatures, Means]) -> None:
    """Copies are made of training images only."""
    source, _ = made
    source = replace(source, distortions=Distortions(random_brightness=20), copies=3)
    source.prepare("full")
    training = len(source.dataset.subset(Subset.TRAINING))
    assert len(source.extractor.cache.known) == 24 + 3 * training


def test_both_views_stand_side_by_side(
    made: tuple[DatasetFeatures, Means], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The frame's features come first, then those of what moved, or the frame's once more."""
    source = replace(made[0], shape=None)
    boxes = {image.name: MOVED for image in source.dataset.images}
    still = source.dataset.used[0].image.name
    boxes[still] = Box(detail="nothing moved")
    put_boxes(monkeypatch, boxes)
    source.prepare("both")
    images = source.dataset.used
    vectors = source.features(images, "both")
    assert vectors.shape == (24, 12)
    np.testing.assert_array_equal(vectors[:, :6], source.features(images, "full"))
    np.testing.assert_array_equal(vectors[:, 6:], source.features(images, "motion"))
    np.testing.assert_array_equal(vectors[0, :6], vectors[0, 6:])
    # The right half alone: both halves of the crop are as light as it.
    np.testing.assert_allclose(vectors[1:, 6], vectors[1:, 3], atol=0.05)
    assert source.count_boxes("both") == {"motion": 23, "whole_frame": 1}


def test_weights_by_motion_keep_classes_alike(
    made: tuple[DatasetFeatures, Means], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a class more motion counts more; a class in which little moves counts no less."""
    source, _ = made
    source = replace(source, weight_by_motion=True)
    boxes = {
        image.name: replace(MOVED, score=(0.9 if image.labels == ("left",) else 0.01))
        for image in source.dataset.images
    }
    first = source.dataset.used[0].image.name
    boxes[first] = replace(MOVED, score=0.3)
    put_boxes(monkeypatch, boxes)
    source.prepare("full")
    images = source.dataset.used
    weights = source.samples(images, "full").weights
    left = np.array([row.image.label == "left" for row in images])
    assert weights[0] < 0.5
    assert weights[left].mean() == pytest.approx(weights[~left].mean(), abs=0.05)


def test_keys_tell_boxes_apart_and_a_whole_frame_is_the_frame() -> None:
    """Another box is another crop; without motion nothing is computed twice."""
    assert Crop(MOVED).key("d") != Crop(replace(MOVED, left=0.4)).key("d")
    assert Crop(MOVED).key("d") == Crop(replace(MOVED, score=0.9)).key("d")
    assert Crop(Box()).key("d") == "d"
