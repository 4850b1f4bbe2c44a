"""Deployments: where each camera stood, and for how long, from a table that people write."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from autofocus.errors import InputDataError
from autofocus.runs.csv_files import CsvReader
from autofocus.runs.spelling import fold_name
from autofocus.tables.cells import BLANKS
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
_NUMBERS = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})")
# Behind the minutes or seconds.
_OFFSET = re.compile(r"(?<=:\d{2})(\.\d+)?(Z|[+-]\d{2}:?\d{2})?$")
_NAMED = ("%Y-%m-%d", "%d-%b-%Y", "%d-%B-%Y", "%b-%d-%Y", "%B-%d-%Y", "%d-%b-%y")
_TIMES = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_LAST = timedelta(hours=23, minutes=59, seconds=59)
_LARGEST_MONTH = 12


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
    dates = _Dates.of(_all_dates(cells), path)
    rows: dict[str, Deployment] = {}
    for line, row in cells:
        where = f"{path}, line {line}"
        deployment = _read_row(row, dates, where)
        if deployment.name in rows:
            raise InputDataError(f"{where}: there are two deployments {deployment.name}.")
        rows[deployment.name] = deployment
    if not rows:
        raise InputDataError(f"{path} has no rows: it must have one per deployment.")
    return Deployments(path, tuple(rows.values()))


def _all_dates(cells: Iterable[tuple[int, Mapping[str, str]]]) -> list[str]:
    """Return all dates of a table."""
    return [row[name] for _, row in cells for name in ("start", "end") if row[name]]


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
    places = {
        name: keys.index(heading)
        for name, headings in _HEADINGS.items()
        for heading in headings[::-1]
        if heading in keys
    }
    if missing := [name for name in _REQUIRED if name not in places]:
        raise InputDataError(
            f"{path} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; it has "
            f"{', '.join(header)}."
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
            f"{where}: {text!r} must be decimal degrees between -{limit} and {limit}."
        )
    return value


@dataclass(frozen=True)
class _Dates:
    """How a table writes its dates.

    Attributes:
        is_day_first: whether the day precedes the month in dates of three numbers.
    """

    is_day_first: bool

    @classmethod
    def of(cls, texts: Iterable[str], path: Path) -> "_Dates":
        """Infer the order of day and month from all dates of a table.

        Raises:
            InputDataError: both orders fit, and mean different days.
        """
        pairs = [
            (int(match[1]), int(match[2]))
            for text in texts
            if (match := _NUMBERS.match(text.strip()))
        ]
        fits_day = all(second <= _LARGEST_MONTH for _, second in pairs)
        fits_month = all(first <= _LARGEST_MONTH for first, _ in pairs)
        if fits_day and fits_month and any(first != second for first, second in pairs):
            raise InputDataError(
                f"{path}: its dates can have the day or the month first: write them as YYYY-MM-DD."
            )
        return cls(fits_day)

    def read(self, text: str, where: str, *, is_end: bool = False) -> datetime:
        """Return a date and time; without a time, the first or the last second of the day."""
        plain = text.strip()
        iso = _read_iso(plain)
        if iso is not None:
            return iso + _LAST if is_end and ":" not in plain else iso
        match = _NUMBERS.match(plain)
        day, clock = (match[0], plain[match.end() :]) if match else _split(plain)
        date = self._numeric(match) if match else _first_form(day, _NAMED)
        time = _first_form(clock.strip(" T"), _TIMES) if clock.strip() else None
        if date is None or (clock.strip() and time is None):
            raise InputDataError(f"{where}: {text!r} is not a date such as 2016-07-05 21:00.")
        if time is not None:
            return datetime.combine(date, time.time())
        return date + _LAST if is_end else date

    def _numeric(self, match: "re.Match[str]") -> datetime | None:
        first, second, year = (int(number) for number in match.groups())
        day, month = (first, second) if self.is_day_first else (second, first)
        try:
            return datetime(year if year > 99 else 2000 + year, month, day)  # noqa: PLR2004
        except ValueError:
            return None


def _read_iso(text: str) -> datetime | None:
    """Return a time in ISO form; an offset is dropped, as the camera's clock has none."""
    try:
        return datetime.fromisoformat(_OFFSET.sub("", text)).replace(tzinfo=None)
    except ValueError:
        return None


def _first_form(text: str, forms: Sequence[str]) -> datetime | None:
    for form in forms:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None


def _split(text: str) -> tuple[str, str]:
    """Return a date with the name of its month, written with `-`, and the time behind it."""
    match = re.match(r"(\w+[-/. ]+\w+[-/., ]+\d{2,4})(.*)", text)
    return (re.sub(r"[-/., ]+", "-", match[1]), match[2]) if match else (text, "")
