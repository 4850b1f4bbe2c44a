"""Names in little memory."""

import tracemalloc

import pytest

from autofocus.runs.packed_names import PackedNames, merge_names, sort_names

# More than are sorted at a time, the last block not full.
NAMES = [f"s{number // 1000:04d}/I{number:07d}.JPG" for number in range(45_678)]
# As names of files may be: not in UTF-8, of any script, and of what separates lines or texts.
ODD = [
    *("", "\0", "\n", '"', "\\", "a b"),
    *("é", "e\u0301", "人/😀.jpg", "\udc80\udcff.jpg", "\ud83d\ude00"),
]


@pytest.mark.parametrize("names", [[], ODD, NAMES], ids=["none", "odd", "many"])
def test_names_come_back_as_they_were_given(names: list[str]) -> None:
    """All names are the same in order, one by one, by slices and backwards."""
    packed = PackedNames(names)
    assert list(packed) == names
    assert packed == names
    assert [packed[place] for place in range(-len(names), len(names))] == [*names, *names]
    for at in (slice(3, 7), slice(998, 2003), slice(-5, None), slice(None, None, -3), slice(9, 2)):
        assert packed[at] == names[at]
    with pytest.raises(IndexError):
        packed[len(names)]


def test_names_are_equal_to_the_same_names_only() -> None:
    """Neither fewer names nor others nor a text count as equal."""
    packed = PackedNames(["a", "b"])
    assert packed == ["a", "b"]
    assert packed != ["a"]
    assert packed != ["a", "c"]
    assert packed != "ab"
    assert packed == PackedNames("ab")


@pytest.mark.parametrize("order", ["sorted", "shuffled", "by_folder"])
def test_names_are_sorted(order: str) -> None:
    """The order is that of a sorted list, whatever it was before."""
    names = NAMES + ODD
    if order == "shuffled":
        names = [*names[1::2], *reversed(names[::2])]
    elif order == "by_folder":
        # As a walk gives them: the files of a folder before those of its own folders.
        names = [f"b/{name}" for name in ODD] + [f"a/{name}" for name in NAMES]
    assert sort_names(names) == sorted(names)


def test_names_are_merged() -> None:
    """Each name is there once, in order."""
    assert merge_names([], ["a", "c"], ["a", "b"]) == ["a", "b", "c"]
    assert merge_names(["b"], ()) == ["b"]
    assert merge_names() == []


def test_names_take_few_bytes() -> None:
    """A tenth of a list's memory is enough for paths in order."""
    tracemalloc.start()
    packed = PackedNames(f"s{number // 1000:04d}/I{number:07d}.JPG" for number in range(20_000))
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(packed) == 20_000
    assert taken < 20_000 * 8
