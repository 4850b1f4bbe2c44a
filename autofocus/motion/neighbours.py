"""Which other frames of its camera a frame is compared with."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from autofocus.grouping.frames import Frame


class Neighbourhood:
    """Knows the frames of all cameras in the order in which they were taken.

    Frames of one folder that bear different locations are of different cameras.

    Args:
        frames: of any cameras, in any order.
        number: how many neighbours a frame has at most.
    """

    def __init__(self, frames: Sequence[Frame], number: int) -> None:
        self._number = number
        self._rows: list[tuple[str, ...]] = []
        self._places: dict[str, tuple[int, int]] = {}
        # Frames without a moment stand behind the others, in the order of their names.
        ordered = sorted(
            frames,
            key=lambda f: (*_camera(f), f.moment is None, f.moment or datetime.min, f.path),
        )
        for _, group in groupby(ordered, key=_camera):
            row = tuple(frame.name for frame in group)
            self._places.update((name, (len(self._rows), at)) for at, name in enumerate(row))
            self._rows.append(row)

    def of(self, name: str) -> tuple[str, ...]:
        """Return the frames nearest in order, the nearest first, as many before as after.

        Near an end of the row, more of the other side take their place.
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
