"""Computing the embeddings of images in batches, while worker threads decode."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from PIL import Image

from autofocus.boxes.box import Box
from autofocus.errors import InputDataError, RejectedImageError
from autofocus.features.backbones import Backbone
from autofocus.features.backbones.base import BATCH
from autofocus.features.crop import Crop
from autofocus.features.embedding_cache import EmbeddingStore, NoteStore
from autofocus.features.pixels import Pixels, to_batch
from autofocus.features.thumbnail_cache import ThumbnailCache
from autofocus.images.content import Content
from autofocus.images.facts import find_facts, is_current
from autofocus.images.reading import read_image
from autofocus.images.thumbnails import make_thumbnail, read_thumbnail
from autofocus.localization.cameras import Camera
from autofocus.localization.finding import Detections, ObjectDetector
from autofocus.motion.finding import MotionFinder
from autofocus.motion.settings import MotionSettings
from autofocus.runs import files
from autofocus.runs.batches import Pending
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Reason, Row, rejected
from autofocus.runs.making import Items
from autofocus.runs.parallel import ordered_map
from autofocus.runs.progress import Progress


@dataclass(frozen=True)
class _Decoded:
    """An image of which something is not in the caches.

    Attributes:
        outcome: of the image.
        notes: what was found, by its key.
        pixels: of the whole frame; None if its embedding is not needed, or known.
        thumbnail: as a JPEG file; None if it is not needed, or known.
    """

    outcome: Outcome
    notes: Mapping[str, str]
    pixels: Pixels | None
    thumbnail: bytes | None = None


@dataclass(frozen=True)
class Extractor:
    """Fills the cache with the embeddings, facts and boxes of images.

    Attributes:
        image_dir: the folder that the images' names are relative to.
        backbone: computes the embeddings.
        cache: stores them.
        jobs: the number of worker threads that decode.
        store: of facts and boxes, which are the same for all backbones; None: they are stored
            with the embeddings.
        whole_frames: whether the embedding of each whole frame is needed.
        detector: whose boxes are needed; None if they are not.
        thumbnails: stores the images' thumbnails; None if they are made when they are shown.
    """

    image_dir: Path
    backbone: Backbone
    cache: EmbeddingStore
    jobs: int
    store: NoteStore | None = None
    whole_frames: bool = True
    detector: ObjectDetector | None = None
    thumbnails: ThumbnailCache | None = None

    @property
    def notes(self) -> NoteStore:
        """Where facts and boxes are stored."""
        return self.store or self.cache

    def items(self, names: Sequence[str]) -> Items[str]:
        """Return the work to do for each image, all of it when it is decoded once.

        That is its facts, the detector's boxes, and the embedding of its whole frame, as far as
        they are needed. The outcomes' extra values are `digest` (of the content) and `facts`.

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
        content, stamp = _read(self.image_dir / name)
        digest = content.digest
        extra, facts = {**stamp, "digest": digest}, self._known_facts(digest)
        if facts and self._has_all(digest):
            return Outcome(Row(name), {**extra, "facts": facts})
        decoded = read_image(content)
        facts = find_facts(decoded).to_json()
        notes = {digest: facts}
        if self.detector is not None and not self._has_detections(digest):
            boxes = self.detector.detect(decoded.image)
            notes[_detections_key(self.detector, digest)] = _to_text(boxes)
        pixels = None
        if not self._has_frame(digest):
            pixels = Crop().pixels(decoded.image, self.backbone.image_size)
        thumbnail = None
        if not self._has_thumbnail(digest):
            thumbnail = make_thumbnail(decoded.image)
        outcome = Outcome(Row(name), {**extra, "facts": facts})
        return Pending(_Decoded(outcome, notes, pixels, thumbnail))

    def _known_facts(self, digest: str) -> str | None:
        # Earlier versions stored them with the embeddings.
        facts = self.notes.notes.get(digest) or self.cache.notes.get(digest)
        return facts if facts is not None and is_current(facts) else None

    def _has_all(self, digest: str) -> bool:
        """Return whether all is known that is found when an image is decoded once."""
        return (
            self._has_frame(digest)
            and self._has_detections(digest)
            and self._has_thumbnail(digest)
        )

    def _has_thumbnail(self, digest: str) -> bool:
        return self.thumbnails is None or digest in self.thumbnails.known

    def _has_frame(self, digest: str) -> bool:
        """Return whether the embedding of a whole frame is known, or is not needed."""
        return not self.whole_frames or digest in self.cache.known

    def _has_detections(self, digest: str) -> bool:
        """Return whether the detector's boxes are known, or are not needed."""
        detector = self.detector
        return detector is None or _detections_key(detector, digest) in self.notes.notes

    def _is_whole(self, name: str, earlier: Outcome) -> bool:
        path, digest = self.image_dir / name, earlier.extra.get("digest", "")
        if not files.is_unchanged(path, earlier.extra) or not is_current(earlier.extra["facts"]):
            return False
        return self._has_all(digest)

    def _complete(self, batch: Sequence[_Decoded]) -> Sequence[Outcome]:
        new = {one.outcome.extra["digest"]: one.pixels for one in batch if one.pixels is not None}
        if new:
            features = self.backbone.features(to_batch(list(new.values())))
            self.cache.put(list(new), features)
        self.notes.put_notes({key: text for one in batch for key, text in one.notes.items()})
        if self.thumbnails is not None:
            made = ((one.outcome.extra["digest"], one.thumbnail) for one in batch)
            self.thumbnails.put({digest: jpeg for digest, jpeg in made if jpeg is not None})
        return [one.outcome for one in batch]

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
            raise _changed(path, error) from None

    def thumbnail(self, name: str) -> bytes:
        """Return the thumbnail of an image, as a JPEG file.

        Raises:
            RejectedImageError: the image can't be read (any more).
        """
        return read_thumbnail(self.image_dir / name)

    def boxes(
        self, cameras: Iterable[Camera], settings: MotionSettings, number: int
    ) -> dict[str, Box]:
        """Return the box around motion in each image, see `find_motion`."""
        found: dict[str, Box] = {}
        self.find_motion(
            cameras, settings, number, lambda images, box: found.update(dict.fromkeys(images, box))
        )
        return found

    def find_motion(
        self,
        cameras: Iterable[Camera],
        settings: MotionSettings,
        number: int,
        put: Callable[[Sequence[str], Box], None],
    ) -> None:
        """Find the box around motion in each image, from the cache if it is there.

        Args:
            cameras: the frames that images are compared with.
            settings: how motion is detected.
            number: of images, for the progress bar.
            put: is called with the images of each frame, and their box.
        """

        def missing(progress: Progress) -> Iterator[Missing]:
            for camera in cameras:
                finder = MotionFinder(camera.frames, camera.read, settings)
                # In the order in which they were taken: each is read once for its neighbours.
                for name in finder.names:
                    if images := camera.images.get(name, ()):
                        key = _box_key(finder, name, camera.digests)
                        text = self.notes.notes.get(key)
                        if text is None:
                            yield Missing(key, partial(_motion_text, finder, name), images)
                        else:
                            put(images, Box.from_json(json.loads(text)))
                            progress.advance(len(images))

        with Progress("finding motion", number) as progress:
            for one, text in self._complete_notes(missing(progress)):
                put(one.images, Box.from_json(json.loads(text)))
                progress.advance(len(one.images))

    def find_detections(
        self, detector: ObjectDetector, cameras: Iterable[Camera], number: int
    ) -> None:
        """Find the detector's boxes in all frames of cameras, unless they are in the cache.

        Args:
            detector: finds them.
            cameras: the frames.
            number: of images, for the progress bar.
        """

        def missing(progress: Progress) -> Iterator[Missing]:
            for camera in cameras:
                for name, digest in camera.digests.items():
                    key, images = _detections_key(detector, digest), camera.images.get(name, ())
                    if key in self.notes.notes:
                        progress.advance(len(images))
                    else:
                        yield Missing(key, partial(_detect, detector, camera, name), images)

        with Progress("detecting animals", number) as progress:
            for one, _ in self._complete_notes(missing(progress)):
                progress.advance(len(one.images))

    def detections(self, detector: ObjectDetector, camera: Camera) -> dict[str, Detections]:
        """Return the detector's boxes in each frame of a camera; they must have been found.

        Args:
            detector: that has found them.
            camera: the frames.
        """
        texts = (
            (name, self.notes.notes[_detections_key(detector, digest)])
            for name, digest in camera.digests.items()
        )
        return {name: tuple(map(Box.from_json, json.loads(text))) for name, text in texts}

    def _complete_notes(self, missing: Iterable["Missing"]) -> Iterator[tuple["Missing", str]]:
        """Find what is missing in worker threads, note it, and yield it with its text."""
        found = ordered_map(lambda one: (one, one.find()), missing, self.jobs)
        while batch := list(islice(found, BATCH)):
            self.notes.put_notes({one.key: text for one, text in batch})
            yield from batch


@dataclass(frozen=True)
class Missing:
    """What is not in the notes.

    Attributes:
        key: of the note.
        find: returns its text.
        images: that need it.
    """

    key: str
    find: Callable[[], str]
    images: Sequence[str]


def _changed(path: Path, error: RejectedImageError) -> InputDataError:
    return InputDataError(
        f"{path} has changed or is gone since it was first read ({error.detail}): "
        "start again, and it will be listed as rejected."
    )


def _motion_text(finder: MotionFinder, name: str) -> str:
    return json.dumps(finder.box(name).to_json())


def _detect(detector: ObjectDetector, camera: Camera, name: str) -> str:
    try:
        return _to_text(detector.detect(camera.read(name)))
    except RejectedImageError as error:
        if error.reason in (Reason.IMAGE_MISSING, Reason.UNREADABLE):
            raise _changed(camera.folder / camera.file(name), error) from None
        # Its header could be read: it is a frame in which nothing is found, as in `predict`.
        return _to_text(())


def _detections_key(detector: ObjectDetector, digest: str) -> str:
    return f"detections {json.dumps(detector.settings.to_json(), sort_keys=True)} {digest}"


def _to_text(boxes: Sequence[Box]) -> str:
    return json.dumps([box.to_json() for box in boxes])


def _read(path: Path) -> tuple[Content, dict[str, Any]]:
    """Return the content of a file, its size and its modification time.

    Raises:
        RejectedImageError: there is no such file (any more), or it can't be read.
    """
    try:
        # Reading a pipe would block.
        if path.exists() and not path.is_file():
            raise RejectedImageError(Reason.UNREADABLE, "no plain file")
        # The stamp first: a file that changes meanwhile is read again by the next run.
        stamp = files.stamp(path)
        return Content.of_file(path), stamp
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
