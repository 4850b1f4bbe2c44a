"""The images that a camera took before and after each image, on which its box depends."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofocus.boxes.box import Box
from autofocus.grouping.frames import Frame
from autofocus.grouping.locations import LocationPattern, locate
from autofocus.images.finding import find_images
from autofocus.images.preparing import Preparation
from autofocus.images.reading import read_image
from autofocus.localization.finding import BoxFinder, BoxSettings, ObjectDetector
from autofocus.predicting.detections import find_detections, to_numbers
from autofocus.predicting.headers import read_headers
from autofocus.runs.cameras import camera_folder
from autofocus.runs.workspace import Workspace

# The number of a detector's boxes that are recorded of an image.
_MOST_DETECTIONS = 50


@dataclass(frozen=True)
class Neighbours:
    """The box of each image, which depends on the other images of its camera.

    Attributes:
        finder: finds boxes.
        marks: size and time of change of each image's file, by its name.
    """

    finder: BoxFinder
    marks: dict[str, str]

    def box(self, name: str) -> Box:
        """Return the box of an image."""
        return self.finder.box(name)

    def record(self, name: str, box: Box) -> dict[str, Any]:
        """Return what to remember of an image and its box, as plain JSON values.

        Returns:
            The `box`; `around`, see `mark`; and with a detector `detections`, the numbers of its
            most confident boxes, and `detector_score`, the confidence of the best.
        """
        extra = {"box": box.to_json(), "around": self.mark(name)}
        score = self.finder.detector_score(name)
        if score is None:
            return extra
        detections = [to_numbers(one) for one in self.finder.detections(name)[:_MOST_DETECTIONS]]
        return {**extra, "detections": detections, "detector_score": score}

    def mark(self, name: str) -> str:
        """Return a digest of what an image's box depends on, besides the image.

        That is which neighbours it has, and their files' marks; and which of the detector's boxes
        come again and again at the location, which other images decide.
        """
        parts = [f"{other}|{self.marks[other]}" for other in self.finder.neighbours(name)]
        parts += [json.dumps(box.to_json()) for box in self.finder.detections(name)]
        return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def find_neighbours(
    indir: Path,
    names: Sequence[str],
    extensions: Collection[str],
    preparation: Preparation | None,
    settings: BoxSettings,
    pattern: LocationPattern,
    workspace: Workspace,
    jobs: int,
    detector: ObjectDetector | None = None,
) -> Neighbours:
    """Read date and time of all images in the cameras' folders of those to label.

    Only headers are read, and each file's only once: they are kept in the workspace. Where the
    detector is needed, its boxes in all of these images are found and kept as well.

    Args:
        indir: the folder below which the images are.
        names: the images to label; all others beside them are read, too.
        extensions: of image files.
        preparation: how to preprocess images before boxes are found; None for preprocessed ones.
        settings: what finds boxes.
        pattern: finds the location in a name, where a folder holds the frames of several.
        workspace: the stage's memory.
        jobs: the number of worker threads.
        detector: needed if the settings name one.
    """
    cameras = {camera_folder(name) for name in names}
    beside = find_images(indir, extensions, allow_empty=True)
    every = sorted({*names, *(name for name in beside if camera_folder(name) in cameras)})
    headers = list(read_headers(indir, every, workspace, jobs))
    frames = [Frame(header.name, header.name, header.moment) for header in headers]
    detections = (
        find_detections(
            indir, [frame.name for frame in frames], preparation, detector, workspace, jobs
        )
        if detector
        else {}
    )
    finder = BoxFinder(
        locate(frames, pattern),
        lambda name: read_image(indir / name, preparation).image,
        settings,
        detections=detections,
    )
    return Neighbours(finder, {header.name: header.mark for header in headers})
