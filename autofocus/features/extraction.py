"""Computing the embeddings of images in batches, while worker threads decode."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from PIL import Image

from autofocus.boxes.box import Box
from autofocus.errors import InputDataError, RejectedImageError
from autofocus.features.backbones import Backbone
from autofocus.features.backbones.base import BATCH
from autofocus.features.crop import Crop
from autofocus.features.embedding_cache import EmbeddingCache
from autofocus.features.pixels import Pixels, to_batch
from autofocus.images.facts import find_facts, is_current
from autofocus.images.reading import read_image
from autofocus.localization.finding import Detections, ObjectDetector
from autofocus.motion.finding import MotionFinder
from autofocus.runs import files
from autofocus.runs.items import Items, Pending
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Reason, Row, rejected
from autofocus.runs.parallel import ordered_map
from autofocus.runs.progress import Progress


@dataclass(frozen=True)
class _Decoded:
    """An image whose embedding is not in the cache."""

    outcome: Outcome
    pixels: Pixels


@dataclass(frozen=True)
class Extractor:
    """Fills the cache with the embeddings, facts and boxes of images.

    Attributes:
        image_dir: the folder that the images' names are relative to.
        backbone: computes the embeddings.
        cache: stores them.
        jobs: the number of worker threads that decode.
    """

    image_dir: Path
    backbone: Backbone
    cache: EmbeddingCache
    jobs: int

    def items(self, names: Sequence[str]) -> Items[str]:
        """Return the work to do for each image: the embedding of its whole frame.

        The outcomes' extra values are `digest` (of the content) and `facts`.

        Args:
            names: relative to `image_dir`.
        """
        return Items(
            names,
            name=str,
            work=self._work,
            is_whole=self._is_whole,
            extra={"digest": str},
            complete=self._complete,
            batch=BATCH,
        )

    def _work(self, name: str) -> Outcome | Pending:
        try:
            return self._extract(name)
        except RejectedImageError as error:
            return Outcome(rejected(name, error.reason, error.detail))

    def _extract(self, name: str) -> Outcome | Pending:
        path = self.image_dir / name
        extra = _identify(path)
        digest = extra["digest"]
        facts = self.cache.notes.get(digest)
        if digest in self.cache.known and facts is not None and is_current(facts):
            return Outcome(Row(name), {**extra, "facts": facts})
        decoded = read_image(path)
        outcome = Outcome(Row(name), {**extra, "facts": find_facts(decoded).to_json()})
        return Pending(_Decoded(outcome, Crop().pixels(decoded.image, self.backbone.image_size)))

    def _is_whole(self, name: str, earlier: Outcome) -> bool:
        path = self.image_dir / name
        if not files.is_unchanged(path, earlier.extra) or not is_current(earlier.extra["facts"]):
            return False
        return earlier.extra.get("digest") in self.cache.known

    def _complete(self, batch: Sequence[_Decoded]) -> Sequence[Outcome]:
        features = self.backbone.features(to_batch([image.pixels for image in batch]))
        extras = [image.outcome.extra for image in batch]
        self.cache.put([extra["digest"] for extra in extras], features)
        self.cache.put_notes({extra["digest"]: extra["facts"] for extra in extras})
        return [image.outcome for image in batch]

    def extract(self, crops: Mapping[str, tuple[str, Crop]], label: str) -> None:
        """Compute the embeddings of crops, unless they are in the cache.

        Args:
            crops: the image's name and the crop, by the crop's key.
            label: for the progress bar.
        """
        missing = {key: crop for key, crop in crops.items() if key not in self.cache.known}
        if not missing:
            return
        with Progress(label, len(missing)) as progress:
            drawn = ordered_map(self._draw, missing.items(), self.jobs)
            while batch := list(islice(drawn, BATCH)):
                features = self.backbone.features(to_batch([pixels for _, pixels in batch]))
                self.cache.put([key for key, _ in batch], features)
                progress.advance(len(batch))

    def _draw(self, item: tuple[str, tuple[str, Crop]]) -> tuple[str, Pixels]:
        key, (name, crop) = item
        return key, crop.pixels(self.read(name), self.backbone.image_size)

    def read(self, name: str) -> Image.Image:
        """Read an image that could be read before, when its row of the ledger was written.

        Raises:
            InputDataError: it can't be read any more.
        """
        path = self.image_dir / name
        try:
            return read_image(path).image
        except RejectedImageError as error:
            raise InputDataError(
                f"{path} has changed or is gone since it was first read ({error.detail}): "
                "start again, and it will be listed as rejected."
            ) from None

    def boxes(self, finder: MotionFinder, digests: Mapping[str, str]) -> dict[str, Box]:
        """Return the box around motion in each image, from the cache if it is there.

        Args:
            finder: detects motion; it knows all frames.
            digests: the SHA-256 of each image's content, by its name.
        """
        keys = {name: _box_key(finder, name, digests) for name in digests}
        found = self._remember(keys, lambda name: finder.box(name).to_json(), "finding motion")
        return {name: Box.from_json(values) for name, values in found.items()}

    def detections(
        self, detector: ObjectDetector, digests: Mapping[str, str]
    ) -> dict[str, Detections]:
        """Return the detector's boxes in each image, from the cache if they are there.

        Args:
            detector: finds them.
            digests: the SHA-256 of each image's content, by its name.
        """
        prefix = "detections " + json.dumps(detector.settings.to_json(), sort_keys=True)
        keys = {name: f"{prefix} {digest}" for name, digest in digests.items()}
        found = self._remember(
            keys,
            lambda name: [box.to_json() for box in detector.detect(self.read(name))],
            "detecting animals",
        )
        return {name: tuple(map(Box.from_json, boxes)) for name, boxes in found.items()}

    def _remember(
        self, keys: Mapping[str, str], find: Callable[[str], Any], label: str
    ) -> dict[str, Any]:
        """Return a JSON value for each image: from the notes, or what `find` returns of it."""
        missing = [name for name, key in keys.items() if key not in self.cache.notes]
        if missing:
            with Progress(label, len(missing)) as progress:
                values = zip(missing, ordered_map(find, missing, self.jobs), strict=True)
                while batch := list(islice(values, BATCH)):
                    self.cache.put_notes({keys[name]: json.dumps(one) for name, one in batch})
                    progress.advance(len(batch))
        return {name: json.loads(self.cache.notes[key]) for name, key in keys.items()}


def _identify(path: Path) -> dict[str, Any]:
    """Return the digest of a file's content, its size and its modification time.

    Raises:
        RejectedImageError: there is no such file (any more), or it can't be read.
    """
    try:
        # Reading a pipe would block.
        if path.exists() and not path.is_file():
            raise RejectedImageError(Reason.UNREADABLE, "no plain file")
        # The stamp first: a file that changes meanwhile is read again by the next run.
        return {**files.stamp(path), "digest": files.digest_file(path)}
    except FileNotFoundError:
        detail = (
            "a link to a file that is not there" if path.is_symlink() else "there is no such file"
        )
        raise RejectedImageError(Reason.IMAGE_MISSING, detail) from None
    except OSError as error:
        raise RejectedImageError(Reason.UNREADABLE, error.strerror or str(error)) from None


def _box_key(finder: MotionFinder, name: str, digests: Mapping[str, str]) -> str:
    parts: list[Any] = [finder.settings.to_json(), digests[name]]
    parts += [digests[neighbour] for neighbour in finder.neighbours(name)]
    return "box " + hashlib.sha256(repr(parts).encode()).hexdigest()
