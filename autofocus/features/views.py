"""What the classifier looks at: the whole frame, the square around what moved, distorted copies.

Each is a picture of its own for the backbone, with a feature vector of its own in the cache.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from autofocus.features.backbones import Backbone
from autofocus.features.backbones.base import BATCH
from autofocus.features.embedding_cache import EmbeddingCache as Bottlenecks
from autofocus.features.loading import read, to_batch, to_pixels
from autofocus.motion.boxes import Box
from autofocus.motion.finding import MotionFinder
from autofocus.runs.parallel import ordered_map
from autofocus.runs.progress import Progress

# Makes the backbone's pixels of a picture.
Drawing = Callable[[Image.Image, tuple[int, int]], NDArray[np.uint8]]


@dataclass(frozen=True)
class Picture:
    """Something that the backbone is to look at.

    Attributes:
        key: under which its feature vector is kept.
        name: the image's path relative to the image folder.
        box: the part of it; None for all.
        draw: makes the pixels of that part.
    """

    key: str
    name: str
    box: Box | None = None
    draw: Drawing = to_pixels


def crop_key(digest: str, box: Box) -> str:
    """Return under which key the feature vector of a part of an image is kept."""
    if box.status != "motion":
        return digest
    part = f"{digest}|{box.left}|{box.top}|{box.width}|{box.height}"
    return hashlib.sha256(part.encode()).hexdigest()


@dataclass(frozen=True)
class Viewer:
    """Makes sure that the cache holds what is asked for.

    Attributes:
        image_dir: the folder that names are relative to.
        backbone: makes feature vectors.
        cache: keeps them.
        jobs: threads that decode.
    """

    image_dir: Path
    backbone: Backbone
    cache: Bottlenecks
    jobs: int

    def ensure(self, pictures: Iterable[Picture], what: str) -> None:
        """Compute the feature vectors that are not in the cache yet.

        Args:
            pictures: what to look at.
            what: how to call it in the progress bar.
        """
        missing = {one.key: one for one in pictures if one.key not in self.cache.known}
        if not missing:
            return
        with Progress(what, len(missing)) as progress:
            drawn = ordered_map(self._draw, missing.values(), self.jobs)
            while batch := list(islice(drawn, BATCH)):
                features = self.backbone.features(to_batch([pixels for _, pixels in batch]))
                self.cache.put([key for key, _ in batch], features)
                progress.advance(len(batch))

    def _draw(self, picture: Picture) -> tuple[str, NDArray[np.uint8]]:
        image = read(self.image_dir / picture.name)
        if picture.box is not None:
            image = picture.box.crop(image)
        return picture.key, picture.draw(image, self.backbone.image_size)

    def boxes(self, finder: MotionFinder, digests: dict[str, str]) -> dict[str, Box]:
        """Return what moved in each image; it is found once, and kept in the cache.

        Args:
            finder: knows all frames.
            digests: of the images' contents, by name.
        """
        keys = {name: _box_key(finder, name, digests) for name in digests}
        missing = [name for name, key in keys.items() if key not in self.cache.notes]
        if missing:
            with Progress("finding motion", len(missing)) as progress:
                found = zip(missing, ordered_map(finder.box, missing, self.jobs), strict=True)
                while batch := list(islice(found, BATCH)):
                    self.cache.put_notes(
                        {keys[name]: json.dumps(box.to_json()) for name, box in batch}
                    )
                    progress.advance(len(batch))
        return {
            name: Box.from_json(json.loads(self.cache.notes[key])) for name, key in keys.items()
        }


def _box_key(finder: MotionFinder, name: str, digests: dict[str, str]) -> str:
    parts: list[Any] = [finder.settings.to_json(), digests[name]]
    parts += [digests[neighbour] for neighbour in finder.neighbours(name)]
    return "box " + hashlib.sha256(repr(parts).encode()).hexdigest()


def stack(cache: Bottlenecks, keys: Sequence[Sequence[str]]) -> NDArray[np.float32]:
    """Return feature vectors side by side.

    Args:
        cache: holds them.
        keys: for each of V views, the keys of N images.

    Returns:
        Shape (N, V · D).
    """
    return np.concatenate([cache.get(view) for view in keys], axis=1)
