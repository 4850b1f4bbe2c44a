"""Claims about connected parts of what changed."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from autofocus.motion.components import find_components


def test_edges_and_mass_are_the_part_s() -> None:
    """A rectangle of change is given back as it is."""
    change = np.zeros((10, 12), np.float32)
    change[2:5, 3:9] = 4
    (one,) = find_components(change, 1, 3)
    assert (one.left, one.top, one.right, one.bottom, one.mass) == (3, 2, 9, 5, 72)


def test_what_nowhere_rises_high_is_noise() -> None:
    """A part between the two thresholds alone does not count."""
    change = np.full((6, 6), 2, np.float32)
    assert find_components(change, 1, 3) == []
    change[3, 3] = 4
    assert len(find_components(change, 1, 3)) == 1


def test_the_heaviest_comes_first() -> None:
    """Mass, not size or place, is what counts."""
    change = np.zeros((10, 30), np.float32)
    change[0:9, 0:9] = 4
    change[2:4, 20:22] = 200
    assert [one.left for one in find_components(change, 1, 3)] == [20, 0]


def test_a_u_is_one_part() -> None:
    """Two arms that meet only below are united."""
    change = np.zeros((5, 5), np.float32)
    change[:, 0] = change[:, 4] = change[4, :] = 5
    assert len(find_components(change, 1, 3)) == 1


@given(arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_parts_are_those_of_another_library(mask: np.ndarray) -> None:
    """Whatever the picture, number and edges agree with SciPy's, corners included."""
    labels, _ = ndimage.label(mask, structure=np.ones((3, 3)))
    expected = {
        (part[1].start, part[0].start, part[1].stop, part[0].stop)
        for part in ndimage.find_objects(labels)
    }
    found = find_components(mask.astype(np.float32) * 5, 1, 3)
    assert {(one.left, one.top, one.right, one.bottom) for one in found} == expected
