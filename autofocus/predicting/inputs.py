"""The images to label."""

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path, PurePosixPath

from autofocus.errors import InputDataError, MissingInputError
from autofocus.images.finding import Listing, list_images
from autofocus.images.names import PREPARATION_NAME, suffixes_of
from autofocus.images.unkept import check_kept
from autofocus.runs.csv_files import CsvReader
from autofocus.runs.ledger import LEDGER_NAME, Row, read_ledger
from autofocus.runs.packed_names import PackedNames, merge_names, sort_names
from autofocus.runs.sharding import Shard, Shards

# The column of tables that names an image.
COLUMN = "filepath"
# The stage whose ledger lists originals that could not be used.
_PREPROCESS = "preprocess_images"


def find_inputs(
    indir: Path,
    extensions: Collection[str],
    *,
    single: Path | None = None,
    table: Path | None = None,
    shard: Shard | Shards | None = None,
    rejected: Collection[str] = (),
    allow_empty: bool = False,
) -> Listing:
    """Return the names of the images to label, and count the files that are ignored.

    Args:
        indir: the folder below which the images are.
        extensions: of the files to label; those in a table may have any.
        single: one image in the folder, to label it alone, whatever its extension.
        table: a CSV file whose column `filepath` names the images to label, whether they exist or
            not; None for all images below the folder.
        rejected: images that preprocessing rejected, labelled beside those in the folder.
        shard: the shards to label, which may be empty; None for all images.
        allow_empty: return an empty list if there are no images, instead of raising.

    Returns:
        Paths relative to the folder, with `/` between parts, sorted. A folder that can't be read
        is among them, with a `/` at the end.

    Raises:
        MissingInputError: the folder or table is missing or empty, or original images were not
            kept.
        InputDataError: the table lacks the column, or names an image elsewhere.
    """
    if single is None:
        check_kept(indir)
    if single is not None:
        listing = Listing([single.name])
    elif table is None:
        listing = list_images(indir, extensions, allow_empty=allow_empty or bool(rejected))
        listing = replace(listing, names=merge_names(listing.inputs, sorted(rejected)))
    else:
        listing = Listing(_read_names(table, indir, allow_empty=allow_empty))
    if shard is None:
        return listing
    return replace(listing, names=PackedNames(name for name in listing.names if shard.has(name)))


def find_rejected(indir: Path, extensions: Collection[str]) -> dict[str, Row]:
    """Return the ledger's rows of the images that `preprocess_images` rejected, by name.

    Args:
        indir: the folder that it wrote; empty for any other folder, or one without its ledger.
        extensions: of the files to label.

    Raises:
        InputDataError: the ledger is invalid.
    """
    ledger = indir / LEDGER_NAME
    if not ((indir / PREPARATION_NAME).is_file() and ledger.is_file()):
        return {}
    suffixes = suffixes_of(extensions)
    return {
        row.input: row
        for stage, row in read_ledger(ledger)
        if stage == _PREPROCESS and row.reason is not None
        if PurePosixPath(row.input).suffix.lower() in suffixes
        if not os.path.lexists(indir / row.input)
    }


def _read_names(table: Path, indir: Path, *, allow_empty: bool) -> Sequence[str]:
    # A table may have one row per label of an image.
    every = sort_names(name_below(indir, table, line, path) for line, path in _paths(table))
    names = PackedNames(name for name, _ in groupby(every))
    if not names and not allow_empty:
        raise MissingInputError(f"{table} has no rows: there is nothing to label.")
    return names


def _paths(table: Path) -> Iterator[tuple[int, str]]:
    """Yield the number of each row's last line, and its path."""
    with CsvReader(table, [COLUMN], lenient=True) as reader:
        column = reader.columns.index(COLUMN)
        for row in reader:
            yield reader.line, row[column]


def name_below(indir: Path, table: Path, line: int, text: str) -> str:
    """Return the name of an image in a table, relative to the folder of the images.

    Args:
        indir: the folder of the images.
        table: the table, which paths are relative to.
        line: the line of the table.
        text: the path.

    Raises:
        InputDataError: it names no image below the folder.
    """
    if not text or "\0" in text:
        raise InputDataError(f"{table}, line {line}: {COLUMN} names no image.")
    path, folder = _absolute(table.parent / text), _absolute(indir)
    if not path.is_relative_to(folder):
        # Either may lead through a link to a folder; an image may itself be a link.
        path, folder = path.parent.resolve() / path.name, folder.resolve()
    if path == folder or not path.is_relative_to(folder):
        raise InputDataError(
            f"{table}, line {line}: {text} does not lie below {indir}: give the folder that holds "
            "all images of the table as --indir."
        )
    return path.relative_to(folder).as_posix()


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - links stay as they are
