"""The format of a file of detections, detected by its content, and its detections."""

import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from autofocus.errors import AutofocusError, InputDataError, MissingInputError
from autofocus.options.text_files import read_json
from autofocus.runs.wording import plural, shown
from autofocus.tables.cell_columns import are_counts, are_flags
from autofocus.tables.columns import CONTAINS
from autofocus.tables.frames import PROBLEM
from autofocus.tables.headings import LABEL, heading_key
from autofocus.tables.importing import camtrap_dp, coco, megadetector, timelapse
from autofocus.tables.importing import wildlife_insights as wildlife
from autofocus.tables.importing.sources import Source, open_text
from autofocus.tables.importing.workbook import is_workbook, read_workbook
from autofocus.tables.layout import (
    Layout,
    ReadOptions,
    check_unique,
    find_layout,
    lacking_labels,
)
from autofocus.tables.records import DetectionTable, make_records, without_empty_columns
from autofocus.tables.texts import strip

if TYPE_CHECKING:
    import polars as pl

# The first bytes of .xls and other files of old Office programs.
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_ARCHIVE = b"PK"
_JSON_STARTS = (b"{", b"[")
# 0/1 columns that are no labels.
_NO_LABELS = frozenset({"night", "isnight", "day", "flash", "infrared", "favorite", "favourite"})
_MANY = 100


def read_table(path: Path, options: ReadOptions) -> DetectionTable:
    """Read the detections of a file or of a folder with a Camtrap DP.

    Raises:
        MissingInputError: it does not exist.
        InputDataError: it is in no known format, or can't be read.
        MissingDependencyError: it is a workbook, and openpyxl isn't installed.
    """
    if path.is_dir():
        if not (path / camtrap_dp.DESCRIPTOR).is_file():
            raise MissingInputError(
                f"The folder {path} has no {camtrap_dp.DESCRIPTOR}: name a table in it."
            )
        return _guarded(path, lambda: camtrap_dp.read_package(path))
    start = _start(path)
    if start.startswith(_OLD_OFFICE):
        raise InputDataError(f"{path} is a workbook of an old Excel: save it as .xlsx or CSV.")
    if start.startswith(_ARCHIVE):
        return _read_archive(path, options)
    if start.startswith(_JSON_STARTS):
        return _read_json(path, options)
    with open_text(path) as source:
        return _read_source(source, options)


def is_text_table(path: Path) -> bool:
    """Tell whether a file is neither JSON nor a workbook nor an archive."""
    return path.is_file() and not _start(path).startswith((*_JSON_STARTS, _OLD_OFFICE, _ARCHIVE))


def _start(path: Path) -> bytes:
    """Return the first bytes of a file behind blanks and a byte order mark."""
    if not path.is_file():
        raise MissingInputError(f"There is no table {path}.")
    with path.open("rb") as file:
        return file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()


def table_files(path: Path) -> list[Path]:
    """Return the files that a table consists of: more than one if it is a Camtrap DP."""
    descriptor = path / camtrap_dp.DESCRIPTOR if path.is_dir() else path
    if descriptor.name != camtrap_dp.DESCRIPTOR or not descriptor.is_file():
        return [path]
    try:
        return camtrap_dp.package_files(descriptor)
    except (ValueError, KeyError, TypeError, AttributeError):
        return [descriptor]  # It is reported when the table is read.


def _read_archive(path: Path, options: ReadOptions) -> DetectionTable:
    try:
        return _read_members(path, options)
    except AutofocusError:
        raise
    # To `zipfile`, an encrypted file or an unknown compression is a RuntimeError.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise InputDataError(f"{path} can't be unpacked: {shown(error)}.") from None


def _read_members(path: Path, options: ReadOptions) -> DetectionTable:
    if is_workbook(path):
        return _read_sheets(read_workbook(path), options)
    if camtrap_dp.is_zipped_package(path):
        return _guarded(path, lambda: camtrap_dp.read_package(path))
    raise InputDataError(
        f"{path} is neither an Excel workbook (.xlsx) nor a zipped Camtrap DP: save it as CSV."
    )


def _read_sheets(sheets: Sequence[Source], options: ReadOptions) -> DetectionTable:
    """Read the first sheet that holds detections; the first one's error if none does."""
    errors, tables = [], []
    for sheet in sheets:
        try:
            tables.append(_read_source(sheet, options))
        except InputDataError as error:
            errors.append(error)
    if not tables:
        raise errors[0]
    first, *others = tables
    if not others:
        return first
    rows = sum(len(table.frame) for table in others)
    note = (
        f"{first.path.name} has {plural(rows, 'detection')} in other sheets, which are not read: "
        "save each sheet as a table of its own"
    )
    return replace(first, notes=(*first.notes, note))


def _read_json(path: Path, options: ReadOptions) -> DetectionTable:
    content = read_json(path, f"{path}")
    if isinstance(content, dict):
        if megadetector.is_megadetector(content):
            threshold = options.box_threshold
            return _guarded(path, lambda: megadetector.read_megadetector(path, content, threshold))
        if coco.is_coco(content):
            return _guarded(path, lambda: coco.read_coco(path, content))
        if camtrap_dp.is_package(content):
            return _guarded(path, lambda: camtrap_dp.read_package(path))
    raise InputDataError(
        f"{path} is JSON, but neither {coco.FORMAT} nor {megadetector.FORMAT} nor the "
        f"{camtrap_dp.DESCRIPTOR} of a {camtrap_dp.FORMAT}."
    )


def _guarded(path: Path, read: Callable[[], DetectionTable]) -> DetectionTable:
    """Read a file, and report in one sentence a part that is missing or of another type."""
    try:
        return read()
    except AutofocusError:
        raise
    except KeyError as error:
        missing = shown(error)
        raise InputDataError(
            f"{path} is not as its format requires: {missing} is missing."
        ) from None
    except (TypeError, AttributeError, ValueError, IndexError, ArithmeticError) as error:
        raise InputDataError(f"{path} is not as its format requires: {shown(error)}.") from None


def _read_source(source: Source, options: ReadOptions) -> DetectionTable:
    """Read a table with a header."""
    if wildlife.is_wildlife_insights(source.columns) and not options.columns:
        return _read_wildlife(source)
    if timelapse.is_timelapse(source.columns):
        layout = timelapse.timelapse_layout(source.columns, options, source.path)
        return _read_columns(source, layout, options, timelapse.FORMAT)
    return _read_columns(source, find_layout(source.columns, options, source.path), options)


def _read_wildlife(source: Source) -> DetectionTable:
    layout = wildlife.wildlife_layout(source.columns)
    names = wildlife.columns_to_read(source.columns)
    cells = source.read(list(names.values()))
    cells.columns = [*names, PROBLEM]
    records = make_records(wildlife.prepare(cells), layout, (), "", source.first_row)
    return DetectionTable(
        source.path,
        without_empty_columns(records),
        _format(wildlife.FORMAT, source),
        tuple(source.columns),
        {
            "label": ("common_name", "is_blank"),
            "date": layout.date,
            "location": ("deployment_id",),
        },
    )


def _read_columns(
    source: Source, layout: Layout, options: ReadOptions, program: str = ""
) -> DetectionTable:
    cells, flags = _read_cells(source, layout, options, program)
    records = make_records(cells, layout, flags, options.label_separator, source.first_row)
    told = tuple(options.columns)
    roles = {**layout.roles, **({LABEL: _few(flags)} if flags else {})}
    return DetectionTable(
        source.path,
        without_empty_columns(records, told),
        _format(program, source),
        tuple(source.columns),
        roles,
        is_standard=layout.is_standard,
        has_dates=bool(layout.date),
        is_split=bool(flags) or len(layout.label) > 1 or bool(options.label_separator),
    )


def _format(program: str, source: Source) -> str:
    return f"{program} table ({source.format})" if program else source.format


def _few(names: Sequence[str]) -> tuple[str, ...]:
    shown = 3
    if len(names) <= shown + 1:
        return tuple(names)
    return (*names[:shown], f"{len(names) - shown} more 0/1 columns")


def _read_cells(
    source: Source, layout: Layout, options: ReadOptions, program: str
) -> "tuple[pl.DataFrame, tuple[str, ...]]":
    """Return the cells, and which columns are 0/1 columns of labels.

    Raises:
        InputDataError: there is no column of labels.
    """
    if layout.label:
        cells = source.read_coded(layout.columns)
        return cells, layout.label if LABEL in options.columns and _is_wide(cells, layout) else ()
    names = [name for name in source.columns if name and source.columns.count(name) == 1]
    cells = source.read(names)
    others = {name: strip(cells[name]) for name in names if name not in layout.columns}
    flags = [name for name, column in others.items() if _is_label_flag(name, column)]
    for name in flags:
        check_unique(name, source.columns, source.path)
    contains = [name for name in flags if name.startswith(CONTAINS)]
    if program or not flags:
        candidates = [name for name, column in others.items() if _may_be_labels(name, column)]
        raise lacking_labels(source.columns, candidates, source.path)
    return cells, tuple(contains or flags)


def _is_wide(cells: "pl.DataFrame", layout: Layout) -> bool:
    """Tell whether the columns of labels are 0/1 columns, or several ones of counts."""
    columns = [strip(cells[name]) for name in layout.label]
    return all(map(are_flags, columns)) or (len(columns) > 1 and all(map(are_counts, columns)))


def _is_label_flag(name: str, column: "pl.Series") -> bool:
    key = heading_key(name)
    is_index = key.startswith("unnamed")  # As pandas calls the numbers of rows.
    return key not in _NO_LABELS and not is_index and are_flags(column, certainly=True)


def _may_be_labels(name: str, column: "pl.Series") -> bool:
    """Tell whether cells are words, not too many different ones."""
    return (
        heading_key(name) not in timelapse.FIXED
        and column.n_unique() <= _MANY
        and not are_flags(column)
        and bool(column.str.contains("[A-Za-z_]").any())
    )
