"""Numbers and lists as a reader of a report expects them."""

import math
from collections.abc import Sequence

from autofocus.evaluation.intervals import Interval
from autofocus.evaluation.metrics import Estimate

# Keeps a number and its unit on one line.
NBSP = "\N{NO-BREAK SPACE}"
UNKNOWN = "unknown"
# An interval wider than this says little.
_WIDE = 0.3


def percent(share: float | None) -> str:
    """Return a share as a percentage; only 0 and 1 are 0 % and 100 %."""
    if share is None or math.isnan(share):
        return UNKNOWN
    return f"{rounded(share)}{NBSP}%"


def rounded(share: float) -> str:
    """Return a share as the number of a percentage."""
    value = 100 * share
    if math.floor(value + 0.5) in (0, 100) and value not in (0, 100):
        edge = round(value, 1)
        if edge in (0.0, 100.0):
            return "<0.1" if edge == 0 else ">99.9"
        return f"{edge:.1f}"
    return str(math.floor(value + 0.5))


def points(difference: float | None) -> str:
    """Return a difference of two shares, such as "4.9 points"."""
    return UNKNOWN if difference is None else f"{100 * difference:.1f}{NBSP}points"


def between(interval: Interval | None) -> str:
    """Return an interval of shares, such as "61 to 83 %"; empty if there is none."""
    if not interval:
        return ""
    low, high = (rounded(bound) for bound in interval)
    return f"{low}{NBSP}to{NBSP}{high}{NBSP}%"


def with_interval(share: Estimate) -> str:
    """Return a share, and its interval if there is one."""
    interval = between(share.interval)
    if not interval:
        return percent(share.value)
    return f"{percent(share.value)} (95{NBSP}% confidence interval {interval})"


def count(number: int, one: str, many: str = "") -> str:
    """Return a count, such as "1 image" or "1,204 images"."""
    return f"{number:,}{NBSP}{one if number == 1 else many or one + 's'}"


def listed(texts: Sequence[str], most: int = 6) -> str:
    """Return texts as a list in a sentence, such as "cat, dog and fox"."""
    shown = list(texts[:most])
    if len(texts) > most:
        shown.append(f"{len(texts) - most} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def number(value: float | None, digits: int = 3) -> str:
    """Return a number that is not a share."""
    return UNKNOWN if value is None else f"{value:.{digits}g}"


def doubt(accuracy: Estimate) -> str:
    """Return what is doubtful about an accuracy, with a space before it; empty if nothing is."""
    if accuracy.interval is None:
        return " No confidence interval could be calculated, so it may be due to chance."
    low, high = accuracy.interval
    if high - low <= _WIDE:
        return ""
    return " The interval is wide: rely on it rather than on the single value."
