"""Claims about decoding the detector's rows."""

import numpy as np
import pytest

from autofocus.detector.decoding import decode, suppress

SIDE = 64


def rows(*objects: tuple[int, float, float, float, float, float]) -> np.ndarray:
    """Return the network's rows for a 64-pixel image: position, offsets, sizes, confidence."""
    values = np.zeros((6, 64 + 16 + 4), np.float32)
    for position, x, y, width, height, score in objects:
        values[:, position] = (x, y, np.log(width), np.log(height), score, 1)
    return values


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (10, [2.5 * 8 - 8, 1.25 * 8 - 4, 2.5 * 8 + 8, 1.25 * 8 + 4]),
        (64 + 6, [2.5 * 16 - 16, 1.25 * 16 - 8, 2.5 * 16 + 16, 1.25 * 16 + 8]),
        (64 + 16 + 3, [1.5 * 32 - 32, 1.25 * 32 - 16, 1.5 * 32 + 32, 1.25 * 32 + 16]),
    ],
)
def test_offsets_count_from_the_position_in_its_grid(position: int, expected: list[float]) -> None:
    """Centre and size are in steps of the grid, which are 8, 16 and 32 pixels."""
    edges, scores = decode(rows((position, 0.5, 0.25, 2, 1, 0.75)), SIDE, 0.05)
    assert edges.tolist() == [pytest.approx(expected, abs=1e-5)]
    assert scores.tolist() == [0.75]


def test_the_most_confident_comes_first() -> None:
    """Boxes below the minimum are left out, the others in order of confidence."""
    found = rows((1, 0, 0, 1, 1, 0.25), (20, 0, 0, 1, 1, 0.75), (30, 0, 0, 1, 1, 0.03125))
    assert decode(found, SIDE, 0.05)[1].tolist() == [0.75, 0.25]


def test_no_box_is_no_box() -> None:
    """An image without detections gives empty arrays that can be suppressed."""
    edges, scores = decode(rows(), SIDE, 0.05)
    assert edges.shape == (0, 4)
    assert suppress(edges, scores, 0.45) == []


def test_a_box_that_overlaps_a_more_confident_one_is_dropped() -> None:
    """Boxes above the overlap are dropped; one below it, and one beside it, are kept."""
    edges = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 4.4], [20, 0, 30, 10.0]])
    assert suppress(edges, np.array([0.9, 0.8, 0.7, 0.6]), 0.45) == [0, 2, 3]


def test_a_dropped_box_drops_no_other() -> None:
    """Of a chain of boxes the third is kept, which overlaps only the dropped one."""
    edges = np.array([[0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10.0]])
    assert suppress(edges, np.array([0.9, 0.8, 0.7]), 0.4) == [0, 2]
