"""Stage 2: join the detection tables to the images, one row per image.

python autofocus/clean_detections.py --detections data/lpz_data/detections_2016.csv \
        --image-dir data/preprocessed --image-properties data/preprocessed/image_properties.csv \
        --outpath data/detections_clean.csv
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from autofocus.errors import InputDataError
from autofocus.options.command import Argument, Command
from autofocus.options.settings import (
    Kind,
    describe,
    option,
    require_not_negative,
    require_share,
)
from autofocus.runs import files
from autofocus.runs.joint import JointOutcome, make_jointly
from autofocus.runs.ledger import Reason, Row, Status, ledger_beside
from autofocus.runs.result import StageResult
from autofocus.runs.workspace import Workspace
from autofocus.tables import detections as tables
from autofocus.tables.columns import PROPERTIES
from autofocus.tables.dates import read_dates
from autofocus.tables.frames import read_frame, write_frame
from autofocus.tables.joining import (
    DATE,
    DETAIL,
    IMAGE,
    INPUT,
    OUTPUT,
    REASON,
    STATUS,
    Joined,
    join,
    relative_prefix,
)

if TYPE_CHECKING:
    import pandas as pd

NAME = "clean_detections"
# Raised with every change that makes other outputs of the same inputs and settings.
RECIPE = 1


@dataclass(frozen=True)
class CleanSettings:
    """The options of `clean_detections`."""

    strip_components: int = option(
        2,
        "number of components to remove from the left of FilePath, which name the disk of the "
        "person who recorded it",
        metavar="N",
    )
    date_format: Literal["day-month-year", "month-day-year"] | None = option(
        None,
        "order of day and month in dates of three numbers; by default it is inferred from the "
        "whole column",
    )
    location_column: str | None = option(
        None, "column of the detections that holds the camera's location", metavar="COLUMN"
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

    Writes one row per image with `date, filepath, time, night, mean_brightness` and a 0/1 column
    `contains_<label>` per label. The date is the detection's; the time is kept only if the
    image's own date agrees with it. The inputs in the ledger are the rows of the detections and
    the images.

    Args:
        detections: CSV tables with the columns `ImageDate, FilePath, FileName, ShortName`.
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
        OutputConflictError: `outpath` was begun with other settings, is in use, or was not
            written by this stage.
        TooManyRejectedError: too many inputs were rejected; the table is written nevertheless.
    """
    ledger = ledger_beside(outpath)

    def make(unfinished: Mapping[Path, Path]) -> JointOutcome:
        joined, notes = _join(detections, image_dir, image_properties, outpath, settings)
        write_frame(joined.clean, unfinished[outpath])
        return JointOutcome(_ledger_rows(joined.ledger), notes)

    inputs = _fingerprint([*detections, image_properties], image_dir, outpath)
    with Workspace(
        outpath.parent, NAME, describe(settings), output=outpath.name, recipe=RECIPE
    ) as workspace:
        counts, notes = make_jointly(workspace, ledger, [outpath], make, inputs)
    counts.check(settings.max_rejected, ledger)
    return CleanResult(NAME, counts, ledger, {"table": outpath}, notes, table=outpath)


def _fingerprint(paths: Sequence[Path], image_dir: Path, outpath: Path) -> list[list[str]]:
    """Return values that change with the inputs; missing tables are reported later."""
    digests = [[path.name, files.digest_file(path) if path.is_file() else ""] for path in paths]
    folders = [
        files.relative_to_folder(paths[-1].parent, outpath.parent),
        files.relative_to_folder(image_dir, outpath.parent),
    ]
    return [*digests, folders]


def _join(
    detections: Sequence[Path],
    image_dir: Path,
    image_properties: Path,
    outpath: Path,
    settings: CleanSettings,
) -> tuple[Joined, tuple[str, ...]]:
    import pandas as pd

    frames, notes = tables.read_detections(detections, settings.location_column)
    for path, frame in zip(detections, frames, strict=True):
        dates = read_dates(frame["ImageDate"], str(path), settings.date_format)
        frame[DATE] = dates.values
        notes.append(f"dates of {path.name} are read as {' and '.join(dates.forms) or 'none'}")
    rows = pd.concat(frames, ignore_index=True)
    rows[IMAGE] = tables.image_paths(rows, settings.strip_components)
    properties = _read_properties(image_properties, image_dir)
    joined = join(rows, properties, relative_prefix(image_dir, outpath.parent))
    _check_any(joined, rows, properties, image_dir, settings)
    notes.append(
        f"{joined.timed} of {len(joined.clean)} images have a time: their own date agrees with "
        "the detection's"
    )
    return joined, tuple(notes)


def _read_properties(path: Path, image_dir: Path) -> "pd.DataFrame":
    """Read the properties, indexed by the path relative to the image folder."""
    import pandas as pd

    table = read_frame(path, PROPERTIES)
    folders, _, names = table["filepath"].str.rpartition("/").to_numpy(dtype=str).T
    relative = {
        folder: _relative_to_images(path.parent / folder, image_dir) for folder in set(folders)
    }
    images = pd.Series([relative[folder] for folder in folders], dtype=str) + names
    if (doubles := images[images.duplicated()]).any():
        raise InputDataError(
            f"{path} has two rows for {doubles.iloc[0]}: run preprocess_images again."
        )
    return table.set_index(images.rename(IMAGE))


def _relative_to_images(folder: Path, image_dir: Path) -> str:
    """Return the prefix that leads from the image folder to a folder, which may be absolute."""
    return relative_prefix(folder, image_dir.resolve() if folder.is_absolute() else image_dir)


def _check_any(
    joined: Joined,
    rows: "pd.DataFrame",
    properties: "pd.DataFrame",
    image_dir: Path,
    settings: CleanSettings,
) -> None:
    """Raise InputDataError with the likely cause if the result is empty."""
    if len(joined.clean):
        return
    if rows.empty or properties.empty:
        which, option_name = (
            ("detections", "--detections") if rows.empty else ("properties", "--image-properties")
        )
        raise InputDataError(
            f"The table of {which} has no rows, so there is nothing to join: check {option_name}."
        )
    raise InputDataError(
        f"No detection matches an image: for example, {rows[IMAGE].iloc[0]} does not exist in "
        f"{image_dir}, but {properties.index[0]} does. Check --image-dir, --image-properties and "
        f"--strip-components (now {settings.strip_components})."
    )


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
        Argument("detections", "detection tables (CSV)", Kind(Path, many=True)),
        Argument("image_dir", "folder that replaces the first components of FilePath"),
        Argument("image_properties", "table that preprocess_images wrote"),
        Argument("outpath", "table to write"),
    ),
    settings=CleanSettings,
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
