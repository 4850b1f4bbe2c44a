"""Tests of how locations are told from paths."""

import re

import pytest

from autofocus.grouping.locations import DEFAULT_PATTERN
from autofocus.inspection.locations import find_location_source


def names(*folders: str, name: str = "IMG_{}.JPG") -> list[str]:
    return [f"{folder}{name.format(number)}" for folder in folders for number in range(5)]


@pytest.mark.parametrize(
    ("paths", "kind", "pattern", "locations"),
    [
        (names("D03-AMP1/", "R16-BRK2/"), "pattern", DEFAULT_PATTERN, {"D03-AMP1", "R16-BRK2"}),
        (names("north/", "south/"), "folder", "", {"north", "south"}),
        (names("north/01/", "north/02/", "south/01/"), "pattern", "^([^/]+)/", {"north", "south"}),
        # A visit's date and the camera's own folder lie below the location's.
        (
            names("north/2016-05-01/", "north/2016-07-01/", "south/2016-05-01/"),
            "pattern",
            "^([^/]+)/",
            {"north", "south"},
        ),
        (
            names("2016/north/DCIM/100RECNX/", "2017/south/DCIM/101RECNX/"),
            "pattern",
            "^[^/]+/([^/]+)/",
            {"north", "south"},
        ),
        (
            [*names("", name="SITE1_{}.JPG"), *names("", name="SITE2_{}.JPG")],
            "pattern",
            None,
            {"SITE1", "SITE2"},
        ),
        (names(""), "unknown", "", set()),
        (names("2016/"), "unknown", "", set()),
    ],
)
def test_locations_are_told(
    paths: list[str], kind: str, pattern: str | None, locations: set[str]
) -> None:
    """A pattern that finds several locations, else the folders, else nothing."""
    source = find_location_source(paths)
    assert source.kind == kind
    if pattern is not None:
        assert source.pattern == pattern
    assert set(source.locations or ()) == locations
    for path, location in source.examples:
        match = re.search(source.pattern, path)
        assert match is not None
        assert match[1] == location
