"""The images of a folder of embeddings, and the frames that boxes are found in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from autofocus.grouping.frames import Frame
from autofocus.grouping.locations import LocationPattern, locate
from autofocus.localization.cameras import Camera
from autofocus.runs.cameras import camera_folder


@dataclass(frozen=True, slots=True)
class EmbeddedImage:
    """An image as the table of the images lists it.

    Attributes:
        name: its path, relative to the folder of the prepared images.
        digest: the SHA-256 of its content; empty if not even its header can be read.
        moment: date and time; None if unknown.
        reason: why it was rejected; empty if it was not.
        detail: what is wrong with it.
    """

    name: str
    digest: str
    moment: datetime | None
    reason: str = ""
    detail: str = ""

    def to_row(self) -> tuple[str, ...]:
        """Return the image's row of the table of the images."""
        moment = self.moment.isoformat() if self.moment else ""
        return self.name, self.digest, moment, self.reason, self.detail

    @property
    def frame(self) -> Frame:
        """The image as one of its camera's."""
        return Frame(self.name, self.name, self.moment)


@dataclass(frozen=True)
class FolderFrames:
    """The frames of all images of a folder, which are those that `predict` has.

    Attributes:
        folder: of the images.
        images: those whose headers can be read.
    """

    folder: Path
    images: tuple[EmbeddedImage, ...]

    @property
    def number(self) -> int:
        """The number of images whose boxes are needed."""
        return sum(not image.reason for image in self.images)

    def cameras(self, pattern: LocationPattern) -> Iterator[Camera]:
        """Yield the frames of one camera after another.

        Args:
            pattern: finds the location in a name, where a folder holds the frames of several.
        """
        for group in by_camera(self.images):
            yield Camera(
                self.folder,
                "",
                tuple(locate([image.frame for image in group], pattern)),
                {image.name: image.digest for image in group},
                {image.name: (image.name,) for image in group if not image.reason},
            )


def by_camera(images: Iterable[EmbeddedImage]) -> Iterator[tuple[EmbeddedImage, ...]]:
    """Yield the images of each camera's folder, sorted by their names."""
    ordered = sorted(images, key=lambda image: (camera_folder(image.name), image.name))
    for _, group in groupby(ordered, key=lambda image: camera_folder(image.name)):
        yield tuple(group)
