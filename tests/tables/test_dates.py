"""Claims about dates."""

import polars as pl
import pytest

from autofocus.errors import InputDataError
from autofocus.tables.date_choice import AmbiguousDatesError
from autofocus.tables.date_forms import DAY_FIRST, MONTH_FIRST, YEAR_FIRST
from autofocus.tables.dates import Dates, read_dates


def read(*texts: str, date_format: str | None = None) -> list[str]:
    return list(read_dates(pl.Series(texts), "t.csv", date_format).values)


@pytest.mark.parametrize(
    "text",
    [
        "05-Jul-16", "5-Jul-2016", "05 July 2016", "July 5, 2016", "2016-07-05", "2016/07/05",
        "2016:07:05", "2016-07-05 13:14:15", "2016-07-05T13:14:15Z", "05-Jul-16 1:14 PM",
    ],
)  # fmt: skip
def test_a_form_that_can_be_read_in_one_way(text: str) -> None:
    """A month by name and the ISO form, with or without a time, give the same day."""
    assert read(text) == ["2016-07-05"]


@pytest.mark.parametrize("text", ["9999-12-31", "0001-01-01", "31.12.9999", "1 Jan 1600"])
def test_a_year_that_can_not_be_is_no_date(text: str) -> None:
    """Placeholders for unknown dates can't be read, and other dates still can."""
    assert read(text, "2016-07-05") == ["", "2016-07-05"]


def test_the_whole_column_decides_which_number_is_the_day() -> None:
    """One value that fits only one way decides for all."""
    assert read("05/07/2016", "07/13/2016") == ["2016-05-07", "2016-07-13"]
    assert read("05/07/2016", "13/07/2016") == ["2016-07-05", "2016-07-13"]
    assert read("5.7.16", "13.7.16") == ["2016-07-05", "2016-07-13"]


def test_an_ambiguous_column_is_an_error() -> None:
    """Where all values fit both ways and differ, the option that settles it is named."""
    with pytest.raises(InputDataError, match="--date-format day-month-year or month-day-year"):
        read("05/07/2016", "06/07/2016")


def test_the_option_settles_it() -> None:
    """Given a form, dates of three numbers are read so."""
    assert read("05/07/2016", date_format=DAY_FIRST) == ["2016-07-05"]
    assert read("05/07/2016", date_format=MONTH_FIRST) == ["2016-05-07"]


def test_values_that_mean_the_same_both_ways_are_not_ambiguous() -> None:
    """The fifth of May is the same day either way."""
    assert read("05/05/2016") == ["2016-05-05"]


def test_what_is_no_date_is_empty() -> None:
    """Words, impossible days and empty cells give no date, and cost the others nothing."""
    assert read("soon", "2016-02-30", "", "05-Jul-16") == ["", "", "", "2016-07-05"]


def test_the_forms_that_were_found_are_told() -> None:
    """Each form that occurs is named."""
    dates = read_dates(pl.Series(["05-Jul-16", "2016-07-05", "07/13/2016"]), "t.csv")
    assert dates.forms == ("day-month(name)-year", "year-month-day (ISO)", MONTH_FIRST)


def test_two_digits_for_the_year_first_are_ambiguous() -> None:
    """16-02-03 may be of 2016 or of 2003: an error names the option, which settles it."""
    texts = ("16-01-02", "16-02-03", "16-03-04")
    with pytest.raises(InputDataError, match="month-day-year or year-month-day"):
        read(*texts)
    assert read(*texts, date_format=YEAR_FIRST) == ["2016-01-02", "2016-02-03", "2016-03-04"]


@pytest.mark.parametrize(
    ("text", "date", "time"),
    [
        ("42556", "2016-07-05", ""),
        ("42556,25", "2016-07-05", "06:00:00"),
        ("20160705", "2016-07-05", ""),
        ("2016:07:05 13:14:15", "2016-07-05", "13:14:15"),
        ("2016-07-05T13:14:15+0200", "2016-07-05", "13:14:15"),
        ("05-Jul-16 1:14 PM", "2016-07-05", "13:14:00"),
        ("05-Jul-16 12:14 AM", "2016-07-05", "00:14:00"),
        ("05-Jul-16 25:14", "2016-07-05", ""),
        ("12345", "", ""),
    ],
)
def test_numbers_of_days_and_times(text: str, date: str, time: str) -> None:
    """Excel's numbers, compact dates and the times behind dates are read."""
    dates = read_dates(pl.Series([text]), "t.csv")
    assert (list(dates.values), list(dates.times)) == ([date], [time])


def read_beside(texts: list[str], own: list[str]) -> Dates:
    column, images = pl.Series(texts), pl.Series(own)
    return read_dates(column, "t.csv", own=images)


@pytest.mark.parametrize(
    ("texts", "own"),
    [
        (["16-01-02", "16-02-03", "16-03-04"], ["2016-01-02", "2016-02-03", "2016-03-04"]),
        (["01/02/2016", "03/04/2016"], ["2016-01-02", "2016-03-04"]),
        (["01/02/2016", "03/04/2016"], ["2016-02-01", "2016-04-03"]),
        (["160102", "160203"], ["2016-01-02", "2016-02-03"]),
        (["16-Jan-02", "16-Feb-03"], ["2016-01-02", "2016-02-03"]),
        (["2016-01-02", "2016-03-04"], ["2016-02-01", "2016-04-03"]),
        (["41094", "41095"], ["2016-07-05", "2016-07-06"]),
    ],
)
def test_the_images_own_dates_decide(texts: list[str], own: list[str]) -> None:
    """Of all forms that fit, the one is taken with which the images agree, and a note says so."""
    dates = read_beside(texts, own)
    assert list(dates.values) == own
    assert "the images' own dates say" in dates.forms[0] or dates.forms == (YEAR_FIRST,)


def test_images_that_agree_with_no_form_do_not_decide() -> None:
    """A camera whose clock was wrong leaves an ambiguous column an error, with its row."""
    with pytest.raises(AmbiguousDatesError, match=r"05/07/2016 \(row 1\) can be 2016-07-05"):
        read_beside(["05/07/2016", "06/07/2016"], ["2000-01-01", "2000-01-02"])


def test_two_forms_in_one_column_are_an_error() -> None:
    """It names a row of each, whether the texts show it or only the images do."""
    with pytest.raises(AmbiguousDatesError, match=r"13/01/2016 \(row 1\).*01/13/2016 \(row 2\)"):
        read("13/01/2016", "01/13/2016")
    texts = ["13/01/2016", "05/01/2016", "05/06/2016", "07/06/2016"]
    with pytest.raises(AmbiguousDatesError, match="several forms, as the images' own dates say"):
        read_beside(texts, ["2016-01-13", "2016-01-05", "2016-05-06", "2016-07-06"])


def test_one_mistake_in_a_long_column_is_one_row() -> None:
    """A day and month that were exchanged once cost that row, and a note names it."""
    texts = [f"{day}/01/2016" for day in range(1, 32)]
    dates = read_dates(pl.Series([*texts, "01/13/2016"]), "t.csv")
    assert list(dates.values)[-2:] == ["2016-01-31", ""]
    assert "01/13/2016 (row 32)" in dates.notes[0]


def test_people_know_better_than_the_images() -> None:
    """With the option, the images' own dates only make a note."""
    column, own = pl.Series(["05/07/2016"]), pl.Series(["2016-05-07"])
    dates = read_dates(column, "t.csv", DAY_FIRST, own=own)
    assert list(dates.values) == ["2016-07-05"]
    assert "month-day-year, as the images' own dates say" in dates.notes[0]


def test_many_days_of_few_years_are_not_years() -> None:
    """A long table with two digits for the year is read without the images."""
    assert read(*[f"{day:02}-01-16" for day in range(1, 32)])[0] == "2016-01-01"
