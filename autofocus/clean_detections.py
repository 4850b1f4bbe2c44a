"""Stage 2: join the tables of detections to the photographs, one row a photograph.

python autofocus/clean_detections.py --detections data/lpz_data/detections_2016.csv \
        --image-dir data/preprocessed --image-properties data/preprocessed/image_properties.csv \
        --outpath data/detections_clean.csv
"""

import json
from collections.abc import Sequence
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
from autofocus.runs.journal import in_same_run
from autofocus.runs.ledger import (
    COLUMNS,
    Counts,
    Reason,
    Status,
    ledger_beside,
)
from autofocus.runs.result import StageResult
from autofocus.runs.workspace import Workspace
from autofocus.tables import detections as tables
from autofocus.tables.columns import PROPERTIES
from autofocus.tables.dates import read_dates
from autofocus.tables.frames import read_frame, write_frame
from autofocus.tables.joining import DATE, IMAGE, Joined, join, relative_prefix

if TYPE_CHECKING:
    import pandas as pd

NAME = "clean_detections"


@dataclass(frozen=True)
class CleanSettings:
    """The options of `clean_detections`."""

    strip_components: int = option(
        2, "components to drop from the left of FilePath: its writer's disk", metavar="N"
    )
    date_format: Literal["day-month-year", "month-day-year"] | None = option(
        None, "how to read dates of three numbers; by default found out, where that can be done"
    )
    location_column: str | None = option(
        None, "the column of the detections that tells where the camera stood", metavar="COLUMN"
    )
    max_rejected: float = option(
        1.0,
        "end with an error where a larger share is rejected, duplicates and photographs without "
        "a detection aside",
        affects_output=False,
        metavar="SHARE",
    )

    def __post_init__(self) -> None:
        require_not_negative(self, "strip_components")
        require_share("max_rejected", self.max_rejected)


@dataclass(frozen=True)
class CleanResult(StageResult):
    """The account of `clean_detections`.

    Attributes:
        table: the table of photographs and their labels.
    """

    table: Path = Path()


def clean_detections(
    detections: Sequence[Path],
    image_dir: Path,
    image_properties: Path,
    outpath: Path,
    settings: CleanSettings = CleanSettings(),
) -> CleanResult:
    """Join tables of detections to the properties of photographs.

    Writes one row a photograph with `date, filepath, time, night, mean_brightness` and a 0/1
    column `contains_<label>` for each label. The date is the detection's; the time is kept only
    where the photograph's own date agrees with it. The ledger's inputs are the rows of the
    detections and the photographs.

    Args:
        detections: CSV tables with the columns `ImageDate, FilePath, FileName, ShortName`.
        image_dir: the folder that takes the place of the first components of `FilePath`.
        image_properties: the table that `preprocess_images` wrote.
        outpath: the table to write.
        settings: how to read the tables.

    Raises:
        MissingInputError: a table isn't there.
        InputDataError: a table can't be read, its dates are ambiguous, or no detection has a
            photograph.
        OutputConflictError: `outpath` was begun with other settings, or is in use.
        TooManyRejectedError: too many rows were rejected; the table stands nevertheless.
    """
    ledger = ledger_beside(outpath)
    with Workspace(outpath.parent, NAME, describe(settings), output=outpath.name) as workspace:
        memory = workspace.folder / "inputs.json"
        inputs = _fingerprint([*detections, image_properties], image_dir, outpath)
        is_reused = _stands(memory, inputs, outpath, ledger)
        if is_reused:
            notes = tuple(json.loads(memory.read_text(encoding="utf-8"))["notes"])
            counts = _mark_reused(ledger, workspace.scratch)
        else:
            memory.unlink(missing_ok=True)
            joined, notes = _join(detections, image_dir, image_properties, outpath, settings)
            counts = _write(joined, outpath, ledger, workspace.scratch)
            files.write_json(memory, {"inputs": inputs, "notes": notes}, workspace.scratch)
    counts.check(settings.max_rejected, ledger)
    return CleanResult(NAME, counts, ledger, {"table": outpath}, notes, table=outpath)


def _fingerprint(paths: Sequence[Path], image_dir: Path, outpath: Path) -> list[list[str]]:
    """Return what tells whether the same would come out again; files that lack are told later."""
    digests = [[path.name, files.digest_file(path) if path.is_file() else ""] for path in paths]
    places = [
        files.relative_to_folder(paths[-1].parent, outpath.parent),
        files.relative_to_folder(image_dir, outpath.parent),
    ]
    return [*digests, places]


def _stands(memory: Path, inputs: list[list[str]], outpath: Path, ledger: Path) -> bool:
    if not (memory.is_file() and outpath.is_file() and ledger.is_file()):
        return False
    return bool(json.loads(memory.read_text(encoding="utf-8"))["inputs"] == inputs)


def _join(
    detections: Sequence[Path],
    image_dir: Path,
    image_properties: Path,
    outpath: Path,
    settings: CleanSettings,
) -> tuple[Joined, tuple[str, ...]]:
    import pandas as pd

    read, notes = tables.read_detections(detections, settings.location_column)
    for path, table in zip(detections, read, strict=True):
        dates = read_dates(table["ImageDate"], str(path), settings.date_format)
        table[DATE] = dates.values
        notes.append(f"dates of {path.name} are read as {' and '.join(dates.forms) or 'none'}")
    rows = pd.concat(read, ignore_index=True)
    rows[IMAGE] = tables.image_paths(rows, settings.strip_components)
    properties = _read_properties(image_properties, image_dir)
    joined = join(rows, properties, relative_prefix(image_dir, outpath.parent))
    _check_any(joined, rows, properties, image_dir, settings)
    notes.append(
        f"{joined.timed} of {len(joined.clean)} photographs have a time: their own date agrees "
        "with the detection's"
    )
    return joined, tuple(notes)


def _read_properties(path: Path, image_dir: Path) -> "pd.DataFrame":
    """Read the properties, indexed by the path relative to the image folder."""
    import pandas as pd

    table = read_frame(path, PROPERTIES)
    folders, _, own = table["filepath"].str.rpartition("/").to_numpy(dtype=str).T
    seen = {folder: _seen_from(image_dir, path.parent / folder) for folder in set(folders)}
    names = pd.Series([seen[folder] for folder in folders], dtype=str) + own
    if (doubles := names[names.duplicated()]).any():
        raise InputDataError(f"{path} names {doubles.iloc[0]} twice: preprocess again.")
    return table.set_index(names.rename(IMAGE))


def _seen_from(image_dir: Path, folder: Path) -> str:
    """Return what leads from the image folder into this one; an absolute one is understood."""
    if folder.is_absolute():
        image_dir = image_dir.resolve()
    return relative_prefix(folder, image_dir)


def _check_any(
    joined: Joined,
    rows: "pd.DataFrame",
    properties: "pd.DataFrame",
    image_dir: Path,
    settings: CleanSettings,
) -> None:
    """Tell an empty result, and what is likely behind it."""
    if len(joined.clean):
        return
    if rows.empty or properties.empty:
        which = "detections" if rows.empty else "image properties"
        raise InputDataError(
            f"The table of {which} has no rows: there is nothing to join. Check where "
            f"{'the tables' if rows.empty else 'the photographs'} are looked for."
        )
    raise InputDataError(
        f"No detection has a photograph: looked, for instance, for {rows[IMAGE].iloc[0]} in "
        f"{image_dir}, where there is, for instance, {properties.index[0]}. Check --image-dir, "
        f"--image-properties and --strip-components (now {settings.strip_components})."
    )


def _write(joined: Joined, outpath: Path, ledger: Path, scratch: Path) -> Counts:
    with files.whole_file(outpath, scratch) as unfinished:
        write_frame(joined.clean, unfinished)
    table = joined.ledger.copy()
    table.insert(0, "stage", NAME)
    with files.whole_file(ledger, scratch) as unfinished:
        write_frame(table[list(COLUMNS)], unfinished)
    return _count(table)


def _count(ledger: "pd.DataFrame") -> Counts:
    counts = Counts()
    groups = ledger.groupby(["status", "reason"]).size().reset_index(name="number")
    for group in groups.to_dict("records"):
        reason = Reason(group["reason"]) if group["reason"] else None
        counts.add(Status(group["status"]), reason, int(group["number"]))
    return counts


def _mark_reused(ledger: Path, scratch: Path) -> Counts:
    """Say in the ledger that what was made before stands."""
    table = read_frame(ledger, COLUMNS)
    ok = table["status"] == Status.OK.value
    if ok.any() and not in_same_run():
        table.loc[ok, "status"] = Status.REUSED.value
        with files.whole_file(ledger, scratch) as unfinished:
            write_frame(table, unfinished)
    return _count(table)


COMMAND = Command(
    name=NAME,
    summary="Join tables of detections to the photographs, one row a photograph.",
    example=(
        f"autofocus {NAME} --detections data/lpz_data/detections_2016.csv "
        "data/lpz_data/detections_2017.csv --image-dir data/preprocessed "
        "--image-properties data/preprocessed/image_properties.csv "
        "--outpath data/detections_clean.csv"
    ),
    function=clean_detections,
    arguments=(
        Argument("detections", "CSV tables of detections", Kind(Path, many=True)),
        Argument("image_dir", "the folder that takes the place of FilePath's first components"),
        Argument("image_properties", "the table that preprocess_images wrote"),
        Argument("outpath", "the table to write"),
    ),
    settings=CleanSettings,
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
