"""Columns of dates as people write them, converted to ISO form.

`date_forms` knows the forms, `date_choice` chooses among them for a whole column.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from autofocus.runs.wording import shown
from autofocus.tables.date_choice import Choice, Column, choose
from autofocus.tables.date_forms import (
    EXCEL,
    KINDS,
    NUMERIC,
    SEPARATORS,
    TIME,
    Kind,
    Parts,
    split_day,
)
from autofocus.tables.texts import Distinct, are_filled, find_distinct, map_cells

if TYPE_CHECKING:
    import polars as pl

_CLOCK = re.compile(
    r"[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?:\s*([AaPp])[Mm])?(?:Z|[+-]\d{2}:?\d{2})?$"
)
# Digits and blanks of other scripts make no date.
_SERIAL, _TIME, _SEPARATORS = (re.compile(form, re.ASCII) for form in (EXCEL, TIME, SEPARATORS))
_ADVICE = "give --date-format {}"
_ADVICE_OTHERS = "write them in one form, such as YYYY-MM-DD"
# So many images' own dates are compared at most, evenly spread over the column.
_COMPARED = 20_000


@dataclass(frozen=True)
class Dates:
    """A column of dates.

    Attributes:
        values: YYYY-MM-DD, or empty if a value is not a date; in the column's order.
        times: HH:MM:SS where a value has a time behind the date, else empty.
        forms: the forms that occur, in words.
        notes: what people should know, one sentence each.
    """

    values: "pl.Series"
    times: "pl.Series"
    forms: tuple[str, ...]
    notes: tuple[str, ...] = ()


def read_dates(
    column: "pl.Series",
    where: str,
    date_format: str | None = None,
    *,
    own: "pl.Series | None" = None,
    rows: "pl.Series | None" = None,
) -> Dates:
    """Read a column of dates.

    Args:
        column: text.
        where: the name of the column in messages.
        date_format: the form of dates of three numbers, `DAY_FIRST`, `MONTH_FIRST` or
            `YEAR_FIRST`; None to infer it.
        own: the date of the image that each cell's row is of, YYYY-MM-DD, where it is known.
        rows: the name of each cell's row in its file, for messages.

    Raises:
        AmbiguousDatesError: several forms fit the column, mean different days, and the images'
            own dates don't tell which it is.
    """
    keys = find_distinct(column)
    plains = list(map(_plain_day, keys.values))
    split = {text: found for text in dict.fromkeys(plains) if (found := split_day(text))}
    show = _shower(keys, plains, rows)
    choices = _choose_all(split, _compare(keys, own, plains), where, date_format, show)
    days = {text: day for one in choices.values() for text, day in one.days.items()}
    return Dates(
        keys.spread(day.isoformat() if (day := days.get(text)) else "" for text in plains),
        keys.map(_read_time),
        tuple(str(one) for one in choices.values() if any(one.days.values())),
        tuple(note for one in choices.values() for note in one.notes),
    )


def _plain_day(text: str) -> str:
    """Return a date without the time behind it, and with `-` for its separators."""
    text = text.strip()
    return text if _SERIAL.fullmatch(text) else _SEPARATORS.sub("-", _TIME.sub("", text))


def _choose_all(
    split: Mapping[str, tuple[Kind, Parts]],
    own: Mapping[tuple[str, date], int],
    where: str,
    date_format: str | None,
    show: Callable[[str], str],
) -> dict[str, Choice]:
    """Choose the form of each kind of dates that occurs."""
    choices = {}
    for kind in KINDS:
        parts = {text: parts for text, (one, parts) in split.items() if one is kind}
        if parts:
            there = {key: number for key, number in own.items() if key[0] in parts}
            advice = _ADVICE if kind is NUMERIC else _ADVICE_OTHERS
            column = Column(kind, parts, there, where, show, advice)
            choices[kind.name] = choose(column, date_format if kind is NUMERIC else None)
    return choices


def _compare(
    keys: Distinct, own: "pl.Series | None", plains: Sequence[str]
) -> Counter[tuple[str, date]]:
    """Count how often a text belongs to an image with a date of its own, by text and date."""
    counts: Counter[tuple[str, date]] = Counter()
    if own is None:
        return counts
    are_known = are_filled(own) & (keys.codes != keys.code(""))
    known = np.flatnonzero(are_known)
    known = known[:: max(len(known) // _COMPARED, 1)]
    for code, image_date in zip(
        keys.codes[known].tolist(), own.gather(known).to_list(), strict=True
    ):
        if day := _read_iso(image_date):
            counts[plains[code], day] += 1
    return counts


def _read_iso(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _shower(
    keys: Distinct, plains: Sequence[str], rows: "pl.Series | None"
) -> Callable[[str], str]:
    """Return what shows a text as it is in the column, with its first row."""

    def show(plain: str) -> str:
        text = keys.values[plains.index(plain)]
        place = keys.first(text)
        return f"{shown(text)} (row {place + 1 if rows is None else rows[place]})"

    return show


def _read_time(text: str) -> str:
    """Return the time behind a date, or the share of a day, as HH:MM:SS; nothing for none."""
    text = text.strip()
    if _SERIAL.fullmatch(text):
        return _read_clock_of_serial(text)
    return _read_clock(text)


def _read_clock(text: str) -> str:
    """Return the time behind a blank as HH:MM:SS; nothing if it is none."""
    match = _CLOCK.search(text)
    if match is None:
        return ""
    hour, minute, second, half = match.groups()
    hours = int(hour)
    if half:
        hours = hours % 12 + (half.lower() == "p") * 12
    fits = hours < 24 and minute < "60" and (second or "00") < "60"  # noqa: PLR2004 - of a day
    return f"{hours:02}:{minute}:{second or '00'}" if fits else ""


def _read_clock_of_serial(text: str) -> str:
    """Return the time of a number of days, to the second; none of a whole number."""
    seconds = round(float(text.replace(",", ".")) * 86400) % 86400
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return clock if seconds else ""


def read_clock(column: "pl.Series") -> "pl.Series":
    """Return the times of a column of times alone, as HH:MM:SS; empty where a cell is none."""
    return map_cells(column, lambda text: _read_clock(f" {text.strip()}"))
