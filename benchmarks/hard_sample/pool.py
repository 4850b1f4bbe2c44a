"""The hard sample as a data set of the training: its features are computed once and kept."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autofocus.features.backbones import load_backbone
from autofocus.features.embedding_cache import EmbeddingCache
from autofocus.features.extraction import Extractor
from autofocus.grouping.frames import Frame
from autofocus.grouping.sequences import find_sequences
from autofocus.images.facts import find_facts
from autofocus.images.reading import read_image
from autofocus.runs.parallel import cores, ordered_map
from autofocus.splits.dataset import Dataset, SplitSettings
from autofocus.splits.images import Image
from autofocus.splits.split import Assignment, Split
from autofocus.splits.subsets import Subset
from benchmarks.hard_sample.making import HardImage, HardSample, make_hard_sample
from benchmarks.hard_sample.plan import HardSettings

BACKBONE = "efficientnet-lite0"


@dataclass(frozen=True)
class Pool:
    """Images at many locations, of which training sets are drawn.

    Attributes:
        sample: the images and what they really show.
        dataset: all images, in the training subset, grouped by location.
        extractor: computes features and boxes, and keeps them in the sample's folder.
    """

    sample: HardSample
    dataset: Dataset
    extractor: Extractor

    @property
    def locations(self) -> list[str]:
        """The names of all locations, sorted."""
        return sorted({row.group for row in self.dataset.rows})

    def rows_at(self, locations: Collection[str]) -> tuple[Assignment, ...]:
        """Return the images of some locations."""
        chosen = frozenset(locations)
        return tuple(row for row in self.dataset.rows if row.group in chosen)


@contextmanager
def open_pool(folder: Path, settings: HardSettings) -> Iterator[Pool]:
    """Make the hard sample in a folder, unless it is there, and yield it as a data set."""
    sample = make_hard_sample(folder, settings)
    images = list(ordered_map(lambda each: _image(sample, each), sample.images, cores()))
    backbone = load_backbone(BACKBONE)
    with EmbeddingCache(
        folder / "features", backbone.name, backbone.digest, backbone.feature_size
    ) as cache:
        extractor = Extractor(sample.image_dir, backbone, cache, cores())
        yield Pool(sample, dataset_of(images), extractor)


def dataset_of(images: Sequence[Image]) -> Dataset:
    """Return images as a data set, all in the training subset and grouped by location."""
    sequences = find_sequences([image.frame for image in images])
    rows = tuple(
        Assignment(
            image, sequences[image.name], image.frame.location, Subset.TRAINING, "benchmark"
        )
        for image in images
    )
    labels = tuple(sorted({image.label for image in images}))
    return Dataset(labels, Split(rows, "location"), SplitSettings(0, 0))


def _image(sample: HardSample, each: HardImage) -> Image:
    path = sample.image_dir / each.filepath
    facts = find_facts(read_image(path))
    below = each.filepath.partition("/")[2]
    taken = datetime.fromisoformat(each.taken)
    frame = Frame(each.filepath, below, taken, each.location, location_source="pattern")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Image(frame, (each.filepath,), (each.label,), digest, facts)
