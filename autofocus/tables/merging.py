"""The merge of the tables of shards, in flat memory."""

import heapq
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from autofocus.errors import InputDataError, MissingInputError
from autofocus.runs import files
from autofocus.runs.csv_files import CsvReader, CsvWriter

# Tables that are open at the same time: systems often allow a process 1024 files.
MOST_OPEN = 200


def merge_tables(paths: Sequence[Path], outpath: Path, key: str) -> int:
    """Merge sorted CSV tables with the same columns.

    The result is byte-identical to the table that a single run over all shards would write.

    Args:
        paths: the tables, each sorted by `key`.
        outpath: the table to write; it must not be among `paths`.
        key: the column that identifies a row.

    Returns:
        The number of rows.

    Raises:
        MissingInputError: a table does not exist, or none is given.
        InputDataError: a table has other columns than the first, or lacks `key`; a row can't be
            read or is not in order; or two rows have the same key, because shards overlap.
    """
    if not paths:
        raise MissingInputError("Give at least one table to merge.")
    outpath.parent.mkdir(parents=True, exist_ok=True)
    if len(paths) > MOST_OPEN:
        return _merge_in_groups(paths, outpath, key)
    with files.whole_file(outpath, outpath.parent) as unfinished, ExitStack() as stack:
        tables = [stack.enter_context(CsvReader(path, [key])) for path in paths]
        for table in tables[1:]:
            _check_columns(tables[0], table)
        writer = stack.enter_context(CsvWriter(unfinished, tables[0].columns))
        number, before = 0, None
        for name, path, row in heapq.merge(*(_rows(table, key) for table in tables)):
            if name == before:
                raise InputDataError(
                    f"{path} names {name} a second time: shards overlap, or one is given twice."
                )
            writer.write(row)
            number, before = number + 1, name
    return number


def _merge_in_groups(paths: Sequence[Path], outpath: Path, key: str) -> int:
    """Merge more tables than a process may have open files."""
    with tempfile.TemporaryDirectory(dir=outpath.parent, prefix=".merging-") as folder:
        groups = []
        for start in range(0, len(paths), MOST_OPEN):
            groups.append(Path(folder) / f"{start}.csv")
            merge_tables(paths[start : start + MOST_OPEN], groups[-1], key)
        return merge_tables(groups, outpath, key)


def _rows(table: CsvReader, key: str) -> Iterator[tuple[str, Path, list[str]]]:
    """Yield the rows of a table, each behind its key and the table's path."""
    column, before = table.columns.index(key), ""
    for row in table:
        name = row[column]
        if name < before:
            raise InputDataError(f"{table.path} is not sorted at {name}.")
        before = name
        yield name, table.path, row


def _check_columns(first: CsvReader, other: CsvReader) -> None:
    if first.columns != other.columns:
        raise InputDataError(
            f"{first.path} and {other.path} have different columns: they were not written with "
            "the same settings."
        )
