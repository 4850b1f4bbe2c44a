"""Claims about the images of a table's rows."""

import random

import polars as pl
import pytest

from autofocus.runs import packed_names
from autofocus.tables import image_codes
from autofocus.tables.image_codes import ImageFinder, Images


@pytest.fixture(autouse=True)
def _little_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (packed_names, image_codes):
        monkeypatch.setattr(module, "BLOCK", 4)
    monkeypatch.setattr(image_codes, "_SAMPLED", 2)
    monkeypatch.setattr(image_codes, "_TOGETHER", 3)


def find(rows: list[str], size: int) -> Images:
    """Return the images of rows that come so many at a time."""
    parts = (rows[start : start + size] for start in range(0, len(rows), size))
    return ImageFinder().find(pl.Series(part, dtype=pl.String) for part in parts)


def test_rows_have_their_images_in_any_order() -> None:
    """Paths are sorted as Python sorts them, and each row's code leads to its path."""
    source = random.Random(1)  # noqa: S311 - of tables
    for _ in range(300):
        number = source.choice((1, 5, 40))
        rows = [
            f"{source.choice('aé𝄞Z')}{source.randrange(number)}"
            for _ in range(source.choice((0, 1, 7, 100)))
        ]
        if source.random() < 0.5:
            rows.sort(reverse=source.random() < 0.3)
        images = find(rows, source.choice((1, 3, 20, 200)))
        assert images.filepaths == sorted(set(rows))
        assert [images.filepaths[code] for code in images.codes.tolist()] == rows


def test_images_can_be_left_out() -> None:
    """The rows of others stay, with codes of their own images."""
    rows = ["b", "a", "c", "a", "b", "d"]
    images, are_kept = find(rows, 2).without({"a", "d", "x"})
    assert images.filepaths == ["b", "c"]
    assert are_kept.tolist() == [True, False, True, False, True, False]
    assert images.codes.tolist() == [0, 1, 0]
    same, are_kept = images.without({"x"})
    assert same is images
    assert are_kept.all()
