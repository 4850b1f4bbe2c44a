"""The images that a camera took before and after each image, to detect motion."""

import hashlib
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autofocus.boxes.box import Box
from autofocus.errors import RejectedImageError
from autofocus.grouping.frames import Frame
from autofocus.grouping.locations import LocationPattern, locate
from autofocus.images.capture import READING, is_read
from autofocus.images.decoding import read_start
from autofocus.images.finding import check_name, find_images
from autofocus.images.preparing import Preparation
from autofocus.images.reading import read_image, read_moment
from autofocus.motion.finding import MotionFinder
from autofocus.motion.settings import MotionSettings
from autofocus.runs import files
from autofocus.runs.cameras import camera_folder
from autofocus.runs.journal import Journal, Outcome
from autofocus.runs.ledger import Reason, Row, rejected
from autofocus.runs.parallel import ordered_map
from autofocus.runs.progress import Progress
from autofocus.runs.workspace import Workspace


@dataclass(frozen=True)
class Neighbours:
    """Motion in each image, compared with the images that its camera took before and after.

    Attributes:
        finder: detects motion.
        marks: size and time of change of each image's file, by its name.
    """

    finder: MotionFinder
    marks: dict[str, str]

    def box(self, name: str) -> Box:
        """Return the box around motion in an image."""
        return self.finder.box(name)

    def mark(self, name: str) -> str:
        """Return a digest of which neighbours an image has, and of their files' marks."""
        parts = (f"{other}|{self.marks[other]}" for other in self.finder.neighbours(name))
        return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def find_neighbours(
    indir: Path,
    names: Sequence[str],
    extensions: Collection[str],
    preparation: Preparation | None,
    settings: MotionSettings,
    pattern: LocationPattern,
    workspace: Workspace,
    jobs: int,
) -> Neighbours:
    """Read date and time of all images in the cameras' folders of those to label.

    Only headers are read, and each file's only once: they are kept in the workspace.

    Args:
        indir: the folder below which the images are.
        names: the images to label; all others beside them are read, too.
        extensions: of image files.
        preparation: how to preprocess images before motion is detected; None for preprocessed
            ones.
        settings: how motion is detected.
        pattern: finds the location in a name, where a folder holds the frames of several.
        workspace: the stage's memory.
        jobs: the number of worker threads.
    """
    cameras = {camera_folder(name) for name in names}
    beside = find_images(indir, extensions, allow_empty=True)
    every = sorted({*names, *(name for name in beside if camera_folder(name) in cameras)})
    headers = _read_headers(indir, every, workspace, jobs)
    frames = [
        Frame(name, name, datetime.fromisoformat(moment) if moment else None)
        for name, moment, _ in headers
    ]
    finder = MotionFinder(
        locate(frames, pattern), lambda name: read_image(indir / name, preparation).image, settings
    )
    return Neighbours(finder, {name: mark for name, _, mark in headers})


def _read_headers(
    indir: Path, names: Sequence[str], workspace: Workspace, jobs: int
) -> list[tuple[str, str, str]]:
    """Return name, moment and mark of each image whose header can be read."""
    folder, account = workspace.folder / "headers", workspace.scratch / "headers"
    folder.mkdir(exist_ok=True)
    headers = []
    with (
        closing(Journal(folder)) as journal,
        account.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file,
        Progress("reading headers", len(names)) as progress,
    ):
        tasks = ((indir, name, journal.earlier(name)) for name in names)
        for outcome, is_fresh in ordered_map(_read_header, tasks, jobs):
            if is_fresh:
                journal.append(outcome)
            file.write(outcome.to_line())
            progress.advance()
            if outcome.row.reason is None:
                extra = outcome.extra
                mark = f"{extra['bytes']}|{extra['modified_ns']}"
                headers.append((outcome.row.input, str(extra["moment"]), mark))
    journal.finish(account)
    return headers


def _read_header(task: tuple[Path, str, Outcome | None]) -> tuple[Outcome, bool]:
    indir, name, earlier = task
    path = indir / name
    if earlier is not None and files.is_unchanged(path, earlier.extra) and is_read(earlier.extra):
        return earlier, False
    try:
        check_name(name)
        read_start(path)
        # The stamp first: a file that changes meanwhile is read again by the next run.
        stamp = files.stamp(path)
        extra = {**stamp, "moment": read_moment(path), "reading": READING}
        return Outcome(Row(name), extra), True
    except RejectedImageError as error:
        return Outcome(rejected(name, error.reason, error.detail)), True
    except FileNotFoundError:
        return Outcome(rejected(name, Reason.IMAGE_MISSING, "there is no such file")), True
