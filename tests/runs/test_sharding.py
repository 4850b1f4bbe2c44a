"""Tests of dividing photographs among machines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofocus.errors import SettingError
from autofocus.runs.sharding import Shard, Shards, shard_number


@pytest.mark.parametrize(
    "text", ["", "1", "1/2/3", "a/b", "-1/2", "2/2", "0/0", "1.0/2", "\u0661/\u0662"]
)
def test_bad_shards(text: str) -> None:
    """A text that is no part of a whole is refused."""
    with pytest.raises(SettingError, match=r"^shard: "):
        Shard.parse(text)


@pytest.mark.parametrize(
    ("text", "first", "last", "of"),
    [("3/24", 3, 3, 24), ("0-49/2000", 0, 49, 2000), (" 7 - 7 / 8 ", 7, 7, 8)],
)
def test_several_shards_are_read(text: str, first: int, last: int, of: int) -> None:
    """A range includes its last number, and one number is a range of itself."""
    assert Shards.parse(text) == Shards(first, last, of)
    assert Shards.parse(str(Shards.parse(text))) == Shards(first, last, of)


@pytest.mark.parametrize("text", ["1-0/4", "0-4/4", "-1/4", "0-/4", "0-1-2/4", "0-1", "0,1/4"])
def test_bad_ranges(text: str) -> None:
    """A range must rise and end below the whole."""
    with pytest.raises(SettingError, match=r"^shard: "):
        Shards.parse(text)


@given(st.integers(1, 3000), st.data())
def test_parts_hold_every_shard_once(of: int, data: st.DataObject) -> None:
    """However many parts all shards are divided into, their sizes differ by at most one."""
    number = data.draw(st.integers(1, of))
    parts = Shards.divide(of, number)
    assert len(parts) == number
    assert [shard.number for part in parts for shard in part.parts] == list(range(of))
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1


def test_several_shards_hold_what_each_holds() -> None:
    """An image is in several shards if it is in one of them."""
    names = [f"site{number:03}/IMG_0001.JPG" for number in range(200)]
    shards = Shards(2, 4, 7)
    assert [str(shard) for shard in shards.parts] == ["2/7", "3/7", "4/7"]
    for name in names:
        assert shards.has(name) == any(shard.has(name) for shard in shards.parts)
        assert shards.has(name) == shards.has_number(shard_number(name, 7))


def test_a_folder_s_photographs_stay_together() -> None:
    """All of one folder are of one part; a folder within it is a folder of its own."""
    inside = [f"site/camera/IMG_{number:04}.JPG" for number in range(50)]
    (part,) = {number for number in range(16) for name in inside if Shard(number, 16).has(name)}
    # printf site/camera | md5sum ends in the hex digit 6, printf site/camera/more in c.
    assert part == 6
    assert Shard(12, 16).has("site/camera/more/IMG_0001.JPG")


def test_shards_are_about_even() -> None:
    """Of a thousand folders, each of four shards gets about a quarter."""
    names = [f"site{number:03}/IMG_0001.JPG" for number in range(1000)]
    sizes = [sum(Shard(number, 4).has(name) for name in names) for number in range(4)]
    assert min(sizes) > 200


def test_shards_never_change() -> None:
    """A photograph's shard is the same on every machine and in every version, by md5sum."""
    # printf a | md5sum ends in the hex digit 1, printf "" | md5sum in e.
    assert [number for number in range(16) if Shard(number, 16).has("a/IMG_0001.JPG")] == [1]
    assert [number for number in range(16) if Shard(number, 16).has("IMG_0001.JPG")] == [14]
