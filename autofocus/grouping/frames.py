"""A photograph as one frame among others: which camera took it, when and where."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Frame:
    """What tells which photographs a photograph belongs with.

    Attributes:
        name: how the caller calls it; no two frames share one.
        path: where it lies in its collection, with `/` between parts.
        moment: when it was taken, by the camera's clock; None where that isn't told.
        location: the place where the camera stood; empty where that isn't known.
    """

    name: str
    path: str
    moment: datetime | None = None
    location: str = ""

    @property
    def camera(self) -> str:
        """The folder that it lies in: one folder is one deployment of one camera."""
        return PurePosixPath(self.path).parent.as_posix()
