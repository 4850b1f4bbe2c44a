"""Tests of dividing photographs among machines."""

import pytest

from autofocus.errors import SettingError
from autofocus.runs.sharding import Shard


@pytest.mark.parametrize(
    "text", ["", "1", "1/2/3", "a/b", "-1/2", "2/2", "0/0", "1.0/2", "\u0661/\u0662"]
)
def test_bad_shards(text: str) -> None:
    """A text that is no part of a whole is refused."""
    with pytest.raises(SettingError, match=r"^shard: "):
        Shard.parse(text)


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
