"""What a format is: the files that it consists of, and how they are written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autofocus.exporting.context import Export, Problem
from autofocus.exporting.rows import ExportRow


def _takes_all(_: Export, __: ExportRow) -> Problem | None:
    return None


@dataclass(frozen=True)
class Format:
    """A format of results.

    Attributes:
        files: the names of its files, relative to the folder of the export.
        write: writes them, given the path to write to for each name; returns notes for people.
        problem: tells why the format can't hold a row; None if it can.
    """

    files: tuple[str, ...]
    write: Callable[[Export, Mapping[str, Path]], Sequence[str]]
    problem: Callable[[Export, ExportRow], Problem | None] = _takes_all
