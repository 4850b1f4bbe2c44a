"""The frames of a camera, in which the boxes of its images are found.

A box must not depend on what only training knows, such as the columns of tables or which images
have labels. So its frames are all images of the camera's folder that can be read, with date and
time of the images themselves, and with locations by the pattern alone: those that `predict` has.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PIL.Image import Image as Picture

from autofocus.grouping.frames import Frame
from autofocus.grouping.locations import LocationPattern
from autofocus.images.reading import read_image


@dataclass(frozen=True, slots=True)
class Camera:
    """All frames of one camera's folder.

    Attributes:
        folder: the folder that the frames' files are relative to.
        prefix: what the path of each file begins with, before the frame's name; empty, or with a
            `/` at its end.
        frames: with their locations.
        digests: the SHA-256 of each frame's content, by its name.
        images: the images whose boxes are needed, by the name of their frame.
    """

    folder: Path
    prefix: str
    frames: tuple[Frame, ...]
    digests: Mapping[str, str]
    images: Mapping[str, tuple[str, ...]]

    def file(self, name: str) -> str:
        """Return the path of a frame's file, relative to the folder."""
        return self.prefix + name

    def read(self, name: str) -> Picture:
        """Read a frame.

        Raises:
            RejectedImageError: it can't be read.
        """
        return read_image(self.folder / self.file(name)).image


class Frames(Protocol):
    """The frames that the boxes of images are found in."""

    @property
    def number(self) -> int:
        """The number of images whose boxes are needed."""

    @property
    def digest(self) -> str:
        """A digest of the names and contents of all frames."""

    def cameras(self, pattern: LocationPattern) -> Iterable[Camera]:
        """Yield the frames of one camera after another, so that few are in memory.

        Args:
            pattern: finds the location in a name, where a folder holds the frames of several.
        """
