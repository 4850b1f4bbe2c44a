"""The forms of dates: how a text is read as a day, by each form that may be meant.

Standard library only, as tables of deployments are read where pandas isn't installed.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

Order = Literal["day-month-year", "month-day-year", "year-month-day"]
# Those that people can name.
GIVEN: tuple[Order, ...] = get_args(Order)
DAY_FIRST, MONTH_FIRST, YEAR_FIRST = GIVEN
YEAR_DAY_MONTH = "year-day-month"

# Older and later dates are mistakes; years such as 9999 stand for unknown dates.
_FIRST_YEAR, _LAST_YEAR = 1800, 2200
# Two digits are of 1969 to 2068, as in POSIX.
_PIVOT = 69
# Excel's day 1 is the first of January 1900, and it counts a 29th of February 1900, too.
_EXCEL_START = date(1899, 12, 30)
# Some workbooks of Macs count from 1904.
_MAC_DAYS = 1462
# Numbers of five digits are of 1954 to 2119; behind the comma is the share of the day.
EXCEL = r"^(?:[2-7]\d{4})(?:[.,]\d+)?$"
# A time behind a date.
TIME = r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(\s*[AaPp][Mm])?(Z|[+-]\d{2}:?\d{2})?$"
SEPARATORS = r"[\s/.:,_-]+"
_EXCEL = re.compile(EXCEL)
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_MONTH_NUMBERS = {
    spelling: number
    for number, month in enumerate(_MONTHS, 1)
    for spelling in (month, month[:3], *(["sept"] if month == "september" else []))
}
_LONG_YEAR, _SHORT_YEAR = 4, 2

Parts = tuple[str, str, str]


@dataclass(frozen=True)
class Form:
    """A way to read the parts of a date.

    Attributes:
        name: in words.
        read: returns the day; None if the parts can't be read so.
    """

    name: str
    read: Callable[[Parts], date | None]


@dataclass(frozen=True)
class Kind:
    """A kind of texts that the same forms may fit.

    Attributes:
        name: for lookups.
        usual: the forms that are equally likely; where several fit, only the images can tell.
        rare: forms that count where no usual one fits, or where the images' own dates say so.
        is_standard: whether the usual form is so common that texts which only a rare one fits
            are mistakes.
    """

    name: str
    usual: tuple[Form, ...]
    rare: tuple[Form, ...] = ()
    is_standard: bool = False

    @property
    def forms(self) -> tuple[Form, ...]:
        """All forms."""
        return self.usual + self.rare


def _year(text: str) -> int | None:
    if len(text) == _LONG_YEAR:
        return int(text)
    if len(text) != _SHORT_YEAR:
        return None
    return int(text) + (1900 if int(text) >= _PIVOT else 2000)


def _day(year: str, month: str, day: str) -> date | None:
    """Return a day; None if there is no such one, or none in which an image was taken."""
    number = _MONTH_NUMBERS.get(month.casefold()) or (int(month) if month.isdecimal() else 0)
    full = _year(year) if year.isdecimal() else None
    if full is None or not _FIRST_YEAR <= full <= _LAST_YEAR:
        return None
    try:
        return date(full, number, int(day) if len(day) <= _SHORT_YEAR else 0)
    except ValueError:
        return None


def _order(year: int, month: int, day: int) -> Callable[[Parts], date | None]:
    """Return the reader of parts that are in an order."""
    return lambda parts: _day(parts[year], parts[month], parts[day])


def _read_named(parts: Parts) -> date | None:
    """Read a day, a month by name and a year, or the month first, or a long year first."""
    first, second, third = parts
    if first.isdecimal() and len(first) == _LONG_YEAR:
        return _day(first, second, third)
    return _day(third, second, first) if first.isdecimal() else _day(third, first, second)


def _read_named_year_first(parts: Parts) -> date | None:
    """Read a year of two digits, a month by name and a day."""
    first, second, third = parts
    return _day(first, second, third) if first.isdecimal() else None


def _read_serial(start: date) -> Callable[[Parts], date | None]:
    """Return the reader of numbers of days; a time is rounded to the second."""
    return lambda parts: start + timedelta(days=round(float(parts[0]) * 86400) // 86400)


NAMED = Kind(
    "named",
    (Form("day-month(name)-year", _read_named),),
    (Form("year-month(name)-day", _read_named_year_first),),
)
LONG_YEAR_FIRST = Kind(
    "long year first",
    (Form("year-month-day (ISO)", _order(0, 1, 2)),),
    (Form(YEAR_DAY_MONTH, _order(0, 2, 1)),),
    is_standard=True,
)
NUMERIC = Kind(
    "numeric",
    (
        Form(DAY_FIRST, _order(2, 1, 0)),
        Form(MONTH_FIRST, _order(2, 0, 1)),
        Form(YEAR_FIRST, _order(0, 1, 2)),
    ),
    (Form(YEAR_DAY_MONTH, _order(0, 2, 1)),),
)
SERIAL = Kind(
    "serial",
    (Form("days as Excel counts them", _read_serial(_EXCEL_START)),),
    (
        Form(
            "days as Excel counts them on a Mac",
            _read_serial(_EXCEL_START + timedelta(days=_MAC_DAYS)),
        ),
    ),
    is_standard=True,
)
KINDS = (NAMED, LONG_YEAR_FIRST, NUMERIC, SERIAL)


def split_day(plain: str) -> tuple[Kind, Parts] | None:
    """Return the kind of a date and its parts; None if it can be no date.

    Args:
        plain: without a time behind it, and with `-` for its separators; the number of days of a
            workbook stays as it is.
    """
    if not plain.isascii():
        return None
    if _EXCEL.match(plain):
        return SERIAL, (plain.replace(",", "."), "", "")
    parts = _split_compact(plain) if plain.isdecimal() else tuple(plain.split("-"))
    if len(parts) != 3:  # noqa: PLR2004 - day, month and year
        return None
    first, second, third = parts
    if all(map(str.isdecimal, parts)):
        return (LONG_YEAR_FIRST if len(first) == _LONG_YEAR else NUMERIC), (first, second, third)
    is_named = first.casefold() in _MONTH_NUMBERS or second.casefold() in _MONTH_NUMBERS
    return (NAMED, (first, second, third)) if is_named else None


def _split_compact(plain: str) -> tuple[str, ...]:
    """Return the parts of 20160705, of 05072016 or of 160705; none of other numbers."""
    if len(plain) == 8:  # noqa: PLR2004 - two, two and four digits
        last = plain[:2], plain[2:4], plain[4:]
        first = plain[:4], plain[4:6], plain[6:]
        is_last = not _reads(LONG_YEAR_FIRST.usual, first) and _reads(NUMERIC.usual, last)
        return last if is_last else first
    return (plain[:2], plain[2:4], plain[4:]) if len(plain) == 6 else ()  # noqa: PLR2004


def _reads(forms: Sequence[Form], parts: Parts) -> bool:
    return any(form.read(parts) for form in forms)


def plain_day(text: str) -> str:
    """Return a date without the time behind it, and with `-` for its separators."""
    stripped = text.strip()
    if _EXCEL.match(stripped):
        return stripped
    return re.sub(SEPARATORS, "-", re.sub(TIME, "", stripped))
