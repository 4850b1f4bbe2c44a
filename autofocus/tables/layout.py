"""The layout of a table: which of its columns hold path, label, date and the rest."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autofocus.errors import InputDataError
from autofocus.runs.wording import listed, shown
from autofocus.tables.columns import DETECTIONS
from autofocus.tables.headings import (
    CORRECTION,
    COUNT,
    DATE,
    FOLDER,
    LABEL,
    LOCATION,
    NAME,
    PATH,
    SEQUENCE,
    SOURCE,
    TIME,
    find_column,
    guess_column,
    heading_key,
    require_column,
)

# The columns that a table in the form of 2018 must have; its date may be missing.
_STANDARD = DETECTIONS[1:]


@dataclass(frozen=True)
class Layout:
    """The columns of a table by role.

    Attributes:
        path: the column of the image's path, or those of its folder and its name.
        label: the columns of labels; none if each label has a 0/1 column.
        date: the columns of date and, if it is apart, time; none if the table has no dates.
        location: the column of the location, if there is one.
        sequence: the column of the sequence, if there is one.
        count: the column with the number of animals, if there is one.
        source: the column that says who labelled, if there is one.
        correction: the column that marks rows that replace other labels, if there is one.
        is_standard: whether the table has the form of 2018, in which a row without a date is
            rejected.
        needs_folder: whether a row without a folder is rejected.
    """

    path: tuple[str, ...]
    label: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    location: str | None = None
    sequence: str | None = None
    count: str | None = None
    source: str | None = None
    correction: str | None = None
    is_standard: bool = False
    needs_folder: bool = False

    @property
    def roles(self) -> dict[str, tuple[str, ...]]:
        """The columns of each role that the table has."""
        further = {
            LOCATION: self.location, SEQUENCE: self.sequence,
            COUNT: self.count, SOURCE: self.source, CORRECTION: self.correction,
        }  # fmt: skip
        roles = {PATH: self.path, LABEL: self.label, DATE: self.date}
        roles |= {role: (column,) for role, column in further.items() if column}
        return {role: columns for role, columns in roles.items() if columns}

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that play a role, each once."""
        return tuple(dict.fromkeys(column for some in self.roles.values() for column in some))


@dataclass(frozen=True)
class ReadOptions:
    """How to read tables of detections, as far as people say.

    Attributes:
        columns: the columns of roles, by role.
        label_separator: what separates the labels in one cell; empty if there is one label.
        box_threshold: the score from which the box of a detector counts.
    """

    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    label_separator: str = ""
    box_threshold: float = 0.2


def find_layout(columns: Sequence[str], options: ReadOptions, path: Path) -> Layout:
    """Return the layout of a table, from its headings and from what people say of it.

    Args:
        columns: the headings.
        options: the columns that people name.
        path: the table, for messages.

    Raises:
        InputDataError: a column that was named is missing, no column can hold the path, or two
            can't be told apart.
    """
    chosen = {
        role: tuple(require_column(columns, name, path) for name in names)
        for role, names in options.columns.items()
    }
    named = {name for names in chosen.values() for name in names}
    layout = _find_layout(columns, chosen, path)
    for column in layout.columns:
        check_unique(column, columns, path, is_named=column in named)
    return layout


def _find_layout(
    columns: Sequence[str], chosen: Mapping[str, tuple[str, ...]], path: Path
) -> Layout:
    standard = [find_column(columns, name) for name in _STANDARD]
    if all(standard):
        return _standard_layout(columns, chosen)
    taken = [name for names in chosen.values() for name in names]
    paths = chosen.get(PATH) or _guess_path(columns, taken)
    if not paths:
        raise InputDataError(_lacking(columns, path))
    taken += paths

    def find(role: str) -> tuple[str, ...]:
        if role in chosen:
            return chosen[role]
        column = guess_column(columns, role, taken)
        taken.extend([column] if column else [])
        return (column,) if column else ()

    label, dates = find(LABEL), find(DATE)
    if len(dates) == 1 and (time := guess_column(columns, TIME, taken)):
        dates = (*dates, time)
    location, sequence, count, source = (
        next(iter(find(role)), None) for role in (LOCATION, SEQUENCE, COUNT, SOURCE)
    )
    correction = guess_column(columns, CORRECTION, taken)
    return Layout(paths, label, dates, location, sequence, count, source, correction)


def check_unique(
    column: str, columns: Sequence[str], path: Path, *, is_named: bool = False
) -> None:
    """Check that no other column can be meant as well as one.

    Args:
        column: the column.
        columns: all columns of the table.
        path: the table, for messages.
        is_named: whether people named the column as it is spelled.

    Raises:
        InputDataError: another has the same heading in another spelling, or is its double as
            pandas names it: of two columns `label` it makes `label` and `label.1`.
    """
    double = re.compile(re.escape(column) + r"\.\d{1,3}")
    for other in columns:
        is_same = not is_named and heading_key(other) == heading_key(column)
        if other != column and (is_same or double.fullmatch(other)):
            raise InputDataError(
                f"{path} has the columns {shown(column)} and {shown(other)}, of which only one "
                "can be meant: remove or rename the other."
            )


def _standard_layout(columns: Sequence[str], chosen: Mapping[str, tuple[str, ...]]) -> Layout:
    """Return the layout of a table in the form of 2018; its other columns are read if named.

    It has any columns, and one that happens to be called `location` never was the location.
    """
    folder, name, label = (find_column(columns, column) or "" for column in _STANDARD)
    date = find_column(columns, DETECTIONS[0])
    location, sequence, count, source = (
        next(iter(chosen.get(role, ())), None) for role in (LOCATION, SEQUENCE, COUNT, SOURCE)
    )
    return Layout(
        chosen.get(PATH, (folder, name)),
        chosen.get(LABEL, (label,)),
        chosen.get(DATE, (date,) if date else ()),
        location,
        sequence,
        count,
        source,
        is_standard=PATH not in chosen,
        needs_folder=PATH not in chosen,
    )


def _guess_path(columns: Sequence[str], taken: Sequence[str]) -> tuple[str, ...]:
    """Return the column of the path, or those of folder and name if both are there."""
    folder = guess_column(columns, FOLDER, taken)
    name = guess_column(columns, NAME, [*taken, folder])
    if folder and name:
        return folder, name
    path = guess_column(columns, PATH, taken)
    return (path,) if path else ()


def _lacking(columns: Sequence[str], path: Path) -> str:
    names = listed(filter(None, columns))
    return (
        f"{path} lacks a column with the paths of images, such as filepath, or FilePath and "
        f"FileName; it has {names}: name one with --columns path=COLUMN."
    )


def lacking_labels(
    columns: Sequence[str], candidates: Sequence[str], path: Path
) -> InputDataError:
    """Return the error of a table in which no column of labels was detected."""
    some = f"{listed(candidates)} might hold them"
    likely = some if candidates else f"it has {listed(filter(None, columns))}"
    column = candidates[0] if len(candidates) == 1 else "COLUMN"
    return InputDataError(
        f"{path} lacks a column with labels, such as label or ShortName; {likely}: name it with "
        f"--columns label={column}."
    )
