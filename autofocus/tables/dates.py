"""Dates as people write them, converted to ISO form.

A date with the name of the month, in ISO form, or as the number by which Excel counts days is
unambiguous. A date of three numbers can have the day or the month first, and with two digits the
year, too: that is inferred for a whole column, from all of its values.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from autofocus.errors import InputDataError

if TYPE_CHECKING:
    import pandas as pd

DAY_FIRST, MONTH_FIRST, YEAR_FIRST = "day-month-year", "month-day-year", "year-month-day"

# Separators are replaced by `-` first, and a time after the date is removed.
_NAMED = ("%d-%b-%y", "%d-%b-%Y", "%d-%B-%y", "%d-%B-%Y", "%b-%d-%Y", "%B-%d-%Y")
_ISO = ("%Y-%m-%d",)
_NUMERIC = {
    DAY_FIRST: ("%d-%m-%Y", "%d-%m-%y"),
    MONTH_FIRST: ("%m-%d-%Y", "%m-%d-%y"),
    YEAR_FIRST: ("%y-%m-%d",),
}
# Excel's day 1 is the first of January 1900, and it counts a 29th of February 1900, too.
_EXCEL_START = "1899-12-30"
# Older and later dates are mistakes.
_FIRST_YEAR, _LAST_YEAR = 1800, 2200
# From 1954 to 2119: numbers of five digits, behind the comma the share of the day.
_EXCEL = r"^(?:[2-7]\d{4})(?:[.,]\d+)?$"
_TIME = r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(\s*[AaPp][Mm])?(Z|[+-]\d{2}:?\d{2})?$"
_CLOCK = (
    r"[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?:\s*([AaPp])[Mm])?(?:Z|[+-]\d{2}:?\d{2})?$"
)


@dataclass(frozen=True)
class Dates:
    """A column of dates.

    Attributes:
        values: YYYY-MM-DD, or empty if a value is not a date; in the column's order.
        times: HH:MM:SS where a value has a time behind the date, else empty.
        forms: the forms that occur, in words.
    """

    values: "pd.Series[str]"
    times: "pd.Series[str]"
    forms: tuple[str, ...]


def read_dates(column: "pd.Series[str]", where: str, date_format: str | None = None) -> Dates:
    """Read a column of dates.

    Args:
        column: text.
        where: the name of the column in messages.
        date_format: the form of dates of three numbers, `DAY_FIRST`, `MONTH_FIRST` or
            `YEAR_FIRST`; None to infer it.

    Raises:
        InputDataError: several forms fit the dates of three numbers, and mean different days.
    """
    unique = column.drop_duplicates().str.strip()
    plain = unique.str.replace(_TIME, "", regex=True)
    plain = plain.str.replace(r"[\s/.:,_-]+", "-", regex=True)
    plain = plain.str.replace(r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3", regex=True)
    excel = _parse_excel(unique)
    named, iso = _parse(plain, _NAMED), _parse(plain, _ISO)
    rest = plain[named.isna() & iso.isna() & excel.isna() & (plain != "")]
    numeric, form = _parse_numeric(rest, where, date_format)
    dates = named.fillna(iso).fillna(numeric.reindex(plain.index)).fillna(excel)
    found = {
        "day-month(name)-year": named.notna().any(),
        "year-month-day (ISO)": iso.notna().any(),
        form: numeric.notna().any(),
        "days as Excel counts them": excel.notna().any(),
    }
    forms = tuple(name for name, is_there in found.items() if is_there)
    keys = column.drop_duplicates()
    text = dates.dt.strftime("%Y-%m-%d").fillna("")
    times = _read_times(unique, excel)
    return Dates(_spread(column, keys, text), _spread(column, keys, times), forms)


def _spread(
    column: "pd.Series[str]", keys: "pd.Series[str]", values: "pd.Series[str]"
) -> "pd.Series[str]":
    """Return the value of each cell, given that of each different cell."""
    return column.map(dict(zip(keys, values, strict=True))).astype(str)


def _parse_excel(texts: "pd.Series[str]") -> "pd.Series[pd.Timestamp]":
    """Parse the numbers of days that Excel keeps, to the second; NaT for all other texts."""
    import pandas as pd

    dates = pd.Series(pd.NaT, index=texts.index, dtype="datetime64[ns]")
    serial = texts[texts.str.fullmatch(_EXCEL)]
    if not serial.empty:
        days = serial.str.replace(",", ".", regex=False).astype(float)
        read = pd.to_datetime(days, unit="D", origin=_EXCEL_START).dt.round("s")
        dates[serial.index] = read.astype("datetime64[ns]")
    return dates


def _read_times(texts: "pd.Series[str]", excel: "pd.Series[pd.Timestamp]") -> "pd.Series[str]":
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
    exact = excel[excel.notna() & (excel != excel.dt.normalize())]
    times[exact.index] = exact.dt.strftime("%H:%M:%S")
    return times


def read_clock(column: "pd.Series[str]") -> "pd.Series[str]":
    """Return the times of a column of times alone, as HH:MM:SS; empty where a cell is none."""
    import pandas as pd

    texts = column.drop_duplicates()
    none = pd.Series(pd.NaT, index=texts.index, dtype="datetime64[ns]")
    return _spread(column, texts, _read_times(" " + texts.str.strip(), none))


def _parse(texts: "pd.Series[str]", forms: tuple[str, ...]) -> "pd.Series[pd.Timestamp]":
    """Parse each text by the first form that fits it; NaT if none does."""
    import pandas as pd

    dates = pd.Series(pd.NaT, index=texts.index, dtype="datetime64[ns]")
    for form in forms:
        missing = dates.isna()
        if not missing.any():
            break
        read = pd.to_datetime(texts[missing], format=form, errors="coerce")
        # Years such as 9999 stand for unknown dates, and nanoseconds don't reach as far.
        is_likely = read.dt.year.between(_FIRST_YEAR, _LAST_YEAR)
        dates[missing] = read.where(is_likely).astype("datetime64[ns]")
    return dates


def _parse_numeric(
    texts: "pd.Series[str]", where: str, date_format: str | None
) -> "tuple[pd.Series[pd.Timestamp], str]":
    """Parse dates of three numbers, all by the same form."""
    if date_format is not None:
        return _parse(texts, _NUMERIC[date_format]), date_format
    read = {form: _parse(texts, forms) for form, forms in _NUMERIC.items()}
    fits = {form: int(dates.notna().sum()) for form, dates in read.items()}
    if not texts.empty and fits[YEAR_FIRST] == len(texts) and _has_year_first(texts):
        _raise_ambiguous(texts.iloc[0], "the year, the day or the month", _NUMERIC, where)
    best = max((DAY_FIRST, MONTH_FIRST), key=lambda form: fits[form])
    if fits[DAY_FIRST] == fits[MONTH_FIRST] and not read[DAY_FIRST].equals(read[MONTH_FIRST]):
        example = texts[read[DAY_FIRST].ne(read[MONTH_FIRST]) & read[best].notna()].iloc[0]
        _raise_ambiguous(example, "the day or the month", (DAY_FIRST, MONTH_FIRST), where)
    return read[best], best


def _has_year_first(texts: "pd.Series[str]") -> bool:
    """Tell whether the first numbers may be years: a table has fewer years than days."""
    numbers = texts.str.split("-", expand=True)
    return int(numbers[0].nunique()) < int(numbers[2].nunique())


def _raise_ambiguous(example: str, first: str, forms: Iterable[str], where: str) -> NoReturn:
    *others, last = forms
    raise InputDataError(
        f"{where}: dates such as {example} can have {first} first: give --date-format "
        f"{', '.join(others)} or {last}."
    )
