"""Claims about the filters."""

import numpy as np
import pytest
from scipy import ndimage

from autofocus.motion.filters import blur, find_shift, normalise


def test_a_blur_is_the_mean_of_a_square() -> None:
    """Away from the edges it agrees with SciPy's."""
    picture = np.random.default_rng(0).normal(size=(20, 30)).astype(np.float32)
    expected = ndimage.uniform_filter(picture, 5)
    np.testing.assert_allclose(blur(picture, 2)[2:-2, 2:-2], expected[2:-2, 2:-2], atol=1e-5)


def test_a_blur_darkens_no_edge() -> None:
    """An even picture stays even, up to its edges."""
    np.testing.assert_allclose(blur(np.full((9, 7), 3, np.float32), 4), 3, rtol=1e-6)


def test_local_contrast_does_not_know_how_bright_it_is() -> None:
    """Adding light everywhere changes nothing."""
    picture = 60 + 30 * np.random.default_rng(1).random((40, 60)).astype(np.float32)
    np.testing.assert_allclose(normalise(picture + 80), normalise(picture), atol=1e-3)


@pytest.mark.parametrize("shift", [(0, 0), (3, -2), (-1, 4)])
def test_a_shift_is_found(shift: tuple[int, int]) -> None:
    """By so much must the other be moved back to lie over the first."""
    picture = np.random.default_rng(2).normal(size=(64, 96)).astype(np.float32)
    moved = np.roll(picture, (-shift[0], -shift[1]), axis=(0, 1))
    spectra = [np.fft.fft2(each).astype(np.complex64) for each in (picture, moved)]
    assert find_shift(spectra[0], spectra[1], 5) == shift


def test_pictures_that_have_nothing_in_common_are_not_shifted() -> None:
    """Chance is not taken for a shift, within what a camera shakes."""
    random = np.random.default_rng(3)
    spectra = [np.fft.fft2(random.normal(size=(64, 96))).astype(np.complex64) for _ in range(2)]
    down, right = find_shift(spectra[0], spectra[1], 5)
    assert max(abs(down), abs(right)) <= 5
