"""Accuracy of images apart by where, when and with what they were taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.intervals import Values, linear_variance, score_interval
from autofocus.evaluation.judged import Answers, Judged, number

LOCATION, BRIGHTNESS = "location", "brightness"
UNKNOWN = ""
# The worst of a few values of three images each is one that had bad luck.
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
    """Return in words how bright an image is.

    Args:
        brightness: the mean in grayscale, 0 to 255.
    """
    return next((band for end, band in _BANDS if brightness < end), "")


def describe(test: Judged, answers: Answers, *, with_intervals: bool) -> list[dict[str, Any]]:
    """Return accuracy by each value of each slice that is known of any image.

    Intervals are for new groups with the value; for a location, for new sequences at it. The worst
    value has the lowest accuracy, below that of all images, among those with enough images or
    whose whole interval lies below it; None where no two values can be compared.
    """
    overall = float(answers.right.mean()) if len(answers) else 0.0
    slices = []
    for by, values in test.slices.items():
        if not any(values):
            continue
        rows = _Slice(by, values, answers.right, _units(test, by)).rows(with_intervals)
        slices.append({"by": by, "rows": rows, "worst": _worst(rows, overall)})
    return slices


def _units(test: Judged, by: str) -> NDArray[np.int64]:
    """Return what images depend on each other by within a value, as numbers, shape (N,)."""
    # All of a location is mostly one group, which would leave nothing to compare.
    return test.bursts if by == LOCATION else number(test.groups)[1]


@dataclass(frozen=True)
class _Slice:
    """Images by one property.

    Attributes:
        by: the property's name.
        values: of each image.
        right: which images have the right answer, shape (N,).
        units: the number of what each image depends on others by, shape (N,).
    """

    by: str
    values: Sequence[str]
    right: NDArray[np.bool_]
    units: NDArray[np.int64]

    def rows(self, with_intervals: bool) -> list[dict[str, Any]]:
        names, places = number(self.values)
        owners, sizes, rights = self._by_unit(places)
        images = np.bincount(owners, sizes)
        shares = np.bincount(owners, rights) / images
        variances = linear_variance(shares, rights, sizes, owners)
        begins = np.flatnonzero(np.diff(owners, prepend=-1))
        rows = []
        for place, its_sizes in enumerate(np.split(sizes, begins[1:])):
            share = float(shares[place])
            interval = score_interval(share, float(variances[place]), its_sizes)
            rows.append(
                {
                    "value": names[place],
                    "images": int(images[place]),
                    "groups": len(its_sizes),
                    "accuracy": share,
                    "accuracy_95_percent_interval": list(interval)
                    if with_intervals and interval
                    else None,
                }
            )
        return sorted(rows, key=self._rank)

    def _by_unit(self, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], Values, Values]:
        """Return the value, the images and the right answers of each unit within a value."""
        span = int(self.units.max()) + 1
        pairs, inverse = np.unique(places * span + self.units, return_inverse=True)
        sizes = np.bincount(inverse).astype(np.float64)
        return pairs // span, sizes, np.bincount(inverse, self.right).astype(np.float64)

    def _rank(self, row: Mapping[str, Any]) -> tuple[float, str]:
        """Bands of brightness go in their order, all else from bad to good."""
        if self.by == BRIGHTNESS:
            return _ORDER.get(row["value"], len(_ORDER)), row["value"]
        return row["accuracy"], row["value"]


def _worst(rows: Sequence[Mapping[str, Any]], overall: float) -> str | None:
    known = [row for row in rows if row["value"] != UNKNOWN]
    if len(known) < 2:  # noqa: PLR2004 - one can't be worse than others
        return None
    doubtless = [row for row in known if row["accuracy"] < overall and _is_doubtless(row, overall)]
    worst = min(doubtless, key=lambda row: (row["accuracy"], row["value"]), default=None)
    return str(worst["value"]) if worst else None


def _is_doubtless(row: Mapping[str, Any], overall: float) -> bool:
    interval = row["accuracy_95_percent_interval"]
    return row["images"] >= LEAST_IMAGES or (interval is not None and interval[1] < overall)
