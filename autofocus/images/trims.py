"""How many pixels to crop from the images of each camera, detected in the images themselves.

Cameras are told apart by manufacturer and image size. Only a sample of the images is read, which
depends on their names alone, so that the same folder always gives the same numbers.
"""

import os
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image

from autofocus.errors import RejectedImageError
from autofocus.images import videos
from autofocus.images.capture import read_capture
from autofocus.images.decoding import decode, open_image
from autofocus.images.footers import BandHeight, Bands, find_height, measure_bands
from autofocus.images.names import AUTO
from autofocus.images.preparing import CameraTrim, Preparation
from autofocus.images.reading import DecodedImage
from autofocus.runs import files
from autofocus.runs.parallel import ordered_map
from autofocus.runs.progress import Progress
from autofocus.runs.video_names import FrameName, parse_frame
from autofocus.runs.wording import plural

# From each folder the headers of so many images are read, or of this share if that is more.
_HEADERS, _HEADERS_SHARE = 40, 0.04
# The number of images of a camera whose footers are measured.
_MEASURED = 24
# The key under which it is remembered how an image was cropped.
_RECORD = "trim"
# The number of images from which on what they show is certain.
_CERTAIN = 3

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Camera:
    """What tells cameras apart.

    Attributes:
        make: the manufacturer in the EXIF data; empty if unknown.
        width: of the upright images, in pixels.
        height: of the upright images, in pixels.
    """

    make: str
    width: int
    height: int

    def __str__(self) -> str:
        """Return make and size for people."""
        return f"{self.make or 'unknown make'} {self.width} x {self.height}"


@dataclass(frozen=True)
class CameraBands:
    """The bands in the images of a camera.

    Attributes:
        camera: the camera.
        bottom: the footer.
        top: the band at the top.
    """

    camera: Camera
    bottom: BandHeight
    top: BandHeight

    @property
    def is_certain(self) -> bool:
        """Whether enough images can tell."""
        return min(self.bottom.of, self.top.of) >= _CERTAIN

    def __str__(self) -> str:
        """Return a sentence for people."""
        sides = f"{self.bottom.rows} rows at the bottom, {self.top.rows} at the top"
        images = f"{self.bottom.images} of {plural(self.bottom.of, 'image')}"
        return f"{self.camera}: {sides} ({images})"


@dataclass(frozen=True)
class Source:
    """Original images, and the footers that are measured in them.

    Attributes:
        folder: the folder that names are relative to.
        frame_rate: frames per second, if names may stand for frames of videos; else 0.
    """

    folder: Path
    frame_rate: float = 0.0

    @contextmanager
    def original(self, name: str) -> Iterator[Path]:
        """Yield the file of an image, which for a frame is the video."""
        yield self._file(name)

    def stamp(self, name: str) -> dict[str, int] | None:
        """Return the stamp of an image's file; None if there is none."""
        return files.find_stamp(self._file(name))

    def stamp_text(self, name: str) -> str:
        """Return the stamp of an image's file as a text, for millions of images in a row.

        Raises:
            OSError: there is no such file.
        """
        path = os.fspath(self._file(name)) if self.frame_rate else f"{self.folder}/{name}"
        return files.stamp_text(path)

    def _file(self, name: str) -> Path:
        frame = self._frame(name)
        return self.folder / (name if frame is None else frame.video)

    def camera(self, name: str) -> Camera | None:
        """Return an image's camera from its header; None if the image can't be used."""
        try:
            if frame := self._frame(name):
                read = videos.read_frame(self.folder / frame.video, frame.number, self.frame_rate)
                return Camera(read.capture.camera_make, read.width, read.height)
            with self.original(name) as path, open_image(path) as opened:
                make = read_capture(opened.image).camera_make
                return Camera(make, opened.width, opened.height)
        except RejectedImageError:
            return None

    def bands(self, name: str) -> Bands | None:
        """Measure an image's bands; None if the image can't be used."""
        try:
            return measure_bands(self._pixels(name))
        except RejectedImageError:
            return None

    def _pixels(self, name: str) -> Image.Image:
        if frame := self._frame(name):
            path = self.folder / frame.video
            return videos.read_frame(path, frame.number, self.frame_rate).image
        with self.original(name) as path, open_image(path) as opened:
            return decode(opened)[0]

    def _frame(self, name: str) -> FrameName | None:
        return parse_frame(name) if self.frame_rate else None


def find_cameras(source: Source, names: Sequence[str], jobs: int) -> dict[Camera, list[str]]:
    """Return the cameras in a sample of the images, and each one's images in the sample.

    Args:
        source: the images.
        names: all images, sorted.
        jobs: the number of worker threads.
    """
    chosen = sample_folders(names)
    cameras: dict[Camera, list[str]] = defaultdict(list)
    found = _with_progress("read headers", source.camera, chosen, jobs)
    for name, camera in zip(chosen, found, strict=True):
        if camera is not None:
            cameras[camera].append(name)
    return dict(
        sorted(cameras.items(), key=lambda item: (item[0].make, item[0].width, item[0].height))
    )


def measure_cameras(
    source: Source, cameras: dict[Camera, list[str]], jobs: int
) -> list[CameraBands]:
    """Measure the bands of cameras in a sample of their images.

    Args:
        source: the images.
        cameras: the images of each camera.
        jobs: the number of worker threads.
    """
    chosen = [
        (camera, name) for camera, names in cameras.items() for name in spread(names, _MEASURED)
    ]
    by_camera: dict[Camera, list[Bands]] = {camera: [] for camera in cameras}
    measured = _with_progress("detect footers", source.bands, [name for _, name in chosen], jobs)
    for (camera, _), bands in zip(chosen, measured, strict=True):
        if bands is not None:
            by_camera[camera].append(bands)
    return [
        CameraBands(
            camera,
            bottom=find_height([one.bottom for one in bands]),
            top=find_height([one.top for one in bands]),
        )
        for camera, bands in by_camera.items()
    ]


def complete(
    preparation: Preparation, source: Source, names: Sequence[str], jobs: int
) -> tuple[Preparation, tuple[str, ...]]:
    """Detect what is to be cropped from images of cameras that a preparation does not list.

    Args:
        preparation: how images are prepared; unless it is automatic, nothing is done.
        source: the images.
        names: all images, sorted.
        jobs: the number of worker threads.

    Returns:
        The preparation with the cameras that were found, and a note on each of them.
    """
    if not preparation.is_auto or not names:
        return preparation, ()
    cameras = find_cameras(source, names, jobs)
    unknown = {
        camera: images
        for camera, images in cameras.items()
        if preparation.find_listed(camera.make, camera.width, camera.height) is None
    }
    measured = measure_cameras(source, unknown, jobs)
    certain = [bands for bands in measured if bands.is_certain]
    completed = add(preparation, certain)
    # What few images show is no match for what the make's other cameras show.
    doubtful = [
        bands
        for bands in measured
        if not bands.is_certain
        and completed.find(bands.camera.make, bands.camera.width, bands.camera.height) is None
    ]
    notes = tuple(f"footer detected in images of {bands}" for bands in (*certain, *doubtful))
    return add(completed, doubtful), notes


def add(preparation: Preparation, measured: Sequence[CameraBands]) -> Preparation:
    """Return a preparation with the numbers of further cameras, in the order of their names."""
    found = [to_trim(bands, preparation) for bands in measured]
    cameras = sorted((*preparation.cameras, *found), key=lambda one: one.camera)
    return replace(preparation, cameras=tuple(cameras))


def record(preparation: Preparation, make: str, decoded: DecodedImage) -> dict[str, Any]:
    """Return what to remember of an image, to know later whether it would be cropped as it was.

    Args:
        preparation: how images are prepared.
        make: the camera's manufacturer.
        decoded: the image.

    Returns:
        Plain JSON values; nothing where all cameras are treated in the same way.
    """
    if not preparation.cameras and not preparation.is_auto:
        return {}
    camera = [make, decoded.width, decoded.height]
    cropped = preparation.for_camera(make, decoded.width, decoded.height)
    return {_RECORD: [*camera, cropped.trim_bottom, cropped.trim_top]}


def is_same_trim(preparation: Preparation | None, earlier: Mapping[str, Any]) -> bool:
    """Return whether an image would be cropped as it was.

    Args:
        preparation: how images are prepared; None if they are used as they are.
        earlier: what was remembered of the image; see `record`.
    """
    if preparation is None or _RECORD not in earlier:
        return True
    make, width, height, *numbers = earlier[_RECORD]
    cropped = preparation.for_camera(make, width, height)
    return bool(numbers == [cropped.trim_bottom, cropped.trim_top])


def to_trim(bands: CameraBands, preparation: Preparation) -> CameraTrim:
    """Return the pixels to crop: detected where a preparation is automatic, else its numbers."""
    top, bottom = preparation.trim_top, preparation.trim_bottom
    camera = bands.camera
    return CameraTrim(
        camera.make,
        bands.bottom.rows if bottom == AUTO else bottom,
        bands.top.rows if top == AUTO else top,
        camera.width,
        camera.height,
    )


def sample_folders(names: Sequence[str]) -> list[str]:
    """Return images from all folders, evenly spread over the names of each."""
    # Places among the names take a tenth of the memory.
    folders: dict[str, array[int]] = defaultdict(lambda: array("q"))
    for place, name in enumerate(names):
        folders[name.rpartition("/")[0]].append(place)
    return [
        names[place]
        for images in folders.values()
        for place in spread(images, max(_HEADERS, int(len(images) * _HEADERS_SHARE)))
    ]


def spread(items: Sequence[T], number: int) -> list[T]:
    """Return at most so many items, evenly spread."""
    if len(items) <= number:
        return list(items)
    return [items[index * len(items) // number] for index in range(number)]


def _with_progress(
    what: str, work: Callable[[str], R], names: Sequence[str], jobs: int
) -> list[R]:
    results = []
    with Progress(what, len(names)) as progress:
        for result in ordered_map(work, names, jobs):
            results.append(result)
            progress.advance()
    return results
