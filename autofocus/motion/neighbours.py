"""The other frames of its camera that a frame is compared with."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from autofocus.grouping.frames import Frame


class Neighbourhood:
    """The frames of all cameras in the order in which they were taken.

    Frames of one folder with different locations are of different cameras.

    Args:
        frames: of any cameras, in any order.
        number: the maximum number of neighbours of a frame.
    """

    def __init__(self, frames: Sequence[Frame], number: int) -> None:
        self._number = number
        self._rows: list[tuple[str, ...]] = []
        self._places: dict[str, tuple[int, int]] = {}
        # Frames without a time follow the others, in the order of their names.
        ordered = sorted(
            frames,
            key=lambda f: (*_camera(f), f.moment is None, f.moment or datetime.min, f.path),
        )
        for _, group in groupby(ordered, key=_camera):
            row = tuple(frame.name for frame in group)
            self._places.update((name, (len(self._rows), at)) for at, name in enumerate(row))
            self._rows.append(row)

    @property
    def names(self) -> tuple[str, ...]:
        """The frames camera by camera, in the order in which they were taken."""
        return tuple(name for row in self._rows for name in row)

    def of(self, name: str) -> tuple[str, ...]:
        """Return the neighbours, the nearest first: as many from before as from after.

        Near the first or last frame, more are taken from the other side.
        """
        number, place = self._places[name]
        row = self._rows[number]
        start = max(0, min(place - self._number // 2, len(row) - self._number - 1))
        window = range(start, min(len(row), start + self._number + 1))
        return tuple(
            row[at] for at in sorted(window, key=lambda at: (abs(at - place), at)) if at != place
        )


def _camera(frame: Frame) -> tuple[str, str]:
    return frame.camera, frame.location
