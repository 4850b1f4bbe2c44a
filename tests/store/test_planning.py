"""Tests of what is said and checked before the transfers start."""

import shutil
from pathlib import Path

import pytest

from autofocus.errors import OutputConflictError
from autofocus.store.listing import StoredObject
from autofocus.store.planning import Plan, check_space, readable_size
from autofocus.store.selection import Selection

OBJECTS = [
    StoredObject("a/1.JPG", 4097, "etag"),
    StoredObject("a/2.JPG", 3, "etag"),
    StoredObject("folder/", 0, "etag"),
    StoredObject("nul\0", 5, "etag"),
]


def test_a_plan_for_an_empty_place(tmp_path: Path) -> None:
    """All is left to fetch; nothing is said twice; each object takes up whole blocks."""
    plan = Plan.of(Selection(OBJECTS), tmp_path / "new")
    assert str(plan) == "4 objects, 4.1 kB"
    # 4097 bytes take two blocks of 4096, 3 and 5 bytes take one each, a folder none.
    assert plan.disk_bytes == 4 * 4096


def test_a_plan_knows_what_is_there(tmp_path: Path) -> None:
    """Files of the right size count as there, others don't."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.JPG").write_bytes(b"x" * 4097)
    (tmp_path / "a" / "2.JPG").write_bytes(b"xx")
    plan = Plan.of(Selection(OBJECTS[:2], {"outside the sample": 1234}), tmp_path)
    assert str(plan) == (
        "2 objects, 4.1 kB; left to fetch: 1 object, 3 bytes; outside the sample: 1,234"
    )


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1500, "1.5 kB"),
        (2_000_000, "2.0 MB"),
        (12_340_000_000, "12.3 GB"),
        (5_600_000_000_000_000, "5600.0 TB"),
    ],
)
def test_sizes_are_readable(number: int, text: str) -> None:
    """Sizes are said in the units that disks are sold by."""
    assert readable_size(number) == text


def test_a_disk_that_is_too_small_is_refused(tmp_path: Path) -> None:
    """More than the disk has free is refused, also for a folder that isn't there yet."""
    folder = tmp_path / "not" / "yet"
    check_space(folder, 1)
    with pytest.raises(OutputConflictError, match=r"are left to fetch, but .* has only"):
        check_space(folder, shutil.disk_usage(tmp_path).total + 1)
    assert not folder.exists()
