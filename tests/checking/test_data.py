"""Claims about finding the tables of a run, in a folder or in a bucket."""

import os
from pathlib import Path

import pytest

from autofocus.checking.data import detection_tables, is_table_path
from autofocus.runs.ledger import COLUMNS
from autofocus.runs.workspace import mark_made


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


def test_patterns_leave_out_what_is_never_input(tmp_path: Path) -> None:
    """Ledgers without a memory, hidden tables, pipes and those of results are not matched."""
    for name in ("mine.csv", ".lock.csv", "@eaDir/a.csv", "results/a.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a,b\n")
    (tmp_path / "old.ledger.csv").write_text(",".join(COLUMNS) + "\n")
    os.mkfifo(tmp_path / "pipe.csv")
    mark_made(tmp_path / "results")
    assert detection_tables(tmp_path, ["**/*.csv"]) == [tmp_path / "mine.csv"]
    assert detection_tables(tmp_path, ["results/a.csv"]) == [tmp_path / "results" / "a.csv"]
