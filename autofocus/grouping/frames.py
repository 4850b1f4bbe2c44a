"""An image as one frame among others: its camera, time, location and sequence."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Literal

from autofocus.runs.cameras import camera_folder

# What told a location: a column of a table, the pattern, or the folder of the image; empty if the
# location is unknown.
LocationSource = Literal["", "column", "pattern", "folder"]


@dataclass(frozen=True, slots=True)
class Frame:
    """An image, with what determines the others that it belongs with.

    Attributes:
        name: the caller's unique name for it.
        path: its path in the collection, with `/` between components.
        moment: the date and time by the camera's clock; None if unknown.
        location: where the camera stood; empty if unknown.
        original: the path of the original image, relative to the folder of the originals; empty
            if that is `path`.
        sequence: the sequence that a column of a table gives it; empty if none does.
        location_source: what told the location, from `locate`.
    """

    name: str
    path: str
    moment: datetime | None = None
    location: str = ""
    original: str = ""
    sequence: str = ""
    location_source: LocationSource = ""

    @property
    def camera(self) -> str:
        """The camera's folder: one folder is one deployment of one camera."""
        return _camera_of(self.path[: self.path.rfind("/") + 1])

    @property
    def original_path(self) -> str:
        """The path of the original image, relative to the folder of the originals."""
        return self.original or self.path


@lru_cache(maxsize=1 << 16)
def _camera_of(start: str) -> str:
    """Return the camera's folder of a path that begins with this, up to its last `/`."""
    folder = PurePosixPath(f"{start}name").parent.as_posix()
    return PurePosixPath(camera_folder(f"{folder}/")).as_posix()
