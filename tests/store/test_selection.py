"""Tests of which objects are taken."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofocus.runs.sharding import Shards
from autofocus.store.listing import StoredObject
from autofocus.store.selection import (
    ObjectKind,
    Selection,
    has_image_name,
    kind_of,
    select,
    spread,
)

image_keys = st.lists(
    st.builds("site{}/{}.JPG".format, st.integers(0, 4), st.integers(0, 99)), unique=True
).map(sorted)


def stored(*names: str) -> list[StoredObject]:
    return [StoredObject(name, 1, "etag") for name in sorted(names)]


def chosen(selection: Selection) -> list[str]:
    return [item.key for item in selection.chosen]


@pytest.mark.parametrize(
    ("key", "sort"),
    [
        ("a/IMG_1.JPG", ObjectKind.IMAGE),
        ("a.jpeg", ObjectKind.IMAGE),
        ("a.png", ObjectKind.IMAGE),
        ("._IMG_1.JPG", ObjectKind.OTHER),
        ("a.csv", ObjectKind.TABLE),
        ("a.csv.gz", ObjectKind.TABLE),
        ("a.TSV", ObjectKind.TABLE),
        ("labels.json", ObjectKind.TABLE),
        ("a.tar", ObjectKind.ARCHIVE),
        ("a.Tar.Gz", ObjectKind.ARCHIVE),
        ("a.tgz", ObjectKind.ARCHIVE),
        ("a.gz", ObjectKind.OTHER),
        ("a.zip", ObjectKind.OTHER),
        ("a.avi", ObjectKind.OTHER),
        ("jpg", ObjectKind.OTHER),
        (".jpg", ObjectKind.OTHER),
        ("a.jpg/", ObjectKind.FOLDER),
    ],
)
def test_sorts(key: str, sort: ObjectKind) -> None:
    """What an object seems to be follows from its key's end, in any case."""
    assert kind_of(key) is sort


@pytest.mark.parametrize("key", ["a/IMG_1.JPG", "a.jpeg", "x.y/b.Png", "a.mpo", "a.tar.tiff"])
def test_names_of_images(key: str) -> None:
    """An image's name ends like one, in any case; that of macOS's companion of it does, too."""
    folder, slash, name = key.rpartition("/")
    assert has_image_name(key)
    assert has_image_name(f"{folder}{slash}._{name}")


@pytest.mark.parametrize(
    "key", ["jpg", "a/.jpg", "a.jpg/", "a.jpg/b", "a.csv", "a.jpg.gz", "a.tar"]
)
def test_names_of_no_images(key: str) -> None:
    """Tables, tar files, and what has an image's end elsewhere than at its end are none."""
    assert not has_image_name(key)


def test_tar_files_come_only_when_asked_for() -> None:
    """Tar files are left out, and counted, unless they are asked for."""
    objects = stored("a.JPG", "a.tar", "b.tgz", "c.csv")
    assert chosen(select(objects)) == ["a.JPG", "c.csv"]
    assert list(select(objects).left_out.values()) == [2]
    assert select(objects, download_tar=True) == Selection(objects)


def test_a_sample_is_tables_and_images() -> None:
    """A sample has all tables and so many images; other files are left out."""
    objects = stored("1.JPG", "2.JPG", "3.JPG", "a.csv", "b.csv", "film.avi", "folder/", "x.tar")
    selection = select(objects, sample=1)
    assert chosen(selection) == ["2.JPG", "a.csv", "b.csv"]
    assert sum(selection.left_out.values()) == 5


def test_a_sample_is_spread_over_folders_and_within() -> None:
    """Small folders give all, larger ones the same number, evenly apart in the folder."""
    keys = [f"big/{number:02}" for number in range(12)]
    keys += [f"huge/{number:03}" for number in range(100)]
    keys += ["small/0"]
    assert spread(keys, 7) == [
        *("big/02", "big/06", "big/10"),
        *("huge/016", "huge/050", "huge/083"),
        "small/0",
    ]


def test_a_sample_smaller_than_the_number_of_folders() -> None:
    """Where not every folder can give one, those that do are evenly apart."""
    keys = [f"site{number:02}/a" for number in range(30)]
    assert spread(keys, 3) == ["site05/a", "site15/a", "site25/a"]


@given(image_keys, st.integers(0, 120))
def test_every_sample_is_even(keys: list[str], number: int) -> None:
    """A sample has the size asked for, and no folder could have given more in fairness."""
    sample = spread(keys, number)
    assert len(sample) == min(number, len(keys))
    assert len(set(sample)) == len(sample)
    assert set(sample) <= set(keys)
    have = Counter(key.partition("/")[0] for key in keys)
    give = Counter(key.partition("/")[0] for key in sample)
    for folder in have:
        for other in have:
            assert give[folder] >= min(have[folder], give[other] - 1)


@given(image_keys, st.integers(1, 6))
def test_shards_are_a_partition(keys: list[str], of: int) -> None:
    """Each object is of exactly one shard, all that is no image of the first, a folder of one."""
    objects = stored(*keys, "a.csv", "film.avi", "a.tar", "folder/")
    parts = [
        chosen(select(objects, shard=Shards.parse(f"{number}/{of}"), download_tar=True))
        for number in range(of)
    ]
    assert sorted(key for part in parts for key in part) == [item.key for item in objects]
    assert all(kind_of(key) is ObjectKind.IMAGE for part in parts[1:] for key in part)
    images = [[key for key in part if kind_of(key) is ObjectKind.IMAGE] for part in parts]
    folders = [{key.partition("/")[0] for key in part} for part in images]
    assert sum(map(len, folders)) == len(set().union(*folders))


@given(image_keys, image_keys, st.integers(1, 6))
def test_an_image_keeps_its_shard_when_others_come(
    keys: list[str], more: list[str], of: int
) -> None:
    """What is added to a bucket moves no image to another shard."""
    for number in range(of):
        before = chosen(select(stored(*keys), shard=Shards(number, number, of)))
        after = chosen(select(stored(*{*keys, *more}), shard=Shards(number, number, of)))
        assert before == [key for key in after if key in keys]
