"""Deployments: where each camera stood, and for how long, from a table that people write."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path

from autofocus.errors import InputDataError
from autofocus.runs.csv_files import CsvReader
from autofocus.runs.spelling import fold_name
from autofocus.runs.wording import listed, shown
from autofocus.tables.cells import BLANKS
from autofocus.tables.date_choice import Column, choose
from autofocus.tables.date_forms import KINDS, TIME, plain_day, split_day
from autofocus.tables.headings import heading_key
from autofocus.tables.text_formats import find_text_format

# The columns by their headings, as `heading_key` writes them.
_HEADINGS = {
    "location": ("location", "locationid", "locationname", "site", "station"),
    "latitude": ("latitude", "lat", "decimallatitude"),
    "longitude": ("longitude", "lon", "long", "lng", "decimallongitude"),
    "start": ("start", "deploymentstart", "startdate", "setupdate", "begin"),
    "end": ("end", "deploymentend", "enddate", "retrievaldate", "stop"),
    "camera": ("camera", "cameraid", "cameraname"),
    "deployment": ("deployment", "deploymentid"),
}
_REQUIRED = ("location", "latitude", "longitude", "start")
_ADVICE = "its dates can have the day or the month first; write them as YYYY-MM-DD"
# The time of a date, without the offset from UTC, which the camera's clock has none of.
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?(?=[.\sAaPpMmZz+-]|$)(\s*[AaPp][Mm])?")
_TIMES = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%I:%M:%S%p", "%I:%M%p")
_LAST = timedelta(hours=23, minutes=59, seconds=59)


@dataclass(frozen=True)
class Deployment:
    """A camera at a location over a period.

    Attributes:
        name: unique; that of the table, or location and start.
        location: as in the tables of images.
        latitude: in degrees (WGS 84), -90 to 90.
        longitude: in degrees, -180 to 180.
        start: by the camera's clock.
        end: by the camera's clock; None if it is unknown.
        camera: may be empty.
    """

    name: str
    location: str
    latitude: float
    longitude: float
    start: datetime
    end: datetime | None = None
    camera: str = ""

    def covers(self, moment: datetime) -> bool:
        """Tell whether the camera stood there at a time of its clock."""
        return self.start <= moment and (self.end is None or moment <= self.end)


@dataclass(frozen=True)
class Deployments:
    """All deployments of a project.

    Attributes:
        path: of the table.
        rows: in the table's order.
    """

    path: Path
    rows: tuple[Deployment, ...]

    @cached_property
    def _by_location(self) -> dict[str, list[Deployment]]:
        found: dict[str, list[Deployment]] = {}
        for one in self.rows:
            found.setdefault(fold_name(one.location), []).append(one)
        return found

    def find(self, location: str, moment: datetime, camera: str = "") -> Deployment | None:
        """Return the deployment during which an image was taken; None if there is none.

        Args:
            location: of the image, in any spelling.
            moment: when it was taken, by the camera's clock.
            camera: decides where two cameras stood at the same location.
        """
        there = [
            one for one in self._by_location.get(fold_name(location), ()) if one.covers(moment)
        ]
        of_camera = [one for one in there if camera and fold_name(one.camera) == fold_name(camera)]
        return next(iter(of_camera or there), None)


def read_deployments(path: Path) -> Deployments:
    """Read a table of deployments, with any delimiter, encoding and form of dates.

    Its columns are `location`, `latitude`, `longitude`, `start` and, where known, `end`, `camera`
    and `deployment`. A date without a time stands for the whole day.

    Raises:
        MissingInputError: there is no such table.
        InputDataError: it lacks a column, a cell can't be read, or two rows have the same name.
    """
    cells = list(_read_cells(path))
    dates = _Dates(_all_dates(cells), path)
    rows: dict[str, Deployment] = {}
    for line, row in cells:
        where = f"{path}, line {line}"
        deployment = _read_row(row, dates, where)
        if deployment.name in rows:
            raise InputDataError(f"{where}: there are two deployments {shown(deployment.name)}.")
        rows[deployment.name] = deployment
    if not rows:
        raise InputDataError(f"{path} has no rows: it must have one per deployment.")
    return Deployments(path, tuple(rows.values()))


def _all_dates(cells: Iterable[tuple[int, Mapping[str, str]]]) -> dict[str, int]:
    """Return all dates of a table, with the line in which each stands first."""
    texts: dict[str, int] = {}
    for line, row in cells:
        for name in ("start", "end"):
            if row[name]:
                texts.setdefault(row[name], line)
    return texts


def _read_cells(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the number of each row's line, and its cells by the names of `_HEADINGS`."""
    form = find_text_format(path)
    with CsvReader(
        path, encoding=form.encoding, delimiter=form.delimiter, skip=form.skip, lenient=True
    ) as reader:
        places = _find_columns(reader.columns, path)
        for row in reader:
            if any(row):
                cells = {name: _cell(row, places.get(name)) for name in _HEADINGS}
                yield reader.line, cells


def _cell(row: Sequence[str], place: int | None) -> str:
    text = "" if place is None else row[place].strip()
    return "" if text in BLANKS else text


def _find_columns(header: Sequence[str], path: Path) -> dict[str, int]:
    keys = [heading_key(name) for name in header]
    for key in {key for one in _HEADINGS.values() for key in one}:
        if keys.count(key) > 1:
            raise InputDataError(f"{path} has the column {key} twice: remove one.")
    places = {
        name: keys.index(heading)
        for name, headings in _HEADINGS.items()
        for heading in headings[::-1]
        if heading in keys
    }
    if missing := [name for name in _REQUIRED if name not in places]:
        raise InputDataError(
            f"{path} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; it has "
            f"{listed(header)}."
        )
    return places


def _read_row(row: Mapping[str, str], dates: "_Dates", where: str) -> Deployment:
    if not row["location"] or not row["start"]:
        raise InputDataError(f"{where}: a deployment needs a location and a start.")
    start = dates.read(row["start"], where)
    end = dates.read(row["end"], where, is_end=True) if row["end"] else None
    if end is not None and end < start:
        raise InputDataError(f"{where}: the deployment ends before it starts.")
    return Deployment(
        row["deployment"] or f"{row['location']}@{start.isoformat()}",
        row["location"],
        _degrees(row["latitude"], 90, where),
        _degrees(row["longitude"], 180, where),
        start,
        end,
        row["camera"],
    )


def _degrees(text: str, limit: int, where: str) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = limit + 1.0
    if not abs(value) <= limit:
        raise InputDataError(
            f"{where}: {shown(text)!r} must be decimal degrees between -{limit} and {limit}."
        )
    return value


class _Dates:
    """The dates of a table, read as those of a table of detections are.

    Args:
        texts: all dates of the table, with the numbers of their lines.
        path: the table, for messages.

    Raises:
        AmbiguousDatesError: several forms fit the dates, and mean different days.
    """

    def __init__(self, texts: Mapping[str, int], path: Path) -> None:
        self._days: dict[str, date | None] = {}
        plain = {plain_day(text): text for text in reversed(list(texts))}
        split = {day: found for day in plain if (found := split_day(day))}
        for kind in KINDS:
            parts = {day: parts for day, (one, parts) in split.items() if one is kind}

            def show(day: str) -> str:
                return f"{shown(plain[day])} (line {texts[plain[day]]})"

            if parts:
                self._days.update(choose(Column(kind, parts, {}, f"{path}", show, _ADVICE)).days)

    def read(self, text: str, where: str, *, is_end: bool = False) -> datetime:
        """Return a date and time; without a time, the first or the last second of the day."""
        day = self._days.get(plain_day(text))
        match = re.search(TIME, text.strip())
        clock = re.search(_CLOCK, match[0]) if match else None
        moment = _first_form(clock[0].upper(), _TIMES) if clock else None
        if day is None or (match and moment is None):
            raise InputDataError(
                f"{where}: {shown(text)!r} is not a date such as 2016-07-05 21:00."
            )
        if moment is not None:
            return datetime.combine(day, moment.time())
        midnight = datetime.combine(day, datetime.min.time())
        return midnight + _LAST if is_end else midnight


def _first_form(text: str, forms: Sequence[str]) -> datetime | None:
    for form in forms:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None
