"""Making the hard sample, once, and reading it."""

import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

from PIL import Image

from autofocus.boxes.box import Box
from autofocus.runs.csv_files import CsvReader, CsvWriter
from benchmarks.hard_sample.camera import take
from benchmarks.hard_sample.plan import HardSettings, HardShot, make_hard_plan

# Raise it with every change of the drawings or the plan.
DRAWING = 2
_COLUMNS = (
    "filepath", "label", "location", "sequence", "frame", "taken", "light",
    "left", "top", "width", "height",
)  # fmt: skip
_QUALITY = 88
_EXIF_FOLDER, _DATE_TIME_ORIGINAL, _MAKE = 0x8769, 0x9003, 0x010F
_WORKERS = 2


@dataclass(frozen=True)
class HardImage:
    """An image of the hard sample, and what it really shows.

    Attributes:
        filepath: below the folder of images: label, location, name.
        label: that the sequence has.
        location: where the camera stood.
        sequence: its number.
        frame: its number in the sequence.
        taken: date and time in ISO format, as in its EXIF data.
        light: `day` or `infrared`.
        box: the tight box around the animal, in shares of the frame; None where it shows none.
    """

    filepath: str
    label: str
    location: str
    sequence: int
    frame: int
    taken: str
    light: str
    box: Box | None


@dataclass(frozen=True)
class HardSample:
    """The hard sample on disk.

    Attributes:
        image_dir: a folder of images per label, for `retrain`; below each, a folder per location.
        images: sorted by their paths.
    """

    image_dir: Path
    images: tuple[HardImage, ...]


def make_hard_sample(folder: Path, settings: HardSettings) -> HardSample:
    """Make the hard sample unless it is in the folder already; it is deterministic.

    Writes `images/<label>/<location>/<name>.JPG` and `truth.csv`, 640 x 480 pixels, with EXIF
    times. No footer has to be cropped: the images count as preprocessed.

    Args:
        folder: a folder of its own; images of other settings in it are replaced.
        settings: the size of the sample.
    """
    stamp, done = {"drawing": DRAWING, **asdict(settings)}, folder / "done.json"
    if not done.is_file() or json.loads(done.read_text(encoding="utf-8")) != stamp:
        done.unlink(missing_ok=True)
        shutil.rmtree(folder / "images", ignore_errors=True)
        rows = _draw_all(folder / "images", settings)
        with CsvWriter(folder / "truth.csv", _COLUMNS) as writer:
            writer.write_all(rows)
        done.write_text(json.dumps(stamp), encoding="utf-8")
    return HardSample(folder / "images", tuple(_read(folder / "truth.csv")))


def _draw_all(folder: Path, settings: HardSettings) -> list[tuple[str, ...]]:
    plan = sorted(
        make_hard_plan(settings), key=lambda shot: (shot.site, shot.sequence, shot.frame)
    )
    # A worker draws all images of a location, whose background it needs once.
    batches = [list(shots) for _, shots in groupby(plan, key=lambda shot: shot.site)]
    for path in {(folder / shot.path).parent for shot in plan}:
        path.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(_WORKERS) as pool:
        parts = pool.map(_draw, [folder] * len(batches), batches, [settings.seed] * len(batches))
        return sorted(row for part in parts for row in part)


def _draw(folder: Path, shots: Sequence[HardShot], seed: int) -> list[tuple[str, ...]]:
    return [_write(folder, shot, seed) for shot in shots]


def _write(folder: Path, shot: HardShot, seed: int) -> tuple[str, ...]:
    picture, edges = take(shot, seed)
    exif = Image.Exif()
    exif[_MAKE] = "AUTOFOCUS SYNTHETIC"
    exif.get_ifd(_EXIF_FOLDER)[_DATE_TIME_ORIGINAL] = f"{shot.taken:%Y:%m:%d %H:%M:%S}"
    picture.save(folder / shot.path, quality=_QUALITY, exif=exif)
    return (
        shot.path, shot.label, shot.location, f"{shot.sequence:04d}", str(shot.frame),
        shot.taken.replace(microsecond=0).isoformat(), shot.light,
        *(f"{edge:.4f}" for edge in edges or ()), *([""] * 4 if edges is None else []),
    )  # fmt: skip


def _read(table: Path) -> list[HardImage]:
    with CsvReader(table, _COLUMNS) as reader:
        rows = [dict(zip(reader.columns, row, strict=True)) for row in reader]
    return [
        HardImage(
            row["filepath"], row["label"], row["location"], int(row["sequence"]),
            int(row["frame"]), row["taken"], row["light"], _box(row),
        )
        for row in rows
    ]  # fmt: skip


def _box(row: dict[str, str]) -> Box | None:
    if not row["left"]:
        return None
    left, top, width, height = (float(row[name]) for name in ("left", "top", "width", "height"))
    return Box(left, top, width, height, score=1.0, status="detector", detail="true")
