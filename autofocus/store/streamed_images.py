"""Original images that arrive in memory, for the stage that prepares them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from autofocus.images import trims
from autofocus.images.capture import READING
from autofocus.images.footers import Band, Bands
from autofocus.runs import files
from autofocus.runs.records import DamagedRecordError, read_record, write_record
from autofocus.store.streaming import Stream

# Raised when other numbers are measured in the same images.
_MEASURING = 1
_RECIPE = [_MEASURING, READING]


class Sample:
    """What was found in the images in which footers are detected, so that none comes twice.

    Args:
        path: of the record in the stage's memory.
        scratch: a folder for unfinished files.
    """

    def __init__(self, path: Path, scratch: Path) -> None:
        self._path = path
        self._scratch = scratch
        self._earlier = _read(path)
        self._known: dict[str, Any] = {}
        self._is_saved = True

    def find(self, what: str, version: list[str | int]) -> Any:
        """Return the value that was found in an image; raise KeyError if there is none.

        Args:
            what: the image, and what was looked for.
            version: of the image.
        """
        kept_version, value = self._known.get(what) or self._earlier[what]
        if kept_version != version:
            raise KeyError(what)
        self._known[what] = [version, value]
        return value

    def keep(self, what: str, version: list[str | int], value: Any) -> None:
        """Keep what was found in an image."""
        self._known[what] = [version, value]
        self._is_saved = False

    def save(self) -> None:
        """Write what is known of the present sample into the record, if that has changed."""
        if not self._is_saved:
            record = {"recipe": _RECIPE, "images": dict(sorted(self._known.items()))}
            write_record(self._path, record, self._scratch)
            self._is_saved = True


def _read(path: Path) -> dict[str, Any]:
    try:
        record = read_record(path, dict) or {}
    except DamagedRecordError:
        return {}
    images = record.get("images")
    return images if record.get("recipe") == _RECIPE and isinstance(images, dict) else {}


@dataclass(frozen=True, kw_only=True)
class StreamedImages(trims.Source):
    """Images of a stream, and those that are files in the folder.

    Attributes:
        stream: the objects.
        prefix: what precedes an image's name in its key.
        decoding: held while an image is read, so that only so many are decoded at once while
            others arrive.
        sample: what is known of the images in which footers are detected.
    """

    stream: Stream
    prefix: str
    decoding: BoundedSemaphore
    sample: Sample

    @contextmanager
    def original(self, name: str) -> Iterator[Path]:
        """Yield the file of an image, which may be in memory.

        Raises:
            RejectedImageError: it could not be fetched.
            StoreError: no object can be fetched any more.
        """
        key = self.prefix + name
        if key in self.stream:
            with self.stream.open(key) as path, self.decoding:
                yield path
        else:
            with self.decoding, super().original(name) as path:
                yield path

    def stamp(self, name: str) -> dict[str, int] | None:
        """Return the stamp of an image's file; None if there is none, or it has not arrived."""
        key = self.prefix + name
        return self.stream.stamp(key) if key in self.stream else super().stamp(name)

    def stamp_text(self, name: str) -> str:
        """Return the stamp of an image's file as a text.

        Raises:
            OSError: there is no such file, or it has not arrived.
        """
        key = self.prefix + name
        if key not in self.stream:
            return super().stamp_text(name)
        stamp = self.stream.stamp(key)
        if stamp is None:
            raise FileNotFoundError(key)
        return files.text_of_stamp(stamp)

    def camera(self, name: str) -> trims.Camera | None:
        """Return an image's camera from its header; None if the image can't be used."""

        def read() -> list[str | int] | None:
            camera = super(StreamedImages, self).camera(name)
            return [camera.make, camera.width, camera.height] if camera else None

        values = self._sampled("camera", name, read)
        return trims.Camera(*values) if values else None

    def bands(self, name: str) -> Bands | None:
        """Measure an image's bands; None if the image can't be used."""

        def measure() -> list[list[int | None]] | None:
            bands = super(StreamedImages, self).bands(name)
            sides = (bands.top, bands.bottom) if bands else None
            return [[side.rows, side.paper] for side in sides] if sides else None

        values = self._sampled("bands", name, measure)
        return Bands(*(Band(*side) for side in values)) if values else None

    def _sampled(self, what: str, name: str, find: Callable[[], Any]) -> Any:
        key = self.prefix + name
        if key not in self.stream:
            return find()
        version, what = self.stream.version(key), f"{what} {key}"
        try:
            return self.sample.find(what, version)
        except KeyError:
            value = find()
        if key not in self.stream.lost:
            self.sample.keep(what, version, value)
        return value
