"""The order of day, month and year in a table, where only the images can tell."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from autofocus.errors import AutofocusError, RejectedImageError
from autofocus.images.reading import read_moment
from autofocus.images.trims import spread
from autofocus.inspection.paths import PathMatch
from autofocus.tables.date_forms import GIVEN
from autofocus.tables.dates import read_dates
from autofocus.tables.importing.formats import read_table
from autofocus.tables.layout import ReadOptions
from autofocus.tables.records import DATE_TEXT
from autofocus.tables.shape import TableShape

# The number of images whose own dates are compared.
_COMPARED = 60
# The length of a date in ISO form.
_DATE = 10


def find_date_format(
    folder: Path, shapes: Sequence[TableShape], match: PathMatch, at_hand: Sequence[str]
) -> tuple[str, int, int]:
    """Return the order of day, month and year with which most dates are those of the images.

    Args:
        folder: the folder of the data.
        shapes: tables with paths; only those with a problem are read.
        match: how their paths lead to images.
        at_hand: the images that can be read, relative to the folder.

    Returns:
        The order, empty if it can't be told; the number of dates that it makes those of the
        images, and the number of images that were compared.
    """
    images = match.index(at_hand)
    best = ("", 0, 0)
    for shape in shapes:
        if shape.problem:
            best = max(best, _compare(folder, shape, match, images), key=lambda one: one[1])
    return best


def _compare(
    folder: Path, shape: TableShape, match: PathMatch, images: Mapping[tuple[str, ...], str]
) -> tuple[str, int, int]:
    try:
        texts = read_table(shape.path, ReadOptions()).frame[DATE_TEXT]
    except AutofocusError:
        return "", 0, 0
    named = [(row, match.find(path, images)) for row, path in enumerate(shape.paths)]
    chosen = spread([(row, image) for row, image in named if image], _COMPARED)
    own = [_read_date(folder / image) for _, image in chosen]
    column = texts.gather([row for row, _ in chosen])
    agreeing = {}
    for order in GIVEN:
        dates = read_dates(column, str(shape.path), order).values
        agreeing[order] = sum(a == b != "" for a, b in zip(dates, own, strict=True))
    *_, second, most = sorted(agreeing.values())
    if second == most:
        return "", 0, 0
    order = max(agreeing, key=lambda one: agreeing[one])
    return order, agreeing[order], len(chosen)


def _read_date(path: Path) -> str:
    try:
        return read_moment(path)[:_DATE]
    except RejectedImageError:
        return ""
