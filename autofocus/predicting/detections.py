"""The detector's boxes in all images of the cameras' folders, found once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from autofocus.boxes.box import Box
from autofocus.errors import RejectedImageError
from autofocus.images import trims
from autofocus.images.integrity.damage import is_checked, record_check
from autofocus.images.preparing import Preparation
from autofocus.images.reading import read_image
from autofocus.localization.finding import Detections, ObjectDetector
from autofocus.localization.from_file import FileDetector
from autofocus.predicting.passes import pass_over
from autofocus.runs import files
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Reason, Row, rejected
from autofocus.runs.workspace import Workspace

# The numbers of a box that are kept.
_NUMBERS = ("left", "top", "width", "height", "score")


def find_detections(
    indir: Path,
    names: Sequence[str],
    preparation: Preparation | None,
    detector: ObjectDetector,
    workspace: Workspace,
    jobs: int,
) -> Mapping[str, Detections]:
    """Return the detector's boxes in each image that can be read.

    They are kept in the workspace, and found anew only if the image or the detector has changed.
    A few numbers per image are in memory, however many there are.

    Args:
        indir: the folder below which the images are.
        names: of the images, sorted.
        preparation: how to preprocess them; None for preprocessed ones.
        detector: finds boxes.
        workspace: the stage's memory.
        jobs: the number of worker threads.
    """
    if isinstance(detector, FileDetector):
        return {name: detector.boxes[name] for name in names}
    work = _Detection(indir, preparation, detector)
    outcomes = pass_over(names, work, workspace, "detections", "detecting animals", jobs)
    return {
        outcome.row.input: tuple(map(to_box, outcome.extra["boxes"]))
        for outcome in outcomes
        if outcome.row.reason is None
    }


def to_numbers(box: Box) -> list[float]:
    """Return the numbers of a detector's box: its edges and its score."""
    return [getattr(box, number) for number in _NUMBERS]


def to_box(numbers: Sequence[float]) -> Box:
    """Return the box of which `to_numbers` returned the numbers."""
    left, top, width, height, score = numbers
    return Box(left, top, width, height, score, status="detector")


@dataclass(frozen=True)
class _Detection:
    """Finds the boxes in an image, unless they are known."""

    indir: Path
    preparation: Preparation | None
    detector: ObjectDetector

    def __call__(self, name: str, earlier: Outcome | None) -> tuple[Outcome, bool]:
        if earlier is not None and self._is_whole(self.indir / name, earlier):
            return earlier, False
        try:
            return self._detect(name), True
        except RejectedImageError as error:
            return Outcome(rejected(name, error.reason, error.detail)), True
        except FileNotFoundError:
            return Outcome(rejected(name, Reason.IMAGE_MISSING, "there is no such file")), True

    @cached_property
    def _by(self) -> list[Any]:
        """What made the boxes; which camera's pixels are cropped is recorded by image."""
        prepared = self.preparation.to_json() if self.preparation else {}
        prepared.pop("cameras", None)
        return [self.detector.settings.to_json(), prepared]

    def _is_whole(self, path: Path, earlier: Outcome) -> bool:
        extra = earlier.extra
        return (
            files.is_unchanged(path, extra)
            and extra.get("by") == self._by
            and (self.preparation is None or is_checked(extra))
            and trims.is_same_trim(self.preparation, extra)
        )

    def _detect(self, name: str) -> Outcome:
        path = self.indir / name
        # The stamp first: a file that changes meanwhile is read again by the next run.
        extra = {**files.stamp(path), "by": self._by}
        decoded = read_image(path, self.preparation)
        extra |= record_check()
        if self.preparation is not None:
            extra |= trims.record(self.preparation, decoded.capture.camera_make, decoded)
        boxes = self.detector.detect(decoded.image)
        extra["boxes"] = list(map(to_numbers, boxes))
        return Outcome(Row(name), extra)
