"""Events: the images that a camera took of the same label, without a long pause.

As usual in camera-trap studies, images of one species at one location are independent visits if
more than half an hour lies between them (O'Brien et al. 2003, Animal Conservation 6).
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

# The number of an image that belongs to no event.
NONE = -1
# The events of so many images, and of the rest of a stream, are found at a time.
_IMAGES = 100_000


def find_events(
    streams: NDArray[np.integer],
    seconds: NDArray[np.int64],
    gap_s: float,
    *,
    into: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Return when the event of each image began.

    An image belongs to the event of the previous image of its stream if it was taken at most
    `gap_s` seconds later.

    Args:
        streams: the number of each image's stream, shape (N,): images of one stream have the same
            camera, location and label; -1 for an image that belongs to no event.
        seconds: when each image was taken, shape (N,).
        gap_s: the maximum pause within an event, in seconds.
        into: where the result is written, which may be `seconds`; by default a new array.

    Returns:
        The time of the first image of each image's event, in seconds, shape (N,); -1 for an image
        that belongs to no event.
    """
    starts = np.empty(len(streams), np.int64) if into is None else into
    starts[streams == NONE] = NONE
    for first, last in _groups(streams):
        rows = np.flatnonzero((streams >= first) & (streams <= last))
        starts[rows] = _starts(streams[rows], seconds[rows], gap_s)
    return starts


def _groups(streams: NDArray[np.integer]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last number of some streams at a time, for the sake of memory."""
    sizes = np.zeros(int(streams.max(initial=NONE)) + 1, np.intp)
    for start in range(0, len(streams), _IMAGES):
        part = streams[start : start + _IMAGES]
        sizes += np.bincount(part[part != NONE], minlength=len(sizes))
    first = images = 0
    for stream, size in enumerate(sizes.tolist()):
        images += size
        if images >= _IMAGES or stream == len(sizes) - 1:
            yield first, stream
            first, images = stream + 1, 0


def _starts(
    streams: NDArray[np.integer], seconds: NDArray[np.int64], gap_s: float
) -> NDArray[np.int64]:
    """Return when the event of each image began; each is of a stream."""
    order = np.lexsort((seconds, streams))
    taken = seconds[order]
    begins = np.ones(len(order), bool)
    begins[1:] = (np.diff(streams[order]) != 0) | (np.diff(taken) > gap_s)
    first = np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))
    starts = np.empty(len(order), np.int64)
    starts[order] = taken[first]
    return starts
