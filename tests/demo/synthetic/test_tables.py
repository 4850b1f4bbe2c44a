"""Tests of the tables of a synthetic data set."""

from collections import Counter

from autofocus.demo.synthetic.plan import SEASONS, make_plan
from autofocus.demo.synthetic.tables import TRUTH, detection_table, truth_table

SHOTS = make_plan(seed=0, sequences=84, sites=8, first_site=0)
TABLES = {season.year: detection_table(SHOTS, season) for season in SEASONS}


def path(row: tuple[str, ...]) -> str:
    """Return a detection's photograph as the cleaning stage finds it, below `lpz_data`."""
    parts = row[1].strip("\\").split("\\")
    return "/".join([*parts[2:], row[2]])


def test_header() -> None:
    """The tables begin with the zoo's columns."""
    assert TABLES[2016][0] == ("ImageDate", "FilePath", "FileName", "ShortName")


def test_dates_of_each_season() -> None:
    """Dates are like 05-Jul-16 in the first table and ISO in the second."""
    for row in TABLES[2016][1:]:
        day, month, year = row[0].split("-")
        assert (len(day), month in ("Jul", "Aug"), year) == (2, True, "16")
    assert all(row[0].startswith("2017-0") and len(row[0]) == 10 for row in TABLES[2017][1:])


def test_every_listed_photograph_has_its_rows() -> None:
    """The rows whose photograph exists are the labels of each listed one."""
    expected = {(s.path, label) for s in SHOTS if s.listed for label in s.labels}
    paths = {s.path for s in SHOTS}
    rows = [row for table in TABLES.values() for row in table[1:]]
    assert {(path(row), row[3]) for row in rows if path(row) in paths and row[3]} == expected


def test_flaws_of_the_tables() -> None:
    """Each table has two rows twice and two of lost photographs; one label or more is missing."""
    paths = {s.path for s in SHOTS}
    for table in TABLES.values():
        assert [number for number in Counter(table).values() if number > 1] == [2, 2]
        assert sum(path(row) not in paths for row in table[1:]) == 2
    assert sum(not row[3] for table in TABLES.values() for row in table[1:]) >= 1


def test_truth_has_every_file() -> None:
    """The truth has a row for each file, and no labels for a broken one."""
    header, *rows = truth_table(SHOTS, "bucket/lpz_data")
    assert header == TRUTH
    assert [row[0] for row in rows] == [f"bucket/lpz_data/{shot.path}" for shot in SHOTS]
    assert {row[1] for row in rows if row[5] == "truncated"} == {""}
    assert "raccoon|opossum" in {row[1] for row in rows}
