"""The event of each image to label."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autofocus.grouping.event_names import name_event
from autofocus.grouping.events import NONE, find_events
from autofocus.model.decision import Prediction
from autofocus.predicting.sequences import (
    Outcomes,
    chunks,
    to_moment,
    to_seconds,
)
from autofocus.runs.cameras import camera_folder
from autofocus.runs.journal import Outcome


@dataclass(frozen=True)
class ImageEvents:
    """The events of N images. Only two numbers are kept per image.

    Attributes:
        places: the location or the folder of each stream, and its label; a stream is the images
            of one camera and location with the same label.
        streams: the number of each image's stream, -1 for an image of none, shape (N,).
        starts: when each image's event began, in seconds, shape (N,).
    """

    places: Sequence[tuple[str, str]]
    streams: NDArray[np.int32]
    starts: NDArray[np.int64]

    def name(self, index: int) -> str:
        """Return the name of an image's event; empty if it belongs to none."""
        stream = int(self.streams[index])
        if stream == NONE:
            return ""
        place, label = self.places[stream]
        return name_event(place, label, to_moment(int(self.starts[index])))


def find_image_events(
    outcomes: Outcomes,
    predict: Callable[[Sequence[Outcome]], Sequence[Prediction]],
    locations: Sequence[str],
    gap_s: float,
) -> ImageEvents:
    """Find the events among the images with a label and a time.

    Args:
        outcomes: of all images.
        predict: returns the predictions for readable images.
        locations: of the same images; empty for one that is unknown.
        gap_s: the maximum pause within an event, in seconds.
    """
    numbers: dict[tuple[str, str, str], int] = {}
    # At once, as arrays that grow leave gaps in memory.
    streams = array("i", bytes(len(locations) * array("i").itemsize))
    seconds = array("q", bytes(len(locations) * array("q").itemsize))
    rows = zip(locations, _labelled(outcomes, predict), strict=True)
    for index, (location, (name, moment, label)) in enumerate(rows):
        if not (moment and label):
            streams[index] = NONE
            continue
        key = (camera_folder(name), location, label)
        streams[index] = numbers.setdefault(key, len(numbers))
        seconds[index] = to_seconds(moment)
    stream_array, starts = np.asarray(streams), np.asarray(seconds)
    places = [(location or folder, label) for folder, location, label in numbers]
    find_events(stream_array, starts, gap_s, into=starts)
    return ImageEvents(places, stream_array, starts)


def _labelled(
    outcomes: Outcomes, predict: Callable[[Sequence[Outcome]], Sequence[Prediction]]
) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the time and the label of each image; empty where there is none."""
    for chunk in chunks(outcomes()):
        readable = [outcome for outcome in chunk if outcome.row.reason is None]
        predictions = iter(predict(readable))
        for outcome in chunk:
            is_readable = outcome.row.reason is None
            label = next(predictions).label if is_readable else ""
            yield outcome.row.input, outcome.extra.get("moment", ""), label
