"""Stage 2: join the detection tables to the images, one row per image.

python autofocus/clean_detections.py --detections data/lpz_data/detections_2016.csv \
        --image-dir data/preprocessed --image-properties data/preprocessed/image_properties.csv \
        --outpath data/detections_clean.csv
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from autofocus.errors import InputDataError, need
from autofocus.options.command import Argument, Command
from autofocus.options.settings import (
    Kind,
    Pair,
    describe,
    option,
    require,
    require_not_negative,
    require_share,
)
from autofocus.runs import files
from autofocus.runs.joint import JointOutcome, make_jointly
from autofocus.runs.ledger import Reason, Row, Status, ledger_beside
from autofocus.runs.outputs import check_outputs
from autofocus.runs.result import StageResult
from autofocus.runs.spelling import describe_merges, merge_spellings
from autofocus.runs.wording import plural, shown
from autofocus.runs.workspace import Workspace
from autofocus.tables import detections as tables
from autofocus.tables.columns import LOCATION, PROPERTIES
from autofocus.tables.date_forms import Order
from autofocus.tables.dates import read_clock, read_dates
from autofocus.tables.detections import FILE
from autofocus.tables.failures import check_any
from autofocus.tables.frames import read_frame, write_frame
from autofocus.tables.headings import parse_columns
from autofocus.tables.image_rows import CLOCK, DATE, IMAGE, NUMBER
from autofocus.tables.importing.formats import table_files
from autofocus.tables.joining import (
    INPUT,
    OUTPUT,
    STATUS,
    Joined,
    join,
    relative_prefix,
)
from autofocus.tables.layout import ReadOptions
from autofocus.tables.matching import match_tables
from autofocus.tables.records import (
    DATE_TEXT,
    DETAIL,
    LABEL,
    REASON,
    ROW,
    TIME_TEXT,
    DetectionTable,
)
from autofocus.tables.videos import frames_by_video

if TYPE_CHECKING:
    import pandas as pd

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
class CleanSettings:
    """The options of `clean_detections`."""

    strip_components: int = option(
        2,
        "number of components to remove from the left of FilePath, which name the disk of the "
        "person who recorded it",
        metavar="N",
    )
    date_format: Order | None = option(
        None,
        "order of day, month and year in dates of three numbers; by default it is inferred from "
        "the whole column",
    )
    location_column: str | None = option(
        None, "column of the detections that holds the camera's location", metavar="COLUMN"
    )
    columns: tuple[Pair, ...] = option(
        (),
        "columns of the detections where they are not detected, such as path=Photo label=Species; "
        "the roles are path, label, date, location, sequence, count and source",
        metavar="ROLE=COLUMN",
    )
    label_separator: str | None = option(
        None, "what separates the labels of a cell that holds several, such as ;", metavar="TEXT"
    )
    box_threshold: float = option(
        0.2,
        "score from which a box in MegaDetector results counts (0 to 1); an image without one is "
        "labelled empty",
        metavar="SCORE",
    )
    max_rejected: float = option(
        1.0,
        "maximum share of rejected inputs (0 to 1), not counting duplicates and images without a "
        "detection; above it the run fails",
        affects_output=False,
        metavar="SHARE",
    )

    def __post_init__(self) -> None:
        require_not_negative(self, "strip_components")
        require_share("max_rejected", self.max_rejected)
        require_share("box_threshold", self.box_threshold)
        require(self.label_separator != "", "label_separator must not be empty.")
        roles = parse_columns(self.columns)
        require(
            not (self.location_column and LOCATION in roles),
            "give location_column or columns location=..., not both.",
        )

    @property
    def read_options(self) -> ReadOptions:
        """How to read the tables."""
        columns = parse_columns(self.columns)
        if self.location_column:
            columns[LOCATION] = (self.location_column,)
        return ReadOptions(columns, self.label_separator or "", self.box_threshold)


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
        MissingDependencyError: pandas isn't installed, or openpyxl for a workbook.
        OutputConflictError: `outpath` was begun with other settings, is in use, or was not
            written by this stage.
        TooManyRejectedError: too many inputs were rejected; the table is written nevertheless.
    """
    need("pandas", "tables")
    ledger = ledger_beside(outpath)

    def make(unfinished: Mapping[Path, Path]) -> JointOutcome:
        joined, notes, error = _join(detections, image_dir, image_properties, outpath, settings)
        if error is not None:
            return JointOutcome(_ledger_rows(joined.ledger), error=error)
        write_frame(joined.clean, unfinished[outpath])
        return JointOutcome(_ledger_rows(joined.ledger), notes)

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


def _join(
    detections: Sequence[Path],
    image_dir: Path,
    image_properties: Path,
    outpath: Path,
    settings: CleanSettings,
) -> tuple[Joined, tuple[str, ...], InputDataError | None]:
    """Return the join, notes, and the error of a join without a result."""
    read = tables.read_detections(detections, settings.read_options)
    properties = _read_properties(image_properties, image_dir)
    frames = frames_by_video(properties.index)
    rows, matching = match_tables(read, properties, frames, settings.strip_components)
    notes = _add_dates(read, rows, properties, settings.date_format)
    notes += [note for table in read for note in table.notes]
    notes += [*matching, *_merge_spellings(rows, LABEL, "label")]
    if LOCATION in rows:
        notes += _merge_spellings(rows, LOCATION, "location")
    prefix = relative_prefix(image_dir, outpath.parent)
    is_split = bool(frames) or any(table.is_split for table in read)
    joined = join(rows, properties, prefix, is_split=is_split)
    try:
        check_any(joined, rows, properties, image_dir, settings.strip_components)
    except InputDataError as error:
        return joined, (), error
    if replaced := int((joined.ledger[REASON] == Reason.CORRECTED.value).sum()):
        notes.append(f"replaced by corrections: {plural(replaced, 'label')}")
    images = plural(len(joined.clean), "image")
    notes.append(f"{joined.timed} of {images} have a time{_agreement(read)}")
    return joined, tuple(notes), None


def _agreement(read: Sequence[DetectionTable]) -> str:
    are_dated = any(table.has_dates for table in read)
    return ": their own date agrees with the detection's" if are_dated else ""


def _add_dates(
    read: Sequence[DetectionTable],
    rows: "pd.DataFrame",
    properties: "pd.DataFrame",
    date_format: str | None,
) -> list[str]:
    """Add date and time to the detections, and return how each table is read.

    Where dates can be read in several ways, those of the images tell which it is.
    """
    import pandas as pd

    # The number -1, of no image, is that of the last one.
    dates_of_images = np.append(properties["date"].to_numpy(dtype=object), "")
    own = pd.Series(dates_of_images[rows[NUMBER].to_numpy()], index=rows.index, dtype=object)
    rows[DATE], rows[CLOCK] = "", ""
    described: list[str] = []
    further: list[str] = []
    for table in read:
        there = (rows[FILE] == table.frame[FILE].iloc[0]) if len(table.frame) else None
        part = rows if len(read) == 1 else rows[there] if there is not None else rows[:0]
        dates = read_dates(
            part[DATE_TEXT], str(table.path), date_format, own=own[part.index], rows=part[ROW]
        )
        clock = dates.times
        if TIME_TEXT in part:
            clock = clock.mask(clock == "", read_clock(part[TIME_TEXT]))
        rows.loc[part.index, DATE], rows.loc[part.index, CLOCK] = dates.values, clock
        described.append(table.describe(dates.forms))
        further += dates.notes
    return described + further


def _merge_spellings(rows: "pd.DataFrame", column: str, noun: str) -> tuple[str, ...]:
    """Give all spellings of a name the first one, and return what was merged."""
    spellings = merge_spellings(rows[column].unique())
    if all(name == kept for name, kept in spellings.items()):
        return ()
    counts = rows[column].value_counts().to_dict()
    rows[column] = rows[column].map(spellings)
    numbers = {str(name): number for name, number in counts.items()}
    return describe_merges(spellings, numbers, noun)


def _read_properties(path: Path, image_dir: Path) -> "pd.DataFrame":
    """Read the properties, indexed by the path relative to the image folder."""
    import pandas as pd

    table = read_frame(path, PROPERTIES)
    if table.empty:
        raise InputDataError(
            "The table of properties has no rows, so there is nothing to join: check "
            "--image-properties."
        )
    _check_properties(table, path)
    folders, _, names = table["filepath"].str.rpartition("/").to_numpy(dtype=str).T
    relative = {
        folder: _relative_to_images(path.parent / folder, image_dir) for folder in set(folders)
    }
    images = pd.Series([relative[folder] for folder in folders], dtype=str) + names
    if (doubles := images[images.duplicated()]).any():
        raise InputDataError(
            f"{path} has two rows for {shown(doubles.iloc[0], 300)}: run preprocess_images again."
        )
    return table.set_index(images.rename(IMAGE))


def _check_properties(table: "pd.DataFrame", path: Path) -> None:
    """Check that the cells are such as preprocess_images writes."""
    for column, form in _PROPERTY_FORMS.items():
        cells = table[column]
        wrong = [text for text in cells.unique() if not re.fullmatch(form, text)]
        if wrong:
            row = int((cells == wrong[0]).to_numpy().argmax())
            raise InputDataError(
                f"{path}, row {row + 2}: {shown(wrong[0])!r} is no {column} that "
                "preprocess_images writes: run it again."
            )


def _relative_to_images(folder: Path, image_dir: Path) -> str:
    """Return the prefix that leads from the image folder to a folder, which may be absolute."""
    return relative_prefix(folder, image_dir.resolve() if folder.is_absolute() else image_dir)


def _ledger_rows(table: "pd.DataFrame") -> Iterator[Row]:
    """Yield the rows of the ledger from a frame with its columns as text."""
    statuses = {status.value: status for status in Status}
    reasons: dict[str, Reason | None] = {"": None, **{reason.value: reason for reason in Reason}}
    return map(
        Row,
        table[INPUT].tolist(),
        map(statuses.__getitem__, table[STATUS].tolist()),
        map(reasons.__getitem__, table[REASON].tolist()),
        table[DETAIL].tolist(),
        table[OUTPUT].tolist(),
    )


COMMAND = Command(
    name=NAME,
    summary="Join detection tables to the images, one row per image.",
    example=(
        f"autofocus {NAME} --detections data/lpz_data/detections_2016.csv "
        "data/lpz_data/detections_2017.csv --image-dir data/preprocessed "
        "--image-properties data/preprocessed/image_properties.csv "
        "--outpath data/detections_clean.csv"
    ),
    function=clean_detections,
    arguments=(
        Argument(
            "detections",
            "detection tables: CSV, .xlsx, COCO Camera Traps or MegaDetector JSON, Camtrap DP, "
            "Timelapse or Wildlife Insights",
            Kind(Path, many=True),
        ),
        Argument("image_dir", "folder that replaces the first components of FilePath"),
        Argument("image_properties", "table that preprocess_images wrote"),
        Argument("outpath", "table to write"),
    ),
    settings=CleanSettings,
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
