"""The row that every format is made of: an image and what is known of it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from autofocus.runs.cameras import camera_folder

OK = "ok"
ACCEPT, REVIEW = "accept", "review"
HUMAN, MACHINE = "human", "machine"


@dataclass(frozen=True, slots=True)
class Box:
    """A box in shares of the original image, from its top left corner.

    Attributes:
        left: the left edge, 0 to 1.
        top: the top edge, 0 to 1.
        width: 0 to 1.
        height: 0 to 1.
    """

    left: float
    top: float
    width: float
    height: float

    @property
    def values(self) -> tuple[float, float, float, float]:
        """Left, top, width and height."""
        return self.left, self.top, self.width, self.height


WHOLE = Box(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class ExportRow:
    """An image, its labels and what else is known of it.

    Attributes:
        filepath: as in the table.
        original: the path of the original image relative to the folder of originals, with `/`.
        labels: its labels; several only where the table has several.
        score: the probability of the label, 0 to 1; None where people labelled.
        status: `ok`, or why the image could not be used.
        decision: `accept`, `review`, or empty without thresholds.
        method: who labelled, `human` or `machine`.
        moment: date and time by the camera's clock, without a time zone; None if unknown.
        date: YYYY-MM-DD, also where the time is unknown; may be empty.
        location: may be empty.
        sequence: may be empty.
        event: may be empty.
        night: `1`, `0` or empty.
        camera: make and model; may be empty.
        second_label: may be empty.
        second_score: None if unknown.
        review_reason: may be empty.
        split: `train`, `validation`, `test` or empty.
        model: the first digits of the model's digest; may be empty.
        box: None if unknown.
        detections: all boxes of a detector and their scores, the most confident first.
        size: width and height of the original in pixels; None if unknown.
        count: the number of individuals, where it is known.
        probabilities: of all labels, by label; empty if the table has none.
    """

    filepath: str
    original: str
    labels: tuple[str, ...] = ()
    score: float | None = None
    status: str = OK
    decision: str = ""
    method: str = MACHINE
    moment: datetime | None = None
    date: str = ""
    location: str = ""
    sequence: str = ""
    event: str = ""
    night: str = ""
    camera: str = ""
    second_label: str = ""
    second_score: float | None = None
    review_reason: str = ""
    split: str = ""
    model: str = ""
    box: Box | None = None
    detections: tuple[tuple[Box, float], ...] = ()
    size: tuple[int, int] | None = None
    count: int | None = None
    probabilities: tuple[tuple[str, float], ...] = ()

    @property
    def name(self) -> str:
        """The file's name."""
        return PurePosixPath(self.original).name

    @property
    def folder(self) -> str:
        """The folder of the original; empty for the folder of originals itself."""
        return self.original.rpartition("/")[0]

    @property
    def camera_folder(self) -> str:
        """The folder of the camera, without those that cameras make by themselves."""
        return camera_folder(self.original)

    @property
    def label(self) -> str:
        """The labels as one text."""
        return "; ".join(self.labels)

    @property
    def ranking(self) -> tuple[tuple[str, float], ...]:
        """Labels and their probabilities, most probable first; empty where people labelled."""
        if self.probabilities:
            return tuple(sorted(self.probabilities, key=lambda one: -one[1]))
        if self.score is None:
            return ()
        first = tuple((label, self.score) for label in self.labels)
        if self.second_label and self.second_score is not None:
            return (*first, (self.second_label, self.second_score))
        return first
