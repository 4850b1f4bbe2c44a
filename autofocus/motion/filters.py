"""Filters on small grey pictures, made of running sums, so that numpy alone suffices."""

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.float32]

# Grey levels of 255: differences below are the sensor's noise, and must not be blown up.
_NOISE = 5.0


def blur(picture: Grey, radius: int) -> Grey:
    """Return the mean over a square around each pixel, cut off at the edges.

    Args:
        picture: shape (H, W).
        radius: the square's side is twice that and one, in pixels.
    """
    return np.ascontiguousarray(_blur_rows(_blur_rows(picture, radius).T, radius).T)


def _blur_rows(picture: Grey, radius: int) -> Grey:
    width = picture.shape[1]
    sums = np.zeros((len(picture), width + 1), np.float64)
    np.cumsum(picture, axis=1, out=sums[:, 1:])
    places = np.arange(width)
    left, right = np.maximum(places - radius, 0), np.minimum(places + radius + 1, width)
    means: Grey = ((sums[:, right] - sums[:, left]) / (right - left)).astype(np.float32)
    return means


def normalise(grey: Grey) -> Grey:
    """Return the local contrast: how each pixel stands out from its surroundings.

    A wide blur is subtracted and the local deviation divided by, so that brighter or darker light,
    and shadows that are wide, change little.

    Args:
        grey: shape (H, W), 0 to 255.
    """
    radius = max(2, max(grey.shape) // 12)
    rest = grey - blur(grey, radius)
    deviation = np.sqrt(np.maximum(blur(rest * rest, radius), 0.0))
    return (rest / (deviation + _NOISE)).astype(np.float32)


def find_shift(
    fixed: NDArray[np.complex64], moved: NDArray[np.complex64], most: int
) -> tuple[int, int]:
    """Return by how many pixels a picture was shifted against another.

    Phase correlation: C. D. Kuglin and D. C. Hines, "The Phase Correlation Image Alignment Method"
    (IEEE Conference on Cybernetics and Society, 1975).

    Args:
        fixed: the two-dimensional Fourier transform of one picture.
        moved: that of the other, of the same shape.
        most: a larger shift is taken for chance.

    Returns:
        How far down and to the right the other must be moved to lie over the first.
    """
    product = fixed * np.conj(moved)
    surface = np.fft.ifft2(product / (np.abs(product) + 1e-6)).real
    rows = np.r_[0 : most + 1, -most:0]
    window = surface[np.ix_(rows, rows)]
    best = np.unravel_index(int(window.argmax()), window.shape)
    # Standing still is likelier than a shift that fits hardly better.
    if window[best] < 1.5 * window[0, 0]:
        return 0, 0
    return int(rows[best[0]]), int(rows[best[1]])
