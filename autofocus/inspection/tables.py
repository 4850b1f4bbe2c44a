"""Which of the files beside images are tables of detections, and how they are read."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from autofocus.errors import AutofocusError, MissingDependencyError
from autofocus.inspection.paths import PathMatch, match_paths
from autofocus.runs.ledger import COLUMNS as LEDGER_COLUMNS
from autofocus.tables.columns import LOCATION
from autofocus.tables.layout import ReadOptions
from autofocus.tables.shape import TableShape, describe_table

# The endings of files that may be tables, and the size from which on one is too large to inspect.
_WORKBOOK = ".xlsx"
ENDINGS = frozenset((".csv", ".tsv", ".txt", ".json", _WORKBOOK, ".zip"))
_MAX_BYTES = 1 << 30
# Headings under which locations are found, in lower case and without separators.
_LOCATION_HEADINGS = (
    "location", "locationname", "locationid", "site", "siteid", "sitename", "station",
    "stationid", "camerasite", "place", "deployment", "deploymentid", "plot", "placename",
)  # fmt: skip
_SEPARATORS = (";", "|", ",", "/")
# Share of the labels of several words that must consist of known labels.
_MIN_KNOWN = 0.5


@dataclass(frozen=True)
class Tables:
    """The tables of detections among files.

    Attributes:
        shapes: those whose paths lead to images, or else those that have paths at all.
        left_out: those whose paths lead to images in another way, which one run can't use, too.
        match: how their paths lead to images.
        problems: sentences on files that might be tables, but can't be read as they are.
        label_separator: what separates labels in a cell; empty if nothing does.
        location_column: a column that holds the location, if it must be named to be read.
        locations: how often each location occurs in the tables.
    """

    shapes: tuple[TableShape, ...] = ()
    left_out: tuple[TableShape, ...] = ()
    match: PathMatch = field(default_factory=PathMatch)
    problems: tuple[str, ...] = ()
    label_separator: str = ""
    location_column: str = ""
    locations: Mapping[str, int] = field(default_factory=dict)

    @property
    def labels(self) -> Counter[str]:
        """How often each label occurs."""
        labels: Counter[str] = Counter()
        for shape in self.shapes:
            for text, number in shape.labels.items():
                for label in _split(text, self.label_separator):
                    labels[label] += number
        return labels


def inspect_tables(folder: Path, files: Sequence[str], names: Sequence[str]) -> Tables:
    """Find the tables of detections.

    Args:
        folder: the folder of the data.
        files: the files that may be tables, relative to the folder.
        names: the images, relative to the folder.
    """
    shapes, problems = [], []
    for file in files:
        shape = _describe(folder / file)
        if shape is None:
            continue
        if shape.rows:
            shapes.append(shape)
        if shape.problem and (shape.rows or _looks_like_table(shape)):
            problems.append(shape.problem.replace(f"{folder}/", ""))
    chosen, left_out = _choose(shapes, names)
    match = match_paths((path for shape in chosen for path in shape.paths), names)
    column, locations = _find_locations(chosen)
    separator = _find_separator(chosen)
    return Tables(chosen, left_out, match, tuple(problems), separator, column, locations)


def _choose(
    shapes: Sequence[TableShape], names: Sequence[str]
) -> tuple[tuple[TableShape, ...], tuple[TableShape, ...]]:
    """Return the tables to use, and those that lead to images in another way.

    A run removes the same number of components from the paths of all tables.
    """
    groups: dict[tuple[int, str], list[TableShape]] = defaultdict(list)
    matched: Counter[tuple[int, str]] = Counter()
    for shape in shapes:
        match = match_paths(shape.paths, names)
        if match.matched:
            way = match.strip_components, match.folder
            groups[way].append(shape)
            matched[way] += match.matched
    if not groups:
        return tuple(shapes), ()
    (best, _), *_ = matched.most_common(1)
    others = (shape for way, group in groups.items() if way != best for shape in group)
    return tuple(groups[best]), tuple(others)


def _looks_like_table(shape: TableShape) -> bool:
    """Return whether a file that can't be used may be meant as a table of detections."""
    if shape.path.suffix.lower() == _WORKBOOK:
        return True
    is_text = shape.path.suffix.lower() == ".txt"
    is_own = shape.columns[: len(LEDGER_COLUMNS)] == LEDGER_COLUMNS
    return len(shape.columns) > 1 and not is_text and not is_own


def _describe(path: Path) -> TableShape | None:
    """Return the shape of a file; None if it can't be a table of detections."""
    if PurePosixPath(path.name).suffix.lower() not in ENDINGS or path.stat().st_size > _MAX_BYTES:
        return None
    try:
        return describe_table(path)
    except MissingDependencyError as error:
        return TableShape(path, problem=str(error))
    except AutofocusError:
        return None


def name_patterns(shapes: Sequence[TableShape], folder: Path) -> list[str]:
    """Return the tables' paths relative to the data."""
    return [shape.path.relative_to(folder).as_posix() for shape in shapes]


def _find_locations(shapes: Sequence[TableShape]) -> tuple[str, Mapping[str, int]]:
    """Return the column to name, if one must be, and how often each location occurs."""
    given = [shape for shape in shapes if LOCATION in shape.given]
    if given:
        return "", _sum(shape.locations for shape in given)
    candidates = [_guess_location(shape) for shape in shapes]
    if not candidates or not candidates[0] or set(candidates) != {candidates[0]}:
        return "", {}
    options = ReadOptions({LOCATION: (candidates[0],)})
    locations = _sum(describe_table(shape.path, options).locations for shape in shapes)
    return (candidates[0], locations) if len(locations) > 1 else ("", {})


def _guess_location(shape: TableShape) -> str:
    keys = {"".join(filter(str.isalnum, name.lower())): name for name in shape.columns}
    return next((keys[key] for key in _LOCATION_HEADINGS if key in keys), "")


def _sum(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return total


def _find_separator(shapes: Sequence[TableShape]) -> str:
    """Return the text that separates labels in cells: what it separates are labels elsewhere."""
    labels = _sum(shape.labels for shape in shapes)
    for separator in _SEPARATORS:
        several = [text for text in labels if separator in text]
        single = {text for text in labels if separator not in text}
        known = [text for text in several if set(_split(text, separator)) & single]
        if several and len(known) >= _MIN_KNOWN * len(several):
            return separator
    return ""


def _split(text: str, separator: str) -> list[str]:
    if not separator:
        return [text]
    return list(dict.fromkeys(part.strip() for part in text.split(separator) if part.strip()))
