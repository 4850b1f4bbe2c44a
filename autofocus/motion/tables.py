"""The table of motion boxes of a folder of images, and drawings of them."""

import hashlib
import json
import unicodedata
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain, count, groupby
from operator import itemgetter
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, TypeVar

from PIL import Image

from autofocus.boxes.box import Box
from autofocus.boxes.drawing import draw_boxes
from autofocus.errors import RejectedImageError
from autofocus.grouping.frames import Frame
from autofocus.grouping.locations import LocationPattern, locate
from autofocus.images.reading import read_image
from autofocus.motion.finding import MotionFinder
from autofocus.motion.settings import MotionSettings
from autofocus.runs import files, marks
from autofocus.runs.csv_files import CsvReader, CsvWriter
from autofocus.runs.ledger import LEDGER_NAME
from autofocus.runs.outputs import check_folders_between
from autofocus.runs.parallel import ordered_map
from autofocus.runs.progress import Progress
from autofocus.runs.records import DamagedRecordError, read_record, write_record
from autofocus.runs.wording import plural
from autofocus.runs.workspace import Workspace, is_empty, mark_made
from autofocus.tables.columns import MOTION_BOXES, MOTION_BOXES_NAME, PROPERTIES_NAME

# Raised with every change that makes other boxes of the same images.
_RECIPE = "2"
R = TypeVar("R")


@dataclass(frozen=True)
class BoxSummary:
    """The boxes of a folder of images.

    Attributes:
        table: the table of boxes.
        found: the number of images with a box.
        images: the number of all images.
        what: what was detected.
    """

    table: Path
    found: int
    images: int
    what: str

    def __str__(self) -> str:
        """Return the result in words."""
        return (
            f"{self.what} detected in {self.found} of {plural(self.images, 'image')}; for the "
            "others the box is the whole frame"
        )


@dataclass(frozen=True)
class BoxMaker:
    """Detects motion in the images that `preprocess_images` made.

    Attributes:
        folder: the folder of the images and of `image_properties.csv`.
        workspace: the stage's memory.
        jobs: the number of worker threads.
        pattern: finds the location in a path, if a folder holds the frames of several.
        names: of all images that the stage was given, in order.
        drawings: the folder for copies with the boxes drawn on them; None: there are none.
    """

    folder: Path
    workspace: Workspace
    jobs: int
    pattern: LocationPattern
    names: Sequence[str]
    drawings: Path | None = None

    table_name: ClassVar[str] = MOTION_BOXES_NAME
    columns: ClassVar[tuple[str, ...]] = MOTION_BOXES
    # Of the record in the stage's memory.
    memory_name: ClassVar[str] = "motion.json"
    what: ClassVar[str] = "motion was"

    @property
    def outputs(self) -> list[Path]:
        """The paths of all files that may be written."""
        return [self._table, *self._drawing_paths.values()]

    @property
    def _table(self) -> Path:
        return self.folder / self.table_name

    @cached_property
    def _drawing_paths(self) -> dict[str, Path]:
        return drawing_paths(self.names, self.drawings) if self.drawings else {}

    def make(self) -> BoxSummary:
        """Write the table and the drawings, unless they were made of the same images before."""
        table, memory = self._table, self.workspace.folder / self.memory_name
        mark = self._mark()
        if not self._is_done(memory, mark):
            self.workspace.claim(self.outputs, self.folder / LEDGER_NAME)
            if self.drawings is not None and is_empty(self.drawings):
                mark_made(self.drawings)
            self._find(table)
            if self.drawings is not None:
                self.workspace.remove_others(self.drawings, self._drawing_paths.values())
            drawn = [path for path in self._drawing_paths.values() if path.is_file()]
            now = {
                "mark": mark,
                "table": marks.mark_of(table),
                "drawings": {self.workspace.name_of(path): marks.mark_of(path) for path in drawn},
            }
            write_record(memory, now, self.workspace.scratch)
        with CsvReader(table, ["filepath", "status"]) as reader:
            cells = itemgetter(*map(reader.columns.index, ("filepath", "status")))
            found, images = _count_found(map(cells, reader))
        return BoxSummary(table, found, images, self.what)

    def _is_done(self, memory: Path, mark: str) -> bool:
        """Tell whether table and drawings are intact, and were made of the same images."""
        try:
            earlier = read_record(memory, dict) or {}
        except DamagedRecordError:
            return False
        check = self.workspace.trust.check
        # Earlier versions recorded no drawings: they are made anew once.
        drawings = earlier.get("drawings", None if self.drawings else {})
        return (
            earlier.get("mark") == mark
            and drawings is not None
            and bool(check(self._table, earlier.get("table", marks.MISSING)))
            and all(check(self.workspace.root / name, one) for name, one in drawings.items())
        )

    def _mark(self) -> str:
        """Return a digest that changes with everything that the table depends on."""
        properties = files.digest_file(self.folder / PROPERTIES_NAME)
        parts = [
            _RECIPE, properties, self.describe(), self.pattern.text, str(self.drawings),
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def describe(self) -> dict[str, Any]:
        """Return the settings that boxes depend on."""
        return MotionSettings().to_json()

    def find(self, frames: Sequence[Frame]) -> Generator[tuple[Box, ...], None, None]:
        """Yield the boxes of each frame, or the whole frame."""
        finder = MotionFinder(frames, self.read)
        names = [frame.name for frame in frames]
        for box in self.follow("detecting motion", finder.box, names):
            yield (box,)

    def follow(self, what: str, work: Callable[[str], R], names: Sequence[str]) -> Iterator[R]:
        """Yield what worker threads return for each name, in order, and show the progress."""
        with Progress(what, len(names)) as progress:
            for result in ordered_map(work, names, self.jobs):
                yield result
                progress.advance()

    def _find(self, table: Path) -> None:
        frames = read_frames(self.folder / PROPERTIES_NAME, self.pattern)
        with (
            files.whole_file(table, self.workspace.scratch) as unfinished,
            CsvWriter(unfinished, self.columns) as writer,
            closing(self.find(frames)) as found,
        ):
            for frame, boxes in zip(frames, found, strict=True):
                for box in boxes:
                    writer.write(_row(frame.name, box))
                if self.drawings is not None:
                    self._draw(frame.name, boxes)

    def read(self, name: str) -> Image.Image:
        """Return a preprocessed image by its name."""
        return read_image(self.folder / name).image

    def _draw(self, name: str, boxes: Sequence[Box]) -> None:
        try:
            drawn = draw_boxes(self.read(name), boxes)
        except RejectedImageError:
            return
        with files.whole_file(self._drawing_paths[name], self.workspace.scratch) as unfinished:
            drawn.save(unfinished, "JPEG", quality=88)


def check_drawings(names: Sequence[str], folder: Path) -> None:
    """Check that drawings can be written into a folder.

    Args:
        names: paths of images, in order.
        folder: the folder of the drawings.

    Raises:
        OutputConflictError: a folder below it is a link.
    """
    for path in {path.parent: path for path in drawing_paths(names, folder).values()}.values():
        check_folders_between(folder, path)


def drawing_paths(names: Sequence[str], folder: Path) -> dict[str, Path]:
    """Return the path of the drawing of each image; no two are the same on any file system.

    Args:
        names: paths of images, in order.
        folder: the folder of the drawings.
    """
    paths: dict[str, Path] = {}
    taken: set[str] = set()
    for name in names:
        endings = (f".{number}.jpg" for number in count(2))
        options = (str(PurePosixPath(name).with_suffix(".jpg")), f"{name}.jpg")
        for option in chain(options, (name + ending for ending in endings)):
            if (folded := unicodedata.normalize("NFD", option).casefold()) not in taken:
                taken.add(folded)
                paths[name] = folder / option
                break
    return paths


def read_frames(properties: Path, pattern: LocationPattern) -> list[Frame]:
    """Return the images of `image_properties.csv` as frames, in the table's order."""
    columns = ("filepath", "date", "time")
    with CsvReader(properties, columns) as reader:
        cells = itemgetter(*map(reader.columns.index, columns))
        rows = map(cells, reader)
        frames = [Frame(path, path, _moment(date, time)) for path, date, time in rows]
    return locate(frames, pattern)


def _count_found(rows: Iterable[tuple[str, str]]) -> tuple[int, int]:
    """Return the number of images with a box, and that of all images.

    Args:
        rows: the image and the status of each box; those of an image follow each other.
    """
    found = images = 0
    for _, boxes in groupby(rows, itemgetter(0)):
        *_, (_, status) = boxes
        images += 1
        found += status != "whole_frame"
    return found, images


def _moment(date: str, time: str) -> datetime | None:
    return datetime.fromisoformat(f"{date}T{time}") if date and time else None


def _row(name: str, box: Box) -> Sequence[str | float | int]:
    return (
        name, box.left, box.top, box.width, box.height, box.score, box.frames, box.status,
        box.detail,
    )  # fmt: skip
