"""Figures with intervals from a bootstrap over groups.

Whole groups are drawn, with all of their images, as often as there are groups (Davison and
Hinkley, Bootstrap Methods and their Application, 1997, section 3.8; Field and Welsh, JRSS B 69,
2007). All figures are functions of sums over images, so that a resample is a weighted sum over
groups, and all resamples are one product of matrices.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.intervals import Interval, Values, cautious_variance, score_interval
from autofocus.evaluation.judged import number

# Weights of so many groups are held at once.
_AT_ONCE = 2_000_000

Sums = Mapping[str, Values]
# From sums over images, of shape (R, columns) each, to a figure of shape (R, F).
Figure = Callable[[Sums], Values]


@dataclass(frozen=True)
class Estimate:
    """A figure, 0 to 1, and its 95 % interval for new groups; None where they are unknown."""

    value: float | None
    interval: Interval | None

    def to_json(self, name: str) -> dict[str, Any]:
        """Return both under a name."""
        interval = list(self.interval) if self.interval else None
        return {name: self.value, f"{name}_95_percent_interval": interval}


@dataclass(frozen=True)
class Tally:
    """Sums over images: of each group, of all, and of each resample of the groups.

    Attributes:
        groups: by name, the sums of each of K groups, shape (K, columns).
        all: of all images, shape (1, columns).
        resampled: of each of R resamples, shape (R, columns).
    """

    groups: Sums
    all: Sums
    resampled: Sums

    @classmethod
    def of(
        cls,
        columns: Mapping[str, NDArray[Any]],
        groups: Sequence[str],
        resamples: int,
        seed: int,
    ) -> "Tally":
        """Sum up columns, and resample them.

        Args:
            columns: by name, what to sum up, shape (N,) or (N, columns).
            groups: the group of each image.
            resamples: how many to draw.
            seed: of the draws; the order of images doesn't matter.
        """
        numbers = number(groups)[1]
        by_group = {name: _sum(column, numbers) for name, column in columns.items()}
        whole = np.concatenate(list(by_group.values()), axis=1)
        drawn = _resample(whole, resamples if len(whole) else 0, seed)
        ends = np.cumsum([sums.shape[1] for sums in by_group.values()])[:-1]
        return cls(
            by_group,
            {name: sums.sum(axis=0, keepdims=True) for name, sums in by_group.items()},
            dict(zip(by_group, np.split(drawn, ends, axis=1), strict=True)),
        )

    def estimate(self, figure: Figure, sizes: Values, least: float = 0.0) -> list[Estimate]:
        """Return a figure's values with their intervals.

        Args:
            figure: of sums.
            sizes: how many images of each group count for each value, shape (K, values).
            least: the variance is at least this.
        """
        values = figure(self.all)[0]
        variances = np.maximum(self.variances(figure, sizes), least)
        return [self._estimate(*row) for row in zip(values, variances, sizes.T, strict=True)]

    def share(self, part: str, whole: str) -> list[Estimate]:
        """Return the shares that one column is of another."""
        return self.estimate(lambda sums: ratio(sums[part], sums[whole]), self.groups[whole])

    def variances(self, figure: Figure, sizes: Values) -> Values:
        """Return the variances of a figure's values; not a number where they are unknown."""
        drawn = figure(self.resampled)
        known = np.isfinite(drawn)
        count = known.sum(axis=0)
        filled = np.where(known, drawn, 0)
        mean = filled.sum(axis=0) / np.maximum(count, 1)
        squares = np.where(known, np.square(drawn - mean), 0).sum(axis=0)
        # A resample has the groups' own mean: it varies too little by one part of K.
        groups = np.count_nonzero(sizes, axis=0)
        narrow = groups / np.maximum(groups - 1, 1)
        return np.where(count > 1, narrow * squares / np.maximum(count - 1, 1), np.nan)

    def cautious(self, figure: Figure, sizes: Values) -> Values:
        """Return variances in which what can't be seen from few groups is taken as large."""
        values, variances = figure(self.all)[0], self.variances(figure, sizes)
        return np.array(
            [
                cautious_variance(*row) if np.isfinite(row[0]) else np.nan
                for row in zip(values, variances, sizes.T, strict=True)
            ]
        )

    def _estimate(self, value: float, variance: float, sizes: Values) -> Estimate:
        if not np.isfinite(value):
            return Estimate(None, None)
        drawn = len(next(iter(self.resampled.values())))
        interval = score_interval(float(value), float(variance), sizes) if drawn else None
        return Estimate(float(value), interval)


def ratio(part: Values, whole: Values) -> Values:
    """Return a part of a whole; not a number where the whole is nothing."""
    shares: Values = np.divide(
        part, whole, out=np.full(np.broadcast(part, whole).shape, np.nan), where=whole > 0
    )
    return shares


def _sum(column: NDArray[Any], numbers: NDArray[np.int64]) -> Values:
    """Return the sums of each group, shape (K, columns)."""
    wide = column.reshape(len(column), -1) if column.size else np.zeros((0, _width(column)))
    if not len(wide):
        return np.zeros((0, wide.shape[1]))
    order = np.argsort(numbers, kind="stable")
    begins = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    sums: Values = np.add.reduceat(wide[order].astype(np.float64), begins, axis=0)
    return sums


def _width(column: NDArray[Any]) -> int:
    return 1 if column.ndim == 1 else column.shape[1]


def _resample(sums: Values, resamples: int, seed: int) -> Values:
    """Return the sums of resamples of groups, shape (R, columns), from (K, columns)."""
    drawn = np.zeros((resamples, sums.shape[1]))
    if not resamples:
        return drawn
    # Groups that are alike need not be told apart: without groups, images of few kinds are left.
    kinds, sizes = np.unique(sums, axis=0, return_counts=True)
    random = np.random.default_rng(seed)
    step = max(1, _AT_ONCE // len(kinds))
    for begin in range(0, resamples, step):
        end = min(resamples, begin + step)
        weights = random.multinomial(len(sums), sizes / len(sums), size=end - begin)
        drawn[begin:end] = weights.astype(np.float64) @ kinds
    return drawn
