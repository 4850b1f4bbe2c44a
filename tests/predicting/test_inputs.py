"""Claims about the images to label."""

from pathlib import Path

import pytest

from autofocus.errors import InputDataError, MissingInputError
from autofocus.predicting.inputs import find_inputs
from autofocus.runs.sharding import Shard

JPG = ("JPG",)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with three images, which only their names make such."""
    folder = tmp_path / "photos"
    for name in ("a/1.JPG", "a/2.JPG", "b/3.jpg", "b/notes.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    return folder


def listed(folder: Path, *lines: str, header: str = "filepath") -> Path:
    path = folder / "table.csv"
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return path


def test_without_a_table_all_are(photos: Path) -> None:
    """Every file with one of the extensions, sorted."""
    assert find_inputs(photos, JPG).names == ["a/1.JPG", "a/2.JPG", "b/3.jpg"]


def test_other_files_are_counted_unless_a_table_chooses(photos: Path, tmp_path: Path) -> None:
    """Files with other endings are counted; a table leaves nothing to ignore."""
    assert find_inputs(photos, JPG, shard=Shard(0, 2)).ignored == {".txt": 1}
    table = listed(tmp_path, "photos/a/1.JPG")
    assert find_inputs(photos, JPG, table=table).ignored == {}


def test_a_table_names_them(photos: Path, tmp_path: Path) -> None:
    """Each named one once and in order, be it there or not, whatever it ends in."""
    table = listed(
        tmp_path,
        *("cat,photos/b/3.jpg", "dog,photos/b/3.jpg", "cat,photos/b/notes.txt"),
        *("cat,photos/a/gone.JPG", f"cat,{photos}/a/1.JPG", "cat,photos/b/../a/2.JPG"),
        header="label,filepath",
    )
    assert find_inputs(photos, JPG, table=table).names == [
        *("a/1.JPG", "a/2.JPG", "a/gone.JPG", "b/3.jpg", "b/notes.txt"),
    ]


def test_a_table_s_paths_may_lead_through_links(photos: Path, tmp_path: Path) -> None:
    """A linked folder is the folder; a linked image keeps its own name."""
    (tmp_path / "way").symlink_to(photos)
    (photos / "a" / "link.JPG").symlink_to(photos / "b" / "3.jpg")
    table = listed(tmp_path, "way/a/1.JPG", "photos/a/link.JPG")
    assert find_inputs(photos, JPG, table=table).names == ["a/1.JPG", "a/link.JPG"]
    assert find_inputs(tmp_path / "way", JPG, table=table).names == ["a/1.JPG", "a/link.JPG"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("elsewhere/1.JPG", "elsewhere/1.JPG does not lie below"),
        ("photos/../1.JPG", "does not lie below"),
        ("photos", "does not lie below"),
        ('""', "line 2: filepath names no image"),
        ('"photos', "table.csv, line"),
    ],
)
def test_a_row_that_can_t_be_followed_is_told(
    photos: Path, tmp_path: Path, line: str, message: str
) -> None:
    """A path that leads elsewhere or nowhere, and a broken row, are named with their line."""
    with pytest.raises(InputDataError, match=message):
        find_inputs(photos, JPG, table=listed(tmp_path, line))


def test_another_table_is_told(photos: Path, tmp_path: Path) -> None:
    """A table without the column, not in UTF-8, without rows, or not there is no list."""
    with pytest.raises(InputDataError, match="lacks the column filepath"):
        find_inputs(photos, JPG, table=listed(tmp_path, "a", header="FilePath"))
    with pytest.raises(MissingInputError, match="has no rows"):
        find_inputs(photos, JPG, table=listed(tmp_path))
    assert find_inputs(photos, JPG, table=listed(tmp_path), allow_empty=True).names == []
    (tmp_path / "latin.csv").write_bytes("filepath\nphotos/é.JPG\n".encode("latin-1"))
    with pytest.raises(InputDataError, match="not in UTF-8"):
        find_inputs(photos, JPG, table=tmp_path / "latin.csv")
    with pytest.raises(MissingInputError, match="There is no table"):
        find_inputs(photos, JPG, table=tmp_path / "gone.csv")


def test_shards_are_whole_folders(photos: Path, tmp_path: Path) -> None:
    """Together the shards are all, a folder's images are of one, and one may be empty."""
    parts = [find_inputs(photos, JPG, shard=Shard(number, 8)).names for number in range(8)]
    assert sorted(name for part in parts for name in part) == find_inputs(photos, JPG).names
    assert ["a/1.JPG", "a/2.JPG"] in [part[:2] for part in parts]
    assert [] in parts
    table = listed(tmp_path, "photos/a/2.JPG")
    (number,) = [number for number, part in enumerate(parts) if "a/2.JPG" in part]
    assert find_inputs(photos, JPG, table=table, shard=Shard(number, 8)).names == ["a/2.JPG"]
    other = Shard(1 - min(number, 1), 8)
    assert find_inputs(photos, JPG, table=table, shard=other).names == []
