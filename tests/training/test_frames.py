"""Claims about the frames that boxes are found in: training's boxes are those of prediction."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from autofocus.boxes.box import Box
from autofocus.features.crop import View
from autofocus.features.embedding_cache import EmbeddingCache
from autofocus.features.extraction import Extractor
from autofocus.grouping.locations import LocationPattern
from autofocus.images.facts import find_facts
from autofocus.images.reading import read_image
from autofocus.labels.classes import find_classes
from autofocus.localization.finding import BoxSettings
from autofocus.motion.settings import TIGHT
from autofocus.predicting.neighbours import find_neighbours
from autofocus.runs.files import digest_file
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Row
from autofocus.runs.workspace import Workspace
from autofocus.splits.dataset import Dataset, SplitSettings, make_dataset
from autofocus.splits.images import collect_images, read_origins
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.frames import DatasetFrames, FrameFiles
from tests.features.small import small_backbone
from tests.localization.bright import BrightDetector
from tests.training.cameras import FRAMES, PATTERN, draw, make_cameras


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """Prepared images of three cameras, of which a third has labels."""
    return make_cameras(tmp_path)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[Extractor, Workspace]]:
    backbone, _ = small_backbone()
    with (
        EmbeddingCache(tmp_path / "cache", "means", "0" * 64, 6) as cache,
        Workspace(tmp_path / "model", "retrain", {}) as workspace,
    ):
        yield Extractor(tmp_path / "links", backbone, cache, 2), workspace


def features(opened: tuple[Extractor, Workspace]) -> DatasetFeatures:
    """Return the features of the linked images, as retrain makes them."""
    extractor, workspace = opened
    data, files = read_dataset(extractor)
    frames = DatasetFrames(files, data.images, workspace, 2)
    return DatasetFeatures(data, extractor, detector=BrightDetector(), frames=frames)


def read_dataset(extractor: Extractor) -> tuple[Dataset, FrameFiles]:
    folder = extractor.image_dir
    classes, origins = find_classes(folder), read_origins(folder)
    outcomes = [
        Outcome(
            Row(name),
            {
                "digest": digest_file(folder / name),
                "facts": find_facts(read_image(folder / name)).to_json(),
            },
        )
        for name in classes.files
    ]
    images = collect_images(outcomes, classes.files, origins, LocationPattern(PATTERN))
    settings = SplitSettings(0, 0, location_pattern=PATTERN)
    data = make_dataset(classes.labels, images, settings)
    return data, FrameFiles(folder, classes.files, origins)


def trained(opened: tuple[Extractor, Workspace], view: View) -> dict[str, Box]:
    """Return the boxes that the images with labels have in training, by their originals."""
    source = features(opened)
    source.prepare(view, copies=False)
    found = {image.original: source.box(image, view) for image in source.dataset.images}
    return {name: box for name, box in found.items() if box is not None}


def predicted(folder: Path, names: Sequence[str], view: View, scratch: Path) -> dict[str, Box]:
    """Return the boxes that predict finds in images of a folder."""
    detector = BrightDetector() if view != "motion" else None
    settings = BoxSettings(
        TIGHT if view != "detector" else None, detector.settings if detector else None
    )
    with Workspace(scratch, "predict", {}) as workspace:
        neighbours = find_neighbours(
            folder,
            names,
            ("jpg",),
            None,
            settings,
            LocationPattern(PATTERN),
            workspace,
            2,
            detector,
        )
        return {name: neighbours.box(name) for name in names}


@pytest.mark.parametrize("view", ["motion", "detector", "combined"])
def test_training_finds_the_boxes_that_predict_finds(
    view: View, prepared: Path, opened: tuple[Extractor, Workspace], tmp_path: Path
) -> None:
    """They are the same in one run over all images, and in shards that hold whole cameras."""
    boxes = trained(opened, view)
    assert len(boxes) == FRAMES
    assert any(box.is_found for box in boxes.values())
    assert predicted(prepared, sorted(boxes), view, tmp_path / "whole") == boxes
    for camera in {name.split("/")[0] for name in boxes}:
        shard = tmp_path / "shards" / camera
        shutil.copytree(prepared / camera, shard / "images" / camera)
        own = {name: box for name, box in boxes.items() if name.startswith(f"{camera}/")}
        assert predicted(shard / "images", sorted(own), view, shard / "labels") == own


def test_a_stone_is_known_by_the_images_without_labels(
    prepared: Path, opened: tuple[Extractor, Workspace]
) -> None:
    """The detector's boxes come again in images that nobody labelled: no box is around them."""
    boxes = trained(opened, "detector")
    south = [box for name, box in boxes.items() if name.startswith("south")]
    assert [box.is_found for box in south] == [False] * 4
    (prepared / "image_properties.csv").unlink()
    (prepared / "preparation.json").unlink()
    boxes = trained(opened, "detector")
    assert all(box.is_found for name, box in boxes.items() if name.startswith("south"))


def test_another_image_of_a_camera_is_another_digest(
    prepared: Path, opened: tuple[Extractor, Workspace]
) -> None:
    """The frames' digest tells that boxes may be others; that of other cameras doesn't matter."""
    data, files = read_dataset(opened[0])

    def digest() -> str:
        return DatasetFrames(replace(files), data.images, opened[1], 2).digest

    before = digest()
    assert digest() == before
    draw(prepared / "west" / "1.JPG", 1, 0)
    assert digest() == before
    draw(prepared / "south" / "99.JPG", 1, 0, day=20)
    assert digest() != before
