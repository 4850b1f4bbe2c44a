"""Stage 2: join the detection tables to the images, one row per image.

python autofocus/clean_detections.py --detections data/lpz_data/detections_2016.csv \
        --image-dir data/preprocessed --image-properties data/preprocessed/image_properties.csv \
        --outpath data/detections_clean.csv
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autofocus.clean_settings import COMMAND, CleanSettings
from autofocus.errors import InputDataError
from autofocus.options.settings import (
    describe,
)
from autofocus.runs import files
from autofocus.runs.joint import JointOutcome, make_jointly
from autofocus.runs.ledger import Reason, ledger_beside
from autofocus.runs.outputs import check_outputs
from autofocus.runs.result import StageResult
from autofocus.runs.spelling import describe_merges, merge_spellings
from autofocus.runs.wording import plural, shown
from autofocus.runs.workspace import Workspace
from autofocus.tables import detections as tables
from autofocus.tables.columns import LOCATION, PROPERTIES
from autofocus.tables.dates import read_clock, read_dates
from autofocus.tables.failures import check_any
from autofocus.tables.frames import read_frame
from autofocus.tables.image_rows import CLOCK, DATE, FILE, IMAGE, NUMBER
from autofocus.tables.importing.formats import table_files
from autofocus.tables.joining import Joined, join, relative_prefix
from autofocus.tables.matching import match_tables
from autofocus.tables.records import (
    DATE_TEXT,
    LABEL,
    PATHS,
    ROW,
    TIME_TEXT,
    DetectionTable,
)
from autofocus.tables.texts import find_distinct, load_polars, put
from autofocus.tables.videos import frames_by_video

if TYPE_CHECKING:
    import polars as pl

NAME = "clean_detections"
# Raised with every change that makes other outputs of the same inputs and settings.
RECIPE = 3


# Of the columns of the properties that are read; all may be empty but the path.
_PROPERTY_FORMS = {
    "filepath": r"(?s)[^\x00]+",
    "date": r"(\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]))?",
    "time": r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d|",
    "night": r"[01]?",
    "mean_brightness": r"(\d+(\.\d+)?)?",
}


@dataclass(frozen=True)
class CleanResult(StageResult):
    """The result of `clean_detections`.

    Attributes:
        table: the table of images and their labels.
    """

    table: Path = Path()


def clean_detections(
    detections: Sequence[Path],
    image_dir: Path,
    image_properties: Path,
    outpath: Path,
    settings: CleanSettings = CleanSettings(),
) -> CleanResult:
    """Join detection tables to the properties of images.

    Writes one row per image with `date, filepath, time, night, mean_brightness`, the columns of
    `CLEAN_OPTIONAL` that the detections give, and a 0/1 column `contains_<label>` per label. The
    date is the detection's, else the image's own; the time is the image's own, if its date agrees
    with the detection's, or the detection's if the image has none. Labels that differ only in
    case, blanks or Unicode form are one. The inputs in the ledger are the rows of the detections
    and the images.

    Args:
        detections: tables with the columns `ImageDate, FilePath, FileName, ShortName` or others
            (see `columns`), or files of other programs: COCO Camera Traps JSON, Camtrap DP,
            Timelapse, Wildlife Insights, MegaDetector results; each detected by its content.
        image_dir: the folder that replaces the first components of `FilePath`.
        image_properties: the table that `preprocess_images` wrote.
        outpath: the table to write.
        settings: how to read the tables.

    Returns:
        The counts, the notes, and the path of the table.

    Raises:
        MissingInputError: a table does not exist.
        InputDataError: a table can't be read, its dates are ambiguous, or no detection matches
            an image.
        MissingDependencyError: polars isn't installed, or openpyxl for a workbook.
        OutputConflictError: `outpath` was begun with other settings, is in use, or was not
            written by this stage.
        TooManyRejectedError: too many inputs were rejected; the table is written nevertheless.
    """
    load_polars()
    ledger = ledger_beside(outpath)

    def make(unfinished: Mapping[Path, Path]) -> JointOutcome:
        prefix = relative_prefix(image_dir, outpath.parent)
        read = tables.read_detections(detections, settings.read_options)
        properties = _read_properties(image_properties, image_dir)
        rows, matching = _match(read, properties, settings)
        # The paths take more memory than the rest, and only an error still needs them.
        rows, read = rows.drop(PATHS), [table.without_paths() for table in read]
        rows, notes = _complete(read, rows, matching, properties, settings)
        joined = join(rows, read, properties, prefix)

        def match_again() -> "pl.DataFrame":
            again = tables.read_detections(detections, settings.read_options)
            return _match(again, properties, settings)[0]

        try:
            check_any(joined, match_again, properties[IMAGE], image_dir, settings.strip_components)
        except InputDataError as error:
            return JointOutcome(joined.ledger.write, error=error)
        are_dated = any(table.has_dates for table in read)
        del rows, read  # They take more memory than what is left to do.
        timed = joined.clean.write(unfinished[outpath])
        notes += _describe(joined, timed, are_dated=are_dated)
        return JointOutcome(joined.ledger.write, tuple(notes))

    read = [*(file for table in detections for file in table_files(table)), image_properties]
    check_outputs([outpath, ledger], [outpath.parent], read)
    inputs = _fingerprint(detections, image_properties, image_dir, outpath)
    with Workspace(
        outpath.parent, NAME, describe(settings), output=outpath.name, recipe=RECIPE
    ) as workspace:
        counts, notes = make_jointly(workspace, ledger, [outpath], make, inputs)
    counts.check(settings.max_rejected, ledger)
    return CleanResult(NAME, counts, ledger, {"table": outpath}, notes, table=outpath)


def _fingerprint(
    detections: Sequence[Path], properties: Path, image_dir: Path, outpath: Path
) -> list[list[str]]:
    """Return values that change with the inputs; missing tables are reported later."""
    paths = [*(file for table in detections for file in table_files(table)), properties]
    digests = [[path.name, files.digest_file(path) if path.is_file() else ""] for path in paths]
    folders = [
        files.relative_to_folder(properties.parent, outpath.parent),
        files.relative_to_folder(image_dir, outpath.parent),
    ]
    return [*digests, folders]


def _match(
    read: Sequence[DetectionTable], properties: "pl.DataFrame", settings: CleanSettings
) -> "tuple[pl.DataFrame, list[str]]":
    """Return the detections with their images, and notes."""
    frames = frames_by_video(properties[IMAGE])
    return match_tables(read, properties[IMAGE], frames, settings.strip_components)


def _complete(
    read: Sequence[DetectionTable],
    rows: "pl.DataFrame",
    matching: Sequence[str],
    properties: "pl.DataFrame",
    settings: CleanSettings,
) -> "tuple[pl.DataFrame, list[str]]":
    """Return the detections with their dates, each name in one spelling, and all notes."""
    rows, notes = _add_dates(read, rows, properties["date"], settings.date_format)
    notes += [note for table in read for note in table.notes]
    notes += matching
    for column, noun in ((LABEL, "label"), (LOCATION, "location")):
        if column in rows.columns:
            rows, merged = _merge_spellings(rows, column, noun)
            notes += merged
    return rows, notes


def _describe(joined: Joined, timed: int, *, are_dated: bool) -> list[str]:
    """Return notes on a result."""
    notes = []
    if replaced := joined.ledger.count(Reason.CORRECTED):
        notes.append(f"replaced by corrections: {plural(replaced, 'label')}")
    agreement = ": their own date agrees with the detection's" if are_dated else ""
    images = plural(len(joined.clean), "image")
    return [*notes, f"{timed} of {images} have a time{agreement}"]


def _add_dates(
    read: Sequence[DetectionTable],
    rows: "pl.DataFrame",
    dates_of_images: "pl.Series",
    date_format: str | None,
) -> "tuple[pl.DataFrame, list[str]]":
    """Add date and time to the detections, and return how each table is read.

    Where dates can be read in several ways, those of the images tell which it is.
    """
    import polars as pl

    parts: list[pl.DataFrame] = []
    described: list[str] = []
    further: list[str] = []
    for number, table in enumerate(read):
        part = rows.filter(pl.col(FILE) == number) if len(read) > 1 else rows
        own = _look_up(dates_of_images, part[NUMBER])
        dates = read_dates(part[DATE_TEXT], str(table.path), date_format, own=own, rows=part[ROW])
        clock = dates.times.alias(CLOCK)
        if TIME_TEXT in part.columns:
            clock = clock.zip_with(clock != "", read_clock(part[TIME_TEXT]))
        is_blank = not (clock != "").any()
        times = pl.lit("").alias(CLOCK) if is_blank else clock
        parts.append(part.with_columns(dates.values.alias(DATE), times))
        described.append(table.describe(dates.forms))
        further += dates.notes
    return parts[0] if len(parts) == 1 else pl.concat(parts), described + further


def _look_up(cells: "pl.Series", numbers: "pl.Series") -> "pl.Series":
    """Return the cell of each image; nothing for the number -1, of no image."""
    found = cells.gather(numbers.clip(0))
    return put(found, (numbers < 0).arg_true(), "")


def _merge_spellings(
    rows: "pl.DataFrame", column: str, noun: str
) -> "tuple[pl.DataFrame, tuple[str, ...]]":
    """Give all spellings of a name the first one, and return what was merged."""
    names = find_distinct(rows[column])
    spellings = merge_spellings(names.values)
    if all(name == kept for name, kept in spellings.items()):
        return rows, ()
    merged = names.map(spellings.__getitem__).alias(column)
    return rows.with_columns(merged), describe_merges(spellings, names.by_count(), noun)


def _read_properties(path: Path, image_dir: Path) -> "pl.DataFrame":
    """Read the properties, with the path relative to the image folder in the column `image`."""
    table = read_frame(path, PROPERTIES, kept=tuple(_PROPERTY_FORMS))
    if table.is_empty():
        raise InputDataError(
            "The table of properties has no rows, so there is nothing to join: check "
            "--image-properties."
        )
    _check_properties(table, path)
    images = _paths_of_images(table["filepath"], path.parent, image_dir)
    if (doubles := _find_doubles(images)).len():
        raise InputDataError(
            f"{path} has two rows for {shown(doubles[0], 300)}: run preprocess_images again."
        )
    return table.drop("filepath").with_columns(images.alias(IMAGE))


def _find_doubles(images: "pl.Series") -> "pl.Series":
    """Return the paths that were there before."""
    if images.is_sorted():
        return images.filter((images == images.shift(1)).fill_null(value=False))
    return images.filter(~images.is_first_distinct())


def _paths_of_images(paths: "pl.Series", folder: Path, image_dir: Path) -> "pl.Series":
    """Return paths relative to a folder as paths relative to the folder of images."""
    if not relative_prefix(folder, image_dir) and _are_direct(paths):
        return paths
    folders = find_distinct(paths.str.extract(r"\A((?s).*/)").fill_null(""))
    prefixes = [
        _relative_to_images(folder / text.removesuffix("/"), image_dir) for text in folders.values
    ]
    return folders.spread(prefixes) + paths.str.extract(r"([^/]*)\z")


def _are_direct(paths: "pl.Series") -> bool:
    """Tell whether paths are relative, without empty components and without `.` and `..`."""
    others = paths.str.starts_with("/") | paths.str.contains("//", literal=True)
    return not (others | paths.str.contains("./", literal=True)).any()


def _check_properties(table: "pl.DataFrame", path: Path) -> None:
    """Check that the cells are such as preprocess_images writes."""
    for column, form in _PROPERTY_FORMS.items():
        cells = table[column]
        if column == "filepath":
            are_sound = (
                not (cells == "").any() and not cells.str.contains("\0", literal=True).any()
            )
        else:
            are_sound = bool(cells.unique().str.contains(rf"\A(?:{form})\z").all())
        if are_sound:
            continue
        row, wrong = next(
            (row, text) for row, text in enumerate(table[column]) if not re.fullmatch(form, text)
        )
        raise InputDataError(
            f"{path}, row {row + 2}: {shown(wrong)!r} is no {column} that "
            "preprocess_images writes: run it again."
        )


def _relative_to_images(folder: Path, image_dir: Path) -> str:
    """Return the prefix that leads from the image folder to a folder, which may be absolute."""
    return relative_prefix(folder, image_dir.resolve() if folder.is_absolute() else image_dir)


if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
