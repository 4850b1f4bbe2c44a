"""Claims about tables of deployments."""

from datetime import datetime
from pathlib import Path

import pytest

from autofocus.errors import InputDataError
from autofocus.tables.deployments import Deployments, read_deployments


def read(path: Path, text: str, encoding: str = "utf-8") -> Deployments:
    """Write a table of deployments, and read it."""
    path.write_text(text, encoding=encoding)
    return read_deployments(path)


def test_a_table_as_excel_saves_it(tmp_path: Path) -> None:
    """Semicolons, decimal commas, dates with the day first and blanks of all kinds are read."""
    text = (
        "\ufeffSite;Lat;Long;Start date;End date\r\n"
        "D1;41,92;-87,6;28/06/2016;26/07/2016 9:30\r\n;;;;\r\nD2;41;-87;05.07.2016;NA\r\n"
        "D3;41;-87;05.07.2016;06.07.2016\r\n"
    )
    first, second, third = read(tmp_path / "d.csv", text).rows
    assert (first.location, first.latitude, first.longitude) == ("D1", 41.92, -87.6)
    assert first.start == datetime(2016, 6, 28)
    assert first.end == datetime(2016, 7, 26, 9, 30)
    assert (second.start, second.end) == (datetime(2016, 7, 5), None)
    assert third.end == datetime(2016, 7, 6, 23, 59, 59)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("2016-07-05", datetime(2016, 7, 5)),
        ("2016-07-05T21:00:00Z", datetime(2016, 7, 5, 21)),
        ("2016-07-05T21:00:00.500-0500", datetime(2016, 7, 5, 21)),
        ("2016-07-05 9:05", datetime(2016, 7, 5, 9, 5)),
        ("5 Jul 2016", datetime(2016, 7, 5)),
        ("Jul 5, 2016 9:05 PM", datetime(2016, 7, 5, 21, 5)),
        ("7/25/16 21:00", datetime(2016, 7, 25, 21)),
    ],
)
def test_dates_of_many_forms(tmp_path: Path, text: str, start: datetime) -> None:
    """A date is read in ISO form, with the name of a month, or as three numbers."""
    table = f'location,latitude,longitude,start\nD1,1,2,"{text}"\n'
    assert read(tmp_path / "d.csv", table).rows[0].start == start


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("D1,1,2,5/7/2016,", "can have the day or the month first"),
        ("D1,91,2,2016-07-05,", "line 2: '91' must be decimal degrees between -90 and 90"),
        ("D1,,2,2016-07-05,", "line 2: '' must be decimal degrees"),
        ("D1,1,2,soon,", "line 2: 'soon' is not a date"),
        ("D1,1,2,2016-07-05 25:00,", "line 2: '2016-07-05 25:00' is not a date"),
        ("D1,1,2,2016-07-05,2016-07-04", "line 2: the deployment ends before it starts"),
        (",1,2,2016-07-05,", "line 2: a deployment needs a location and a start"),
        ("D1,1,2,2016-07-05,\nD1,1,2,2016-07-05,", "line 3: there are two deployments"),
        ("", "has no rows"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, row: str, sentence: str) -> None:
    """A cell that can't be read is an error with its line."""
    with pytest.raises(InputDataError, match=sentence):
        read(tmp_path / "d.csv", f"location,latitude,longitude,start,end\n{row}\n")


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    """Without coordinates the sentence names the columns that are missing."""
    with pytest.raises(InputDataError, match="lacks the columns latitude, longitude; it has"):
        read(tmp_path / "d.csv", "location,start\nD1,2016-07-05\n")


def test_the_deployment_of_an_image(tmp_path: Path) -> None:
    """An image belongs to the deployment of its location that covers its time, and its camera."""
    table = read(
        tmp_path / "d.csv",
        "deployment,location,latitude,longitude,start,end,camera\n"
        "a,D1,1,2,2016-07-05,2016-07-06,7\nb,D1,1,2,2016-07-05,2016-07-06,8\n"
        "c,D1,1,2,2016-08-05,,7\n",
    )

    def name(*moment: int, location: str = "d1", camera: str = "") -> str:
        found = table.find(location, datetime(*moment), camera)  # type: ignore[arg-type]
        return found.name if found else ""

    assert name(2016, 7, 6, 23, 59) == "a"
    assert name(2016, 7, 5, camera="8") == "b"
    assert name(2017, 7, 5) == "c"
    assert name(2016, 7, 7) == name(2016, 7, 5, location="D2") == ""
