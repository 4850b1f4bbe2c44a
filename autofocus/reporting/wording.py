"""Metrics in sentences that an ecologist reads."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from autofocus.evaluation.intervals import Interval
from autofocus.evaluation.metrics import ClassMetrics, Estimate, Evaluation, Slice, SliceRow
from autofocus.evaluation.training_metrics import Metrics

# Keeps a number and its unit on one line.
_NBSP = "\N{NO-BREAK SPACE}"
UNKNOWN = "unknown"
# A class with fewer test images is not named as the weakest: it might be so by chance.
_ENOUGH = 5
# An interval wider than this says little.
_WIDE = 0.3
_SMALL = 0.1


@dataclass(frozen=True)
class Level:
    """The group that a split never divides, in words.

    Attributes:
        where: the images that the accuracy holds for; goes after "photographs".
        short: the same for a heading under the accuracy.
        group: the group.
        groups: its plural.
    """

    where: str
    short: str
    group: str
    groups: str


# What `fitted_on` means.
_HELD_OUT = {
    "validation": "the validation photographs",
    "cross-validation": "training and validation photographs, each answered by a classifier that "
    "had not learned from its group (cross-validation)",
}

LEVELS = {
    "location": Level(
        "from places it has never seen", "at places it has never seen", "place", "places"
    ),
    "sequence": Level(
        "from other bursts, at places that it may know already",
        "in other bursts, but at places that it may know",
        "burst",
        "bursts",
    ),
    "image": Level(
        "much like those that it learned from",
        "of photographs much like those that it learned from",
        "photograph",
        "photographs",
    ),
}


def percent(share: float | None) -> str:
    """Return a share as a percentage; only 0 and 1 are 0 % and 100 %."""
    if share is None or math.isnan(share):
        return UNKNOWN
    return f"{_rounded(share)}{_NBSP}%"


def _rounded(share: float) -> str:
    value = 100 * share
    if math.floor(value + 0.5) in (0, 100) and value not in (0, 100):
        edge = round(value, 1)
        if edge in (0.0, 100.0):
            return "<0.1" if edge == 0 else ">99.9"
        return f"{edge:.1f}"
    return str(math.floor(value + 0.5))


def points(difference: float | None) -> str:
    """Return a difference of two shares, such as "4.9 points"."""
    return UNKNOWN if difference is None else f"{100 * difference:.1f}{_NBSP}points"


def between(interval: Interval | None) -> str:
    """Return an interval of shares, such as "61 to 83 %"; empty if there is none."""
    if not interval:
        return ""
    low, high = (_rounded(bound) for bound in interval)
    return f"{low}{_NBSP}to{_NBSP}{high}{_NBSP}%"


def with_interval(share: Estimate) -> str:
    """Return a share, and its interval if there is one."""
    told = between(share.interval)
    return f"{percent(share.value)} (95{_NBSP}% interval {told})" if told else percent(share.value)


def count(number: int, one: str, many: str = "") -> str:
    """Return a count, such as "1 photograph" or "1,204 photographs"."""
    return f"{number:,}{_NBSP}{one if number == 1 else many or one + 's'}"


def held_out_images(fitted_on: str) -> str:
    """Return the images that something was fitted on, in words."""
    return _HELD_OUT.get(fitted_on, fitted_on)


def listed(texts: Sequence[str], most: int = 6) -> str:
    """Return texts as a list in a sentence, such as "cat, dog and fox"."""
    shown = list(texts[:most])
    if len(texts) > most:
        shown.append(f"{len(texts) - most} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def number(value: float | None, digits: int = 3) -> str:
    """Return a number that is not a share."""
    return UNKNOWN if value is None else f"{value:.{digits}g}"


def summary(metrics: Metrics) -> list[str]:
    """Return the main results, one sentence each; none if nothing was tested."""
    test = metrics.test
    if not test.images:
        return [sentence for sentence in [_folds(metrics)] if sentence]
    sentences = [
        _right(metrics),
        _folds(metrics),
        _baseline(test),
        _bursts(test),
        _weakest_class(test),
        _weakest_slice(test),
        _untested(test),
        _spared(test),
        _empty(test),
    ]
    return [sentence for sentence in sentences if sentence]


def _right(metrics: Metrics) -> str:
    test, level = metrics.test, LEVELS[metrics.split.level]
    if test.accuracy.value is None:
        return ""
    rightly = "with all of its labels right" if metrics.multilabel else "right"
    expected = _rounded(test.accuracy.value)
    text = f"Of 100 photographs {level.where}, expect about {expected} {rightly}"
    if test.accuracy.interval:
        low, high = (_rounded(bound) for bound in test.accuracy.interval)
        text += f" (95{_NBSP}% interval {low} to {high})"
    photographs, groups = count(test.images, "photograph"), _groups(test)
    return f"{text}. This was measured on {photographs}{groups}.{_doubt(test.accuracy)}"


def _doubt(accuracy: Estimate) -> str:
    if accuracy.interval is None:
        return " How much of it is chance is not known."
    low, high = accuracy.interval
    return "" if high - low <= _WIDE else " So few say little: hold to the interval."


def _folds(metrics: Metrics) -> str:
    test = metrics.folds.test if metrics.folds else None
    if not test or test.accuracy.value is None:
        return ""
    photographs, groups = count(test.images, "photograph"), _groups(test)
    turn = LEVELS[metrics.split.level].group
    without = " without fine-tuning" if metrics.head.fine_tuning else ""
    return (
        f"Cross-validation{without}, in which each {turn} takes its turn as the unknown one, "
        f"finds {with_interval(test.accuracy)} right, on {photographs}{groups}."
    )


def _groups(test: Evaluation) -> str:
    if test.group_kind == "image":
        return ""
    level = LEVELS[test.group_kind]
    preposition = "at" if test.group_kind == "location" else "in"
    return f" {preposition} {count(test.groups, level.group, level.groups)}"


def _baseline(test: Evaluation) -> str:
    if not test.most_common_class:
        return ""
    label, share = test.most_common_class
    return (
        f"Always answering “{label}”, the most common label, would be right for "
        f"{percent(share)} of them; with every label counting alike, the classifier is right for "
        f"{percent(test.balanced_accuracy.value)}."
    )


def _bursts(test: Evaluation) -> str:
    if not test.sequence or test.sequence.accuracy.value is None:
        return ""
    right = with_interval(test.sequence.accuracy)
    return f"By burst, all photographs of one burst voting together, it is right for {right}."


def weakest_class(test: Evaluation) -> ClassMetrics | None:
    """Return the class with the lowest recall, of those with enough test images."""
    rows = [
        (row.recall.value, row)
        for row in test.per_class
        if row.images >= _ENOUGH and row.recall.value is not None
    ]
    return min(rows, key=lambda row: row[0])[1] if len(rows) > 1 else None


def _weakest_class(test: Evaluation) -> str:
    row = weakest_class(test)
    if row is None:
        return ""
    return (
        f"It is weakest on “{row.label}”: of {count(row.images, 'photograph')} that show "
        f"it, {percent(row.recall.value)} are named so."
    )


SLICES = {
    "location": ("Place", "at the place “{}”"),
    "light": ("Light", "by {}"),
    "brightness": ("Brightness", "where it is {}"),
    "camera": ("Camera", "with the camera “{}”"),
}
_ANY_SLICE = "where it is “{}”"


def _weakest_slice(test: Evaluation) -> str:
    told = []
    for sliced in test.slices:
        if row := worst_row(sliced):
            where = SLICES.get(sliced.by, ("", _ANY_SLICE))[1].format(row.value)
            told.append(f"{where}: {percent(row.accuracy.value)} right")
    return f"It does worst {'; '.join(told)}." if told else ""


def worst_row(sliced: Slice) -> SliceRow | None:
    """Return the row of the worst value of a slice, if one is named."""
    rows = [row for row in sliced.rows if row.value == sliced.worst]
    return rows[0] if sliced.worst is not None and rows else None


def _untested(test: Evaluation) -> str:
    lacking = [f"“{row.label}”" for row in test.per_class if not row.images]
    if not lacking:
        return ""
    return f"Nothing is known of {listed(lacking)}: no test photograph shows it."


def _spared(test: Evaluation) -> str:
    if not test.thresholds:
        return ""
    if all(row.threshold is None for row in test.thresholds.per_class):
        return "It spares no work: no threshold could be chosen."
    spared = test.thresholds.spared
    if not spared.share.value:
        return "It spares no work: no answer in the test part reaches its threshold."
    return (
        f"At the thresholds below, a person is spared {percent(spared.share.value)} of the "
        f"photographs, of which {percent(spared.precision.value)} are right."
    )


def _empty(test: Evaluation) -> str:
    rate = test.empty.miss_rate if test.empty else None
    if rate is None or rate.value is None:
        return ""
    share = f"{100 * rate.value:.1f}" if rate.value < _SMALL else _rounded(rate.value)
    text = f"Of photographs that it calls empty, {share}{_NBSP}% show something after all"
    interval = between(rate.interval)
    return f"{text} (95{_NBSP}% interval {interval})." if interval else f"{text}."


def mixups(test: Evaluation, labels: Sequence[str], most: int = 4) -> list[str]:
    """Return the most frequent confusions in words."""
    matrix = test.confusion_matrix or ()
    pairs = [
        (number, true, predicted)
        for true, row in enumerate(matrix)
        for predicted, number in enumerate(row)
        if number and true != predicted
    ]
    pairs.sort(key=lambda pair: -pair[0])
    return [
        f"{count(number, 'photograph')} of “{labels[true]}” "
        f"({percent(number / sum(matrix[true]))} of them) taken for “{labels[predicted]}”"
        for number, true, predicted in pairs[:most]
    ]
