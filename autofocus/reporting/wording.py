"""Metrics in sentences that an ecologist reads."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from autofocus.evaluation.intervals import Interval
from autofocus.evaluation.metrics import (
    ClassMetrics,
    Estimate,
    Evaluation,
    Slice,
    SliceRow,
    Target,
)
from autofocus.evaluation.training_metrics import Metrics

# Keeps a number and its unit on one line.
_NBSP = "\N{NO-BREAK SPACE}"
UNKNOWN = "unknown"
# A class with fewer test images is not named as the weakest: it might be so by chance.
_ENOUGH = 5
# An interval wider than this says little.
_WIDE = 0.3
# Tables list at most so many classes in rows, and in columns.
MOST_ROWS, MOST_COLUMNS = 100, 40
_SMALL = 0.1


@dataclass(frozen=True)
class Level:
    """The group that a split never divides, in words.

    Attributes:
        where: the images that the accuracy holds for; goes after "images".
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
    "validation": "the validation set",
    "cross-validation": "training and validation images, each predicted by a classifier that was "
    "not trained on its group (cross-validation)",
}

LEVELS = {
    "location": Level(
        "from locations that it has never seen",
        "at locations that it has never seen",
        "location",
        "locations",
    ),
    "sequence": Level(
        "from other sequences, at locations that it may have seen",
        "in other sequences, at locations that it may have seen",
        "sequence",
        "sequences",
    ),
    "image": Level(
        "similar to its training images",
        "if similar to its training images",
        "image",
        "images",
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
    interval = between(share.interval)
    if not interval:
        return percent(share.value)
    return f"{percent(share.value)} (95{_NBSP}% confidence interval {interval})"


def count(number: int, one: str, many: str = "") -> str:
    """Return a count, such as "1 image" or "1,204 images"."""
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
        return [sentence for sentence in [_accuracy(metrics)] if sentence]
    sentences = [
        _accuracy(metrics),
        _folds(metrics),
        _baseline(test),
        _sequences(test),
        _weakest_class(test),
        _weakest_slice(test),
        _untested(test),
        _accepted(test),
        _empty(test),
    ]
    return [sentence for sentence in sentences if sentence]


def shown_classes(metrics: Metrics, most: int = MOST_ROWS) -> frozenset[str]:
    """Return the classes that tables list: those with most images, all of them if they are few."""
    numbers = {label: sum(subsets.values()) for label, subsets in metrics.images.items()}
    labels = dict.fromkeys((*metrics.labels, *numbers))
    # Sorting keeps the order of equals.
    return frozenset(sorted(labels, key=lambda label: -numbers.get(label, 0))[:most])


def headline(metrics: Metrics) -> Evaluation:
    """Return the metrics that the headline is from: of the cross-validation, if there was one.

    It tests every image, and so is more reliable than the test split. A fine-tuned backbone was
    not cross-validated, and there the test split counts.
    """
    folds = metrics.folds.test if metrics.folds else None
    if folds and folds.accuracy.value is not None and not metrics.head.fine_tuning:
        return folds
    return metrics.test


def own_target(test: Evaluation) -> Target | None:
    """Return the row of the precision that the model's thresholds were chosen for, if any."""
    thresholds = test.thresholds
    if not (test.coverage and thresholds and thresholds.target == "precision"):
        return None
    rows = [row for row in test.coverage.targets if row.precision == thresholds.value]
    return rows[0] if rows else None


def lacking(target: Target) -> str:
    """Return which classes are always reviewed at a target precision, and what they lack."""
    if not target.lacking:
        return "none"
    texts = [f"{label} (has {right})" for label, right in target.lacking.items()]
    return f"{listed(texts)}; each needs {target.needed} independent right predictions"


def _accuracy(metrics: Metrics) -> str:
    test, level = headline(metrics), LEVELS[metrics.split.level]
    if test.accuracy.value is None:
        return ""
    correct = "to have all labels correct" if metrics.multilabel else "to be classified correctly"
    expected = _rounded(test.accuracy.value)
    text = f"Of 100 images {level.where}, expect about {expected} {correct}"
    if test.accuracy.interval:
        low, high = (_rounded(bound) for bound in test.accuracy.interval)
        text += f" (95{_NBSP}% confidence interval {low} to {high})"
    images, groups = count(test.images, "image"), _groups(test)
    how = " by cross-validation" if test is not metrics.test else ""
    return f"{text}. This was measured{how} on {images}{groups}.{_doubt(test.accuracy)}"


def _doubt(accuracy: Estimate) -> str:
    if accuracy.interval is None:
        return " No confidence interval could be calculated, so it may be due to chance."
    low, high = accuracy.interval
    if high - low <= _WIDE:
        return ""
    return " The interval is wide: rely on it rather than on the single value."


def _folds(metrics: Metrics) -> str:
    test = metrics.folds.test if metrics.folds else None
    if not test or test.accuracy.value is None:
        return ""
    if test is headline(metrics):
        return _test_split(metrics)
    images, groups = count(test.images, "image"), _groups(test)
    group = LEVELS[metrics.split.level].group
    without = " without fine-tuning" if metrics.head.fine_tuning else ""
    return (
        f"Cross-validation{without}, in which each {group} is held out once, gives an accuracy of "
        f"{with_interval(test.accuracy)} on {images}{groups}."
    )


def _test_split(metrics: Metrics) -> str:
    """Return the accuracy of the test split, where the headline is that of a cross-validation."""
    test = metrics.test
    images, groups = count(test.images, "image"), _groups(test)
    return (
        f"On the test split alone, {images}{groups}, the accuracy of the saved classifier is "
        f"{with_interval(test.accuracy)}."
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
        f"Always predicting “{label}”, the most common label, would have an accuracy of "
        f"{percent(share)}. The balanced accuracy, in which every class has the same weight, is "
        f"{percent(test.balanced_accuracy.value)}."
    )


def _sequences(test: Evaluation) -> str:
    if not test.sequence or test.sequence.accuracy.value is None:
        return ""
    accuracy = with_interval(test.sequence.accuracy)
    return f"By sequence, with all images of a sequence voting, the accuracy is {accuracy}."


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
        f"The weakest class is “{row.label}”: of {count(row.images, 'image')} that show it, "
        f"{percent(row.recall.value)} are recognised (recall)."
    )


SLICES = {
    "location": ("Location", "at location “{}”"),
    "light": ("Light", "by {}"),
    "brightness": ("Brightness", "in images that are {}"),
    "camera": ("Camera", "with camera “{}”"),
}
_ANY_SLICE = "in images with “{}”"


def _weakest_slice(test: Evaluation) -> str:
    parts = []
    for sliced in test.slices:
        if row := worst_row(sliced):
            where = SLICES.get(sliced.by, ("", _ANY_SLICE))[1].format(row.value)
            parts.append(f"{where}: {percent(row.accuracy.value)}")
    return f"Accuracy is lowest {'; '.join(parts)}." if parts else ""


def worst_row(sliced: Slice) -> SliceRow | None:
    """Return the row of the worst value of a slice, if one is named."""
    rows = [row for row in sliced.rows if row.value == sliced.worst]
    return rows[0] if sliced.worst is not None and rows else None


def _untested(test: Evaluation) -> str:
    lacking = [f"“{row.label}”" for row in test.per_class if not row.images]
    if not lacking:
        return ""
    were, them = ("was", "it") if len(lacking) == 1 else ("were", "them")
    return f"{listed(lacking)} {were} not evaluated: no test image shows {them}."


def _accepted(test: Evaluation) -> str:
    if not test.thresholds:
        return ""
    if all(row.threshold is None for row in test.thresholds.per_class):
        own = own_target(test)
        missing = f" ({lacking(own)})" if own and own.lacking else ""
        return f"All images need review: no threshold could be selected{missing}."
    accepted = test.thresholds.spared
    if not accepted.share.value:
        return "All images need review: no prediction on the test set reaches its threshold."
    return (
        f"With the thresholds below, {percent(accepted.share.value)} of the images are accepted "
        f"without review; {percent(accepted.precision.value)} of these are correct."
    )


def _empty(test: Evaluation) -> str:
    if test.empty is None:
        return "It is unknown how many animals are missed, as no label counts as empty."
    rate = test.empty.miss_rate
    if rate.value is None:
        return ""
    share = f"{100 * rate.value:.1f}" if rate.value < _SMALL else _rounded(rate.value)
    text = f"Of images classified as empty, {share}{_NBSP}% are not empty"
    interval = between(rate.interval)
    return f"{text} (95{_NBSP}% confidence interval {interval})." if interval else f"{text}."


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
        f"{number:,} of {count(sum(matrix[true]), f'“{labels[true]}” image')} "
        f"({percent(number / sum(matrix[true]))}) misclassified as “{labels[predicted]}”"
        for number, true, predicted in pairs[:most]
    ]
