"""The table of what moved on the photographs of a folder, and drawings of it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from pathlib import Path

from PIL import Image

from autofocus.grouping.frames import Frame
from autofocus.grouping.locations import LocationPattern, fill_in
from autofocus.images.decoding import RejectedImageError
from autofocus.images.reading import read_image
from autofocus.motion.boxes import Box
from autofocus.motion.drawing import draw_box
from autofocus.motion.finding import MotionFinder
from autofocus.motion.settings import MotionSettings
from autofocus.runs import files
from autofocus.runs.csv_files import CsvReader, CsvWriter
from autofocus.runs.parallel import ordered_map
from autofocus.runs.progress import Progress
from autofocus.tables.columns import MOTION_BOXES, MOTION_BOXES_NAME, PROPERTIES_NAME


@dataclass(frozen=True)
class BoxesMade:
    """What was made of a folder of photographs.

    Attributes:
        table: with a row for each photograph.
        moved: on how many something moved.
        photographs: how many there are.
    """

    table: Path
    moved: int
    photographs: int

    def __str__(self) -> str:
        """Return in words what was found."""
        return (
            f"something moved on {self.moved} of {self.photographs} photographs; the others are "
            "looked at whole"
        )


@dataclass(frozen=True)
class BoxMaker:
    """Finds what moved on the photographs that `preprocess_images` made.

    Attributes:
        folder: holds them, and `image_properties.csv`.
        scratch: a folder for unfinished files.
        memory: where it is noted what the table was made of.
        jobs: threads that work.
        pattern: finds the location in a path, where a folder holds the frames of several.
        drawings: where to draw the boxes on copies; None for nowhere.
    """

    folder: Path
    scratch: Path
    memory: Path
    jobs: int
    pattern: LocationPattern
    drawings: Path | None = None

    def make(self) -> BoxesMade:
        """Write the table and the drawings; nothing is done where they stand already."""
        table = self.folder / MOTION_BOXES_NAME
        mark = self._mark()
        told = json.loads(self.memory.read_text("utf-8")) if self.memory.is_file() else {}
        if not (table.is_file() and told.get("mark") == mark):
            self._find(table)
            files.write_json(self.memory, {"mark": mark}, self.scratch)
        with CsvReader(table, ["status"]) as reader:
            column = reader.columns.index("status")
            statuses = [row[column] for row in reader]
        return BoxesMade(table, statuses.count("motion"), len(statuses))

    def _mark(self) -> str:
        """Return what tells whether the same would come out again."""
        properties = files.digest_file(self.folder / PROPERTIES_NAME)
        parts = [
            properties, MotionSettings().to_json(), self.pattern.text, str(self.drawings),
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _find(self, table: Path) -> None:
        frames = read_frames(self.folder / PROPERTIES_NAME, self.pattern)
        finder = MotionFinder(frames, self._read)
        names = [frame.name for frame in frames]
        with (
            files.whole_file(table, self.scratch) as unfinished,
            CsvWriter(unfinished, MOTION_BOXES) as writer,
            Progress("finding motion", len(names)) as progress,
        ):
            for name, box in zip(names, ordered_map(finder.box, names, self.jobs), strict=True):
                writer.write(_row(name, box))
                if self.drawings is not None:
                    self._draw(name, box, self.drawings)
                progress.advance()

    def _read(self, name: str) -> Image.Image:
        return read_image(self.folder / name).image

    def _draw(self, name: str, box: Box, drawings: Path) -> None:
        try:
            drawn = draw_box(self._read(name), box)
        except RejectedImageError:
            return
        final = (drawings / name).with_suffix(".jpg")
        with files.whole_file(final, self.scratch) as unfinished:
            drawn.save(unfinished, "JPEG", quality=88)


def read_frames(properties: Path, pattern: LocationPattern) -> list[Frame]:
    """Return the photographs of `image_properties.csv` as frames, in the table's order."""
    columns = ("filepath", "date", "time")
    with CsvReader(properties, columns) as reader:
        cells = itemgetter(*map(reader.columns.index, columns))
        rows = [cells(row) for row in reader]
    return fill_in(
        [Frame(path, path, _moment(date, time), pattern.find(path)) for path, date, time in rows]
    )


def _moment(date: str, time: str) -> datetime | None:
    return datetime.fromisoformat(f"{date}T{time}") if date and time else None


def _row(name: str, box: Box) -> Sequence[str | float | int]:
    return (
        name, box.left, box.top, box.width, box.height, box.score, box.frames, box.status,
        box.detail,
    )  # fmt: skip
