"""An image as one frame among others: its camera, time and location."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Frame:
    """An image, with what determines the others that it belongs with.

    Attributes:
        name: the caller's unique name for it.
        path: its path in the collection, with `/` between components.
        moment: the date and time by the camera's clock; None if unknown.
        location: where the camera stood; empty if unknown.
    """

    name: str
    path: str
    moment: datetime | None = None
    location: str = ""

    @property
    def camera(self) -> str:
        """The folder of the image: one folder is one deployment of one camera."""
        return PurePosixPath(self.path).parent.as_posix()
