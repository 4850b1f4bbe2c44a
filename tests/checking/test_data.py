"""Claims about finding the tables of a run in a bucket."""

import pytest

from autofocus.checking.data import is_table_path


@pytest.mark.parametrize(
    ("key", "patterns", "expected"),
    [
        ("lpz/detections_1.csv", ["lpz/detections_*.csv"], True),
        ("lpz/other.csv", ["lpz/detections_*.csv"], False),
        ("lpz/package/media.csv", ["lpz/package"], True),
        ("lpz/package/data/media.csv", ["lpz/*/datapackage.json"], True),
        ("lpz/package/d1/1.JPG", ["lpz/package"], False),
        ("lpz/media.csv", ["lpz/package"], False),
    ],
)
def test_all_tables_of_a_package_are_fetched(
    key: str, patterns: list[str], *, expected: bool
) -> None:
    """A pattern of a Camtrap DP's folder or descriptor stands for its tables, not its images."""
    assert is_table_path(key, patterns) == expected
