"""Accuracy by location, light, brightness and camera."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.intervals import Values, linear_variance, score_interval
from autofocus.evaluation.metrics import Estimate, Slice, SliceRow
from autofocus.evaluation.predictions import Classification, Predictions, number

LOCATION, BRIGHTNESS = "location", "brightness"
UNKNOWN = ""
# The worst of several values with a few images each is the worst by chance.
LEAST_IMAGES = 10

_BANDS = (
    (32, "very dark (under 32)"),
    (64, "dark (32 to 64)"),
    (128, "medium (64 to 128)"),
    (192, "bright (128 to 192)"),
    (float("inf"), "very bright (192 and more)"),
)
_ORDER = {band: place for place, (_, band) in enumerate(_BANDS)}


def brightness_band(brightness: float) -> str:
    """Return the name of the band of brightness of an image.

    Args:
        brightness: the mean in grayscale, 0 to 255.
    """
    return next((band for end, band in _BANDS if brightness < end), "")


def slices(
    test: Predictions, classification: Classification, *, with_intervals: bool
) -> tuple[Slice, ...]:
    """Return accuracy by each value of each property that is known of any image.

    Intervals are for new groups with the value; for a location, for new sequences at it. The worst
    value has the lowest accuracy, below that of all images, among those with enough images or
    whose whole interval lies below it; None where no two values can be compared.
    """
    right = classification.right
    overall = float(right.mean()) if len(right) else 0.0
    found = []
    for by, values in test.slices.items():
        if any(values):
            rows = _Property(by, values, right, _units(test, by)).rows(with_intervals)
            found.append(Slice(by, rows, _worst(rows, overall)))
    return tuple(found)


def _units(test: Predictions, by: str) -> NDArray[np.int64]:
    """Return the number of the unit that each image depends on others by, shape (N,)."""
    # A location is mostly one group, which would leave nothing to compare.
    return test.sequence_numbers if by == LOCATION else number(test.groups)[1]


@dataclass(frozen=True)
class _Property:
    """One property of the images.

    Attributes:
        by: its name.
        values: of each image.
        right: which images are predicted correctly, shape (N,).
        units: the number of each image's unit, shape (N,).
    """

    by: str
    values: Sequence[str]
    right: NDArray[np.bool_]
    units: NDArray[np.int64]

    def rows(self, with_intervals: bool) -> tuple[SliceRow, ...]:
        names, positions = number(self.values)
        owners, sizes, rights = self._by_unit(positions)
        images = np.bincount(owners, sizes)
        shares = np.bincount(owners, rights) / images
        variances = linear_variance(shares, rights, sizes, owners)
        begins = np.flatnonzero(np.diff(owners, prepend=-1))
        rows = []
        for row, unit_sizes in enumerate(np.split(sizes, begins[1:])):
            share = float(shares[row])
            interval = score_interval(share, float(variances[row]), unit_sizes)
            estimate = Estimate(share, interval if with_intervals else None)
            rows.append(SliceRow(names[row], int(images[row]), len(unit_sizes), estimate))
        return tuple(sorted(rows, key=self._rank))

    def _by_unit(self, positions: NDArray[np.int64]) -> tuple[NDArray[np.int64], Values, Values]:
        """Return the value, the images and the right images of each unit within a value."""
        span = int(self.units.max()) + 1
        pairs, inverse = np.unique(positions * span + self.units, return_inverse=True)
        sizes = np.bincount(inverse).astype(np.float64)
        return pairs // span, sizes, np.bincount(inverse, self.right).astype(np.float64)

    def _rank(self, row: SliceRow) -> tuple[float, str]:
        """Sort bands of brightness in their order, all else by accuracy."""
        if self.by == BRIGHTNESS:
            return _ORDER.get(row.value, len(_ORDER)), row.value
        return _accuracy(row), row.value


def _accuracy(row: SliceRow) -> float:
    return row.accuracy.value or 0.0


def _worst(rows: Sequence[SliceRow], overall: float) -> str | None:
    known = [row for row in rows if row.value != UNKNOWN]
    if len(known) < 2:  # noqa: PLR2004 - one can't be worse than others
        return None
    worse = [row for row in known if _accuracy(row) < overall and _is_clear(row, overall)]
    worst = min(worse, key=lambda row: (_accuracy(row), row.value), default=None)
    return worst.value if worst else None


def _is_clear(row: SliceRow, overall: float) -> bool:
    interval = row.accuracy.interval
    return row.images >= LEAST_IMAGES or (interval is not None and interval[1] < overall)
