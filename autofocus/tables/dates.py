"""Columns of dates as people write them, converted to ISO form.

`date_forms` knows the forms, `date_choice` chooses among them for a whole column.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    import pandas as pd

_CLOCK = (
    r"[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?:\s*([AaPp])[Mm])?(?:Z|[+-]\d{2}:?\d{2})?$"
)
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

    values: "pd.Series[str]"
    times: "pd.Series[str]"
    forms: tuple[str, ...]
    notes: tuple[str, ...] = ()


def read_dates(
    column: "pd.Series[str]",
    where: str,
    date_format: str | None = None,
    *,
    own: "pd.Series[str] | None" = None,
    rows: "pd.Series[str] | None" = None,
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
    keys = column.drop_duplicates()
    unique = keys.str.strip()
    plain = unique.str.replace(TIME, "", regex=True).str.replace(SEPARATORS, "-", regex=True)
    are_serial = unique.str.fullmatch(EXCEL)
    plain = plain.mask(are_serial, unique)
    plains = plain.tolist()
    split = {text: found for text in dict.fromkeys(plains) if (found := split_day(text))}
    show = _shower(column, dict(zip(keys, plains, strict=True)), rows)
    choices = _choose_all(split, _compare(column, own, keys, plains), where, date_format, show)
    days = {text: day for one in choices.values() for text, day in one.days.items()}
    values = [day.isoformat() if (day := days.get(text)) else "" for text in plains]
    times = _read_times(unique, are_serial)
    return Dates(
        _spread(column, keys, values),
        _spread(column, keys, times),
        tuple(str(one) for one in choices.values() if any(one.days.values())),
        tuple(note for one in choices.values() for note in one.notes),
    )


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
    column: "pd.Series[str]",
    own: "pd.Series[str] | None",
    keys: "pd.Series[str]",
    plains: list[str],
) -> Counter[tuple[str, date]]:
    """Count how often a text belongs to an image with a date of its own, by text and date."""
    counts: Counter[tuple[str, date]] = Counter()
    if own is None:
        return counts
    are_known = (own != "").to_numpy() & (column != "").to_numpy()
    step = max(int(are_known.sum()) // _COMPARED, 1)
    texts, dates = column[are_known].iloc[::step], own[are_known].iloc[::step]
    plain_of = dict(zip(keys, plains, strict=True))
    for text, image_date in zip(texts, dates, strict=True):
        if day := _read_iso(image_date):
            counts[plain_of[text], day] += 1
    return counts


def _read_iso(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _shower(
    column: "pd.Series[str]", plain_of: Mapping[str, str], rows: "pd.Series[str] | None"
) -> Callable[[str], str]:
    """Return what shows a text as it is in the column, with its first row."""

    def show(plain: str) -> str:
        texts = [text for text, one in plain_of.items() if one == plain]
        place = int((column == texts[0]).to_numpy().argmax())
        return f"{shown(texts[0])} (row {place + 1 if rows is None else rows.iloc[place]})"

    return show


def _spread(
    column: "pd.Series[str]", keys: "pd.Series[str]", values: Iterable[Hashable]
) -> "pd.Series[str]":
    """Return the value of each cell, given that of each different cell."""
    return column.map(dict(zip(keys, values, strict=True))).astype(str)


def _read_times(texts: "pd.Series[str]", are_serial: "pd.Series[bool]") -> "pd.Series[str]":
    """Return the time behind each date, as HH:MM:SS; empty where there is none."""
    import pandas as pd

    times = pd.Series("", index=texts.index, dtype=str)
    parts = texts.str.extract(_CLOCK)
    given = parts[parts[0].notna()]
    if not given.empty:
        hours = given[0].astype(int)
        is_pm = given[3].fillna("").str.lower()
        hours = hours.mask(is_pm != "", hours % 12) + (is_pm == "p") * 12
        clock = hours.astype(str).str.zfill(2) + ":" + given[1] + ":" + given[2].fillna("00")
        fits = hours.lt(24) & given[1].lt("60") & given[2].fillna("00").lt("60")
        times[given.index] = clock.where(fits, "")
    if are_serial.any():
        serial = texts[are_serial]
        times[serial.index] = serial.map(_read_clock_of_serial)
    return times


def _read_clock_of_serial(text: str) -> str:
    """Return the time of a number of days, to the second; none of a whole number."""
    seconds = round(float(text.replace(",", ".")) * 86400) % 86400
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return clock if seconds else ""


def read_clock(column: "pd.Series[str]") -> "pd.Series[str]":
    """Return the times of a column of times alone, as HH:MM:SS; empty where a cell is none."""
    import pandas as pd

    texts = column.drop_duplicates()
    none = pd.Series(False, index=texts.index)
    return _spread(column, texts, _read_times(" " + texts.str.strip(), none))
