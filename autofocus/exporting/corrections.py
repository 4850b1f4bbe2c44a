"""Corrected labels, as people give them back: Label Studio's JSON, Timelapse's CSV, or any CSV."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from autofocus.errors import InputDataError, MissingInputError
from autofocus.exporting.label_studio import CHOICE, IMAGE
from autofocus.exporting.timelapse import REVIEWED
from autofocus.options.text_files import read_json
from autofocus.runs.csv_files import CsvReader
from autofocus.runs.wording import listed, shown
from autofocus.tables.cells import find_problem
from autofocus.tables.headings import heading_key
from autofocus.tables.text_formats import find_text_format

_PATHS = ("original", "filepath", "path", "filename", "file", "image")
_LABELS = ("label", "labels", "species")
_BY = ("by", "correctedby", "labelledby", "reviewer", "reviewedby", "observer", "annotator")
_WHEN = ("when", "correctedat", "reviewedat", "updatedat", "correcteddate")
_YES = {"true", "1", "yes", "y", "x"}
# What `labelled_by` says of a prediction is no name of a person.
_NOBODY = {"machine", "model", "human"}


@dataclass(frozen=True)
class Correction:
    """The labels that an image has after somebody may have looked at it.

    Attributes:
        source: what identifies it in its file, such as a line.
        path: of the image, as the file names it.
        labels: its labels; none if the cell is empty.
        is_reviewed: whether somebody has certainly looked at it.
        by: who; may be empty.
        when: when, as the file tells it; may be empty.
        is_deleted: whether it was marked to be deleted.
        problem: what keeps it from being read; empty for nothing.
    """

    source: str
    path: str
    labels: tuple[str, ...]
    is_reviewed: bool = False
    by: str = ""
    when: str = ""
    is_deleted: bool = False
    problem: str = ""


def read_corrections(path: Path) -> Iterator[Correction]:
    """Yield the rows of a file of corrected labels.

    Args:
        path: the JSON or JSON-MIN export of Label Studio, a CSV of Timelapse with the columns
            `RelativePath` and `File`, or another table with columns of paths and labels.

    Raises:
        MissingInputError: there is no such file.
        InputDataError: it is of another kind, or can't be read.
    """
    if not path.is_file():
        raise MissingInputError(f"There is no file {path}.")
    with path.open("rb") as file:
        start = file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    return _read_tasks(path) if start[:1] in (b"[", b"{") else _read_table(path)


def _read_tasks(path: Path) -> Iterator[Correction]:
    tasks = read_json(path)
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        raise InputDataError(f"{path} is not a list of tasks, as Label Studio exports it.")
    for number, task in enumerate(tasks, 1):
        name = f"task {shown(task.get('id', number))}"
        try:
            correction = _read_task(name, task)
        except (LookupError, TypeError, AttributeError, ValueError):
            correction = Correction(name, "", (), problem="it is no task of Label Studio")
        if correction is not None:
            yield _checked(correction)


def _checked(one: Correction) -> Correction:
    """Return a correction with what keeps it from being used, if something does."""
    if one.problem:
        return one
    problems = [
        f"the path {find_problem(one.path, is_path=True)}"
        * bool(find_problem(one.path, is_path=True)),
        *(f"the label {problem}" for label in one.labels if (problem := find_problem(label))),
    ]
    return replace(one, problem=next(filter(None, problems), ""))


def _read_task(name: str, task: Mapping[str, Any]) -> Correction | None:
    """Return the last annotation of a task; None if nobody has annotated it."""
    if "data" not in task:
        return _read_flat_task(name, task)
    annotations = [one for one in task.get("annotations", ()) if not one.get("was_cancelled")]
    if not annotations:
        return None
    last = max(annotations, key=_moment_of)
    labels: list[str] = []
    for result in last["result"]:
        if result.get("from_name") == CHOICE:
            labels += _choices(result["value"])
    by = last.get("completed_by", "")
    who = by.get("email") or by.get("id", "") if isinstance(by, Mapping) else by
    path = _task_path(task["data"])
    return Correction(name, path, tuple(labels), True, str(who), _moment_of(last))


def _read_flat_task(name: str, task: Mapping[str, Any]) -> Correction | None:
    """Return what JSON-MIN, which exports only annotated tasks, tells of one."""
    value = task.get(CHOICE, "")
    labels = _choices(value) if isinstance(value, Mapping) else [str(value)] if value else []
    by, when = str(task.get("annotator", "")), _moment_of(task)
    return Correction(name, _task_path(task), tuple(labels), True, by, when)


def _choices(value: Mapping[str, Any]) -> list[str]:
    """Return the labels that were chosen: a list, or in some exports a text where it is one."""
    choices = value["choices"]
    return [choices] if isinstance(choices, str) else [str(choice) for choice in choices]


def _moment_of(annotation: Mapping[str, Any]) -> str:
    return str(annotation.get("updated_at") or annotation.get("created_at") or "")


def _task_path(data: Mapping[str, Any]) -> str:
    """Return the image's path; of tasks from elsewhere, what follows the image's address."""
    if "original" in data:
        return str(data["original"])
    address = str(data[IMAGE])
    return unquote(address.rpartition("?d=")[2] if "?d=" in address else address)


def _read_table(path: Path) -> Iterator[Correction]:
    form = find_text_format(path)
    with CsvReader(
        path, encoding=form.encoding, delimiter=form.delimiter, skip=form.skip, lenient=True
    ) as reader:
        keys = [heading_key(name) for name in reader.columns]
        for key in (*_PATHS, *_LABELS, *_BY, *_WHEN):
            if keys.count(key) > 1:
                raise InputDataError(f"{path} has the column {key} twice: remove one.")
        cells_of = _cell_reader(keys)
        if not any(key in keys for key in _LABELS) or not any(key in keys for key in _PATHS):
            raise InputDataError(
                f"{path} lacks a column of paths (original, filepath, or RelativePath and File) "
                f"or the column label; it has {listed(reader.columns)}."
            )
        for row, problem in reader.rows():
            one = _read_row(f"line {reader.line}", cells_of(row))
            yield _checked(replace(one, problem=problem))


def _cell_reader(keys: Sequence[str]) -> "Callable[[Sequence[str]], _Find]":
    places = {key: number for number, key in reversed(list(enumerate(keys)))}

    def cells_of(row: Sequence[str]) -> _Find:
        def find(*names: str) -> str:
            place = next((places[name] for name in names if name in places), None)
            return "" if place is None else row[place].strip()

        return find

    return cells_of


_Find = Callable[..., str]


def _read_row(source: str, find: _Find) -> Correction:
    path = find(*_PATHS)
    if folder := find("relativepath"):
        path = f"{folder}/{path}"
    by = find(*_BY)
    return Correction(
        source,
        path.replace("\\", "/"),
        tuple(filter(None, (label.strip() for label in find(*_LABELS).split(";")))),
        find(REVIEWED).lower() in _YES,
        "" if by in _NOBODY else by,
        find(*_WHEN),
        find("deleteflag").lower() in _YES,
    )
