"""Claims about the table of boxes."""

import tracemalloc

import pytest

from autofocus.boxes.box import OTHER_TIMES, Box
from autofocus.localization.box_table import BoxTable, NameIndex

BOXES = (
    Box(0.1234, 0.5, 0.25, 0.125, 0.4321, 7, "motion", OTHER_TIMES),
    Box(0.1, 0.2, 0.3, 0.4, 0.95, 0, "detector"),
    Box(frames=9, detail="nothing moved"),
)


def test_a_box_is_what_was_put_in() -> None:
    """In whatever order names come, and one box may be that of several images."""
    names = [f"fox/{number}.JPG" for number in range(50)]
    names = names[::-2] + names[::2]
    table = BoxTable(NameIndex(names))
    assert not table
    expected = {name: BOXES[number % 3] for number, name in enumerate(names)}
    table.put(names[:1], BOXES[0])
    for box in BOXES:
        table.put([name for name, own in expected.items() if own == box], box)
    names = names[1::2] + names[::2]
    assert {name: table[name] for name in names} == expected
    assert table.count() == {"motion": 17, "detector": 17, "whole_frame": 16}


def test_an_image_without_a_box_is_no_key() -> None:
    """Neither is a name that the table does not know."""
    table = BoxTable(NameIndex(["a", "c"]))
    table.put(["a"], BOXES[0])
    for name in ("c", "b", "d", ""):
        with pytest.raises(KeyError, match=repr(name)):
            table[name]
    assert table.count() == {"motion": 1}


def test_a_box_takes_little_memory() -> None:
    """At most 70 bytes per image."""
    names = [f"{number:06}" for number in range(10_000)]
    index = NameIndex(names)
    tracemalloc.start()
    table = BoxTable(index)
    for number, name in enumerate(names):
        table.put((name,), Box(number / 10_000, 0.5, 0.1, 0.1, 0.5, 3, "motion"))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 70 * len(names)
