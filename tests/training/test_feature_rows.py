"""Claims about feature vectors in a file."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from autofocus.training.feature_rows import FeatureFile, FeatureRows, by_block, load

ROWS, SIZE = 50_000, 64


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[FeatureRows]:
    """Rows of a file of 12.8 MB; each feature is the row's number."""
    file = FeatureFile(tmp_path / "made" / "features", (ROWS, SIZE))
    numbers = np.arange(ROWS)
    for part in np.array_split(numbers, 7):
        file.write(part, np.repeat(part[:, None], SIZE, axis=1).astype(np.float32))
    yield FeatureRows(file, numbers)
    file.close()
    assert not file.path.exists()


def test_rows_are_read_in_any_order(rows: FeatureRows) -> None:
    """Runs, gaps, repetitions and the reverse order give the rows that were asked for."""
    for asked in ([0, 1, 2], [9, 3, 3, 4, 0], [ROWS - 1, 0], []):
        features = rows[np.array(asked, np.int64)].load()
        assert features.shape == (len(asked), SIZE)
        assert features[:, 0].tolist() == asked
    is_even = np.arange(ROWS) % 2 == 0
    assert rows[is_even][np.array([2, 1])].load()[:, -1].tolist() == [4, 2]


def test_rows_are_written_in_any_order(rows: FeatureRows) -> None:
    """A row that is written again, out of order, is read as it was written last."""
    features = np.array([[1.5] * SIZE, [2.5] * SIZE, [3.5] * SIZE], np.float32)
    rows.file.write(np.array([7, 8, 3]), features)
    assert rows[np.array([3, 7, 8, 9])].load()[:, 0].tolist() == [3.5, 1.5, 2.5, 9]


def test_blocks_need_little_memory(rows: FeatureRows) -> None:
    """All rows pass in order, and never all at once."""
    tracemalloc.start()
    sums = [float(total) for total in by_block(lambda _, block: block[:, 0].sum(), rows)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(sums) == pytest.approx(ROWS * (ROWS - 1) / 2)
    assert sums == sorted(sums[:-1]) + sums[-1:]
    assert peak < ROWS * SIZE * 4 / 2


def test_a_file_that_was_cut_short_is_reported(rows: FeatureRows) -> None:
    """Its name is in the message."""
    with rows.file.path.open("r+b") as file:
        file.truncate(100)
    with pytest.raises(OSError, match=r"features was cut short"):
        load(rows)
