"""Dates as people write them, converted to ISO form.

A date with the name of the month, or in ISO form, is unambiguous. A date of three numbers can have
the day or the month first: that is inferred for a whole column, from all of its values.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from autofocus.errors import InputDataError

if TYPE_CHECKING:
    import pandas as pd

DAY_FIRST, MONTH_FIRST = "day-month-year", "month-day-year"

# Separators are replaced by `-` first, and a time after the date is removed.
_NAMED = ("%d-%b-%y", "%d-%b-%Y", "%d-%B-%y", "%d-%B-%Y", "%b-%d-%Y", "%B-%d-%Y")
_ISO = ("%Y-%m-%d",)
_NUMERIC = {DAY_FIRST: ("%d-%m-%Y", "%d-%m-%y"), MONTH_FIRST: ("%m-%d-%Y", "%m-%d-%y")}
_TIME = r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(\s*[AaPp][Mm])?(Z|[+-]\d{2}:?\d{2})?$"


@dataclass(frozen=True)
class Dates:
    """A column of dates.

    Attributes:
        values: YYYY-MM-DD, or empty if a value is not a date; in the column's order.
        forms: the forms that occur, in words.
    """

    values: "pd.Series[str]"
    forms: tuple[str, ...]


def read_dates(column: "pd.Series[str]", where: str, date_format: str | None = None) -> Dates:
    """Read a column of dates.

    Args:
        column: text.
        where: the name of the column in messages.
        date_format: the form of dates of three numbers, `DAY_FIRST` or `MONTH_FIRST`; None to
            infer it.

    Raises:
        InputDataError: both forms fit the dates of three numbers, and mean different days.
    """
    unique = column.drop_duplicates()
    plain = unique.str.strip().str.replace(_TIME, "", regex=True)
    plain = plain.str.replace(r"[\s/.:,_-]+", "-", regex=True)
    named, iso = _parse(plain, _NAMED), _parse(plain, _ISO)
    rest = plain[named.isna() & iso.isna() & (plain != "")]
    numeric, form = _parse_numeric(rest, where, date_format)
    dates = named.fillna(iso).fillna(numeric.reindex(plain.index))
    found = {
        "day-month(name)-year": named.notna().any(),
        "year-month-day (ISO)": iso.notna().any(),
        form: numeric.notna().any(),
    }
    text = dates.dt.strftime("%Y-%m-%d").fillna("")
    values = column.map(dict(zip(unique, text, strict=True)))
    return Dates(values, tuple(name for name, is_there in found.items() if is_there))


def _parse(texts: "pd.Series[str]", forms: tuple[str, ...]) -> "pd.Series[pd.Timestamp]":
    """Parse each text by the first form that fits it; NaT if none does."""
    import pandas as pd

    dates = pd.Series(pd.NaT, index=texts.index, dtype="datetime64[ns]")
    for form in forms:
        missing = dates.isna()
        if not missing.any():
            break
        read = pd.to_datetime(texts[missing], format=form, errors="coerce")
        dates[missing] = read.astype("datetime64[ns]")
    return dates


def _parse_numeric(
    texts: "pd.Series[str]", where: str, date_format: str | None
) -> "tuple[pd.Series[pd.Timestamp], str]":
    """Parse dates of three numbers, all by the same form."""
    if date_format is not None:
        return _parse(texts, _NUMERIC[date_format]), date_format
    read = {form: _parse(texts, forms) for form, forms in _NUMERIC.items()}
    fits = {form: int(dates.notna().sum()) for form, dates in read.items()}
    best = max(fits, key=lambda form: fits[form])
    if fits[DAY_FIRST] == fits[MONTH_FIRST] and not read[DAY_FIRST].equals(read[MONTH_FIRST]):
        example = texts[read[DAY_FIRST].ne(read[MONTH_FIRST]) & read[best].notna()].iloc[0]
        raise InputDataError(
            f"{where}: dates such as {example} can have the day or the month first: give "
            f"--date-format {DAY_FIRST} or {MONTH_FIRST}."
        )
    return read[best], best
