"""Shares and their confidence intervals from a bootstrap over groups.

Whole groups are drawn, with all of their images, as often as there are groups (Davison and
Hinkley, Bootstrap Methods and their Application, 1997, section 3.8; Field and Welsh, JRSS B 69,
2007). All metrics are functions of sums over images, so that a resample is a weighted sum over
groups, and all resamples are one product of matrices.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.intervals import Values, cautious_variance, score_interval
from autofocus.evaluation.metrics import Estimate
from autofocus.evaluation.predictions import number

# Number of weights that are held in memory at once.
_AT_ONCE = 2_000_000

Sums = Mapping[str, Values]
# From sums over images, of shape (R, columns) each, to a statistic of shape (R, values).
Statistic = Callable[[Sums], Values]


@dataclass(frozen=True)
class GroupSums:
    """Sums over images: of each group, of all, and of each resample of the groups.

    Attributes:
        groups: by name, the sums of each of K groups, shape (K, columns).
        total: the sums of all images, shape (1, columns).
        resampled: the sums of each of R resamples, shape (R, columns).
    """

    groups: Sums
    total: Sums
    resampled: Sums

    @classmethod
    def from_columns(
        cls,
        columns: Mapping[str, NDArray[Any]],
        groups: Sequence[str],
        resamples: int,
        seed: int,
    ) -> "GroupSums":
        """Sum columns over images, and resample the sums.

        Args:
            columns: by name, what to sum, shape (N,) or (N, columns).
            groups: the group of each image.
            resamples: number of resamples.
            seed: of the draws; the order of the images does not matter.
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

    def estimate(self, statistic: Statistic, sizes: Values, least: float = 0.0) -> list[Estimate]:
        """Return the values of a statistic with their intervals.

        Args:
            statistic: a function of sums.
            sizes: number of images of each group that count for each value, shape (K, values).
            least: lower bound of the variance.
        """
        values = statistic(self.total)[0]
        variances = np.maximum(self.variances(statistic, sizes), least)
        return [self._estimate(*row) for row in zip(values, variances, sizes.T, strict=True)]

    def share(self, part: str, whole: str) -> list[Estimate]:
        """Return one column as a share of another."""
        return self.estimate(lambda sums: ratio(sums[part], sums[whole]), self.groups[whole])

    def variances(self, statistic: Statistic, sizes: Values) -> Values:
        """Return the variances of the values of a statistic; NaN where they are unknown."""
        drawn = statistic(self.resampled)
        known = np.isfinite(drawn)
        count = known.sum(axis=0)
        filled = np.where(known, drawn, 0)
        mean = filled.sum(axis=0) / np.maximum(count, 1)
        squares = np.where(known, np.square(drawn - mean), 0).sum(axis=0)
        # Resamples vary around the mean of the K groups: too little, by a factor of (K - 1) / K.
        groups = np.count_nonzero(sizes, axis=0)
        narrow = groups / np.maximum(groups - 1, 1)
        return np.where(count > 1, narrow * squares / np.maximum(count - 1, 1), np.nan)

    def cautious(self, statistic: Statistic, sizes: Values) -> Values:
        """Return variances that are conservative where there are few groups."""
        values, variances = statistic(self.total)[0], self.variances(statistic, sizes)
        return np.array(
            [
                cautious_variance(*row) if np.isfinite(row[0]) else np.nan
                for row in zip(values, variances, sizes.T, strict=True)
            ]
        )

    def _estimate(self, value: float, variance: float, sizes: Values) -> Estimate:
        if not np.isfinite(value):
            return Estimate(None)
        drawn = len(next(iter(self.resampled.values())))
        interval = score_interval(float(value), float(variance), sizes) if drawn else None
        return Estimate(float(value), interval)


def ratio(part: Values, whole: Values) -> Values:
    """Return `part / whole`; NaN where `whole` is 0."""
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
    # Groups with equal sums are interchangeable: they are drawn as one kind.
    kinds, sizes = np.unique(sums, axis=0, return_counts=True)
    random = np.random.default_rng(seed)
    step = max(1, _AT_ONCE // len(kinds))
    for begin in range(0, resamples, step):
        end = min(resamples, begin + step)
        weights = random.multinomial(len(sums), sizes / len(sums), size=end - begin)
        drawn[begin:end] = weights.astype(np.float64) @ kinds
    return drawn
