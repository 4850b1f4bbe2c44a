"""Confidence intervals of shares that were measured on groups of images.

Images of one location resemble each other, so that a thousand images from three locations say
little more about new locations than three do. The method is that of survey statistics, where
people are interviewed in clusters:

1. A bootstrap over whole groups gives the variance of a share (`autofocus.evaluation.bootstrap`).
2. The variance gives the effective number: that of independent images that would be as informative
   (Kish, Survey Sampling, 1965; Korn and Graubard, Survey Methodology 24, 1998).
3. Wilson's score interval is taken at that number, with the quantile of Student's t in place of
   the normal one, which does best of the usual intervals under clustering (Dean and Pagano,
   Journal of Survey Statistics and Methodology 3, 2015; Franco and others, ibid. 7, 2019). Its
   degrees of freedom are the effective number of groups less one, as groups of very different size
   count as fewer (Carter, Schnepel and Steigerwald, Review of Economics and Statistics 99, 2017).

A bootstrap alone is not enough: if all images of eight locations are right, every resample is
right as well, and its interval would be [1, 1]. How strongly mistakes cluster can't be estimated
from none, and hardly from one. So the effective number is drawn towards the number of groups, its
least possible value, with a weight of 1 / (1 + m) for m images of the rarer outcome. This last
step is our own: `docs/evaluation.md` and a test show how often the intervals hold for new
locations.
"""

import math

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Interval = tuple[float, float]

# The 97.5 % quantile of the normal distribution: two-sided 95 % intervals.
Z = 1.959963984540054
_UPPER = 0.975
# One group, or many of which one outweighs all others, says nothing about new groups.
_LEAST_GROUPS = 2
_LEAST_FREEDOM = 0.5


def wilson(right: int, number: int) -> Interval | None:
    """Return the 95 % score interval of a share (E. B. Wilson, JASA 22, 1927); None of no images.

    Args:
        right: the number of images that count.
        number: the number of all, which are independent.
    """
    return _wilson(right / number, number, Z) if number else None


def _wilson(share: float, number: float, quantile: float) -> Interval:
    """Return the score interval of a share, with a quantile as the number of standard errors."""
    z2 = quantile * quantile
    middle = share + z2 / (2 * number)
    half = quantile * math.sqrt(share * (1 - share) / number + z2 / (4 * number * number))
    scale = 1 + z2 / number
    # Rounding must not leave the share itself outside.
    low, high = (middle - half) / scale, (middle + half) / scale
    return max(0.0, min(low, share)), min(1.0, max(high, share))


def effective_groups(sizes: Values) -> float:
    """Return the number of equal groups that would be as informative (Kish, 1965); 0 if none.

    Args:
        sizes: the number of images of each group, shape (K,).
    """
    squares = float(np.square(sizes, dtype=np.float64).sum())
    return float(sizes.sum()) ** 2 / squares if squares else 0.0


def effective_images(share: float, variance: float, sizes: Values) -> float:
    """Return the number of independent images that would be as informative as groups of images.

    Args:
        share: what was measured, 0 to 1.
        variance: of the share, by the groups; NaN if unknown.
        sizes: the number of images that count of each group, shape (K,).
    """
    images, groups = float(sizes.sum()), effective_groups(sizes)
    spread = share * (1 - share)
    if not variance >= 0 or np.count_nonzero(sizes) < _LEAST_GROUPS:
        return groups
    observed = min(images, spread / variance) if variance else images
    rarer = images * min(share, 1 - share)
    weight = 1 / (1 + rarer)
    if observed <= 0:
        return groups
    return 1 / ((1 - weight) / observed + weight / groups)


def score_interval(share: float, variance: float, sizes: Values) -> Interval | None:
    """Return the 95 % interval of a share for new groups; None where fewer than two were seen.

    Args:
        share: what was measured, 0 to 1.
        variance: of the share, by the groups.
        sizes: the number of images that count of each group, shape (K,).
    """
    if np.count_nonzero(sizes) < _LEAST_GROUPS:
        return None
    from scipy.special import stdtrit

    freedom = max(_LEAST_FREEDOM, effective_groups(sizes) - 1)
    number = effective_images(share, variance, sizes)
    return _wilson(share, number, float(stdtrit(freedom, _UPPER)))


def cautious_variance(share: float, variance: float, sizes: Values) -> float:
    """Return the variance of a share, conservative where there are few groups.

    It is that of the share in the middle of Wilson's interval, which is never 0 or 1.
    """
    number = effective_images(share, variance, sizes)
    middle = (share * number + Z * Z / 2) / (number + Z * Z)
    return middle * (1 - middle) / max(number, 1.0)


def linear_variance(
    shares: Values, rights: Values, sizes: Values, owners: NDArray[np.int64]
) -> Values:
    """Return the variances of many shares by their groups, without resampling.

    It is the limit of the bootstrap with many resamples of many groups: the infinitesimal
    jackknife (Efron, The Jackknife, the Bootstrap and Other Resampling Plans, 1982), with K / (K -
    1) for the share that was fitted.

    Args:
        shares: shape (S,).
        rights: the number of images of each group that are right, shape (K,).
        sizes: the number of images of each group, shape (K,).
        owners: the number of the share that each group is part of, shape (K,).
    """
    number = len(shares)
    gaps = np.square(rights - shares[owners] * sizes)
    total = np.bincount(owners, sizes, minlength=number)
    groups = np.bincount(owners, minlength=number)
    squares = np.bincount(owners, gaps, minlength=number) / np.maximum(total, 1) ** 2
    variances: Values = squares * groups / np.maximum(groups - 1, 1)
    return variances
