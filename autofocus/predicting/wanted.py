"""Which photographs to label."""

import os
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from autofocus.errors import InputDataError, MissingInputError
from autofocus.images.finding import Listing, list_images
from autofocus.images.names import PREPARATION_NAME
from autofocus.runs.csv_files import CsvReader
from autofocus.runs.ledger import LEDGER_NAME, Row, read_ledger
from autofocus.runs.sharding import Shard

_COLUMN = "filepath"
# The stage whose ledger tells of originals that could not be used.
_PREPROCESS = "preprocess_images"


def find_wanted(
    indir: Path,
    extensions: Collection[str],
    *,
    table: Path | None = None,
    shard: Shard | None = None,
    rejected: Collection[str] = (),
    allow_empty: bool = False,
) -> Listing:
    """Return the names of the photographs to label, and what is ignored beside them.

    Args:
        indir: the folder below which they lie.
        extensions: those of the files to take; a table's files are taken whatever they end in.
        table: a CSV file whose column `filepath` names photographs: those are taken, be they there
            or not; None takes all below the folder.
        rejected: photographs that are not there any more, to be taken beside those of the folder.
        shard: the part of them to take, which may be empty; None takes all.
        allow_empty: whether to return nothing where there is nothing, rather than raise.

    Returns:
        Paths relative to the folder, with `/` between parts, in rising order.

    Raises:
        MissingInputError: there is no such folder or table, or nothing in it.
        InputDataError: the table has no such column, or names something elsewhere.
    """
    if table is None:
        listing = list_images(indir, extensions, allow_empty=allow_empty or bool(rejected))
        listing = replace(listing, names=sorted({*listing.names, *rejected}))
    else:
        listing = Listing(_listed(table, indir, allow_empty=allow_empty))
    if shard is None:
        return listing
    return replace(listing, names=[name for name in listing.names if shard.has(name)])


def find_rejected(indir: Path, extensions: Collection[str]) -> dict[str, Row]:
    """Return what `preprocess_images` rejected when it made a folder, by name.

    Args:
        indir: the folder; nothing is known of one that it did not make, or without its ledger.
        extensions: those of the photographs to take.

    Raises:
        InputDataError: its ledger is none.
    """
    ledger = indir / LEDGER_NAME
    if not ((indir / PREPARATION_NAME).is_file() and ledger.is_file()):
        return {}
    wanted = {extension.lower().lstrip(".") for extension in extensions}
    return {
        row.input: row
        for stage, row in read_ledger(ledger)
        if stage == _PREPROCESS and row.reason is not None
        if PurePosixPath(row.input).suffix.lower().lstrip(".") in wanted
        if not os.path.lexists(indir / row.input)
    }


def _listed(table: Path, indir: Path, *, allow_empty: bool) -> list[str]:
    # A table may have a row for each label of a photograph.
    names = {_name_below(indir, table, line, path) for line, path in _paths(table)}
    if not names and not allow_empty:
        raise MissingInputError(f"{table} has no rows: there is nothing to label.")
    return sorted(names)


def _paths(table: Path) -> Iterator[tuple[int, str]]:
    """Yield the number of each row's last line, and its path."""
    with CsvReader(table, [_COLUMN], lenient=True) as reader:
        column = reader.columns.index(_COLUMN)
        for row in reader:
            yield reader.line, row[column]


def _name_below(indir: Path, table: Path, line: int, text: str) -> str:
    if not text or "\0" in text:
        raise InputDataError(f"{table}, line {line}: {_COLUMN} names no photograph.")
    path, folder = _absolute(table.parent / text), _absolute(indir)
    if not path.is_relative_to(folder):
        # Either may have been reached by a link to a folder; a photograph may itself be a link.
        path, folder = path.parent.resolve() / path.name, folder.resolve()
    if path == folder or not path.is_relative_to(folder):
        raise InputDataError(
            f"{table}, line {line}: {text} does not lie below {indir}: give the folder that holds "
            "all photographs of the table as --indir."
        )
    return path.relative_to(folder).as_posix()


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - links stay as they are
