"""Metrics in sentences that an ecologist reads."""

from collections.abc import Sequence

from autofocus.evaluation.metrics import (
    ClassMetrics,
    Evaluation,
    Slice,
    SliceRow,
    Target,
)
from autofocus.evaluation.training_metrics import Metrics
from autofocus.reporting.formats import (
    NBSP,
    between,
    count,
    doubt,
    listed,
    percent,
    rounded,
    with_interval,
)
from autofocus.reporting.levels import LEVELS
from autofocus.reporting.sequence_wording import (
    accepted_sequences,
    accuracy_by_sequence,
    has_votes,
    refit,
)

# A class with fewer test images is not named as the weakest: it might be so by chance.
_ENOUGH = 5
# Tables list at most so many classes in rows, and in columns.
MOST_ROWS, MOST_COLUMNS = 100, 40
_SMALL = 0.1


# What `fitted_on` means.
_HELD_OUT = {
    "validation": "the validation set",
    "cross-validation": "training and validation images, each predicted by a classifier that was "
    "not trained on its group (cross-validation)",
}


def held_out_images(fitted_on: str) -> str:
    """Return the images that something was fitted on, in words."""
    return _HELD_OUT.get(fitted_on, fitted_on)


def summary(metrics: Metrics) -> list[str]:
    """Return the main results, one sentence each; none if nothing was tested."""
    test, main = metrics.test, headline(metrics)
    if not test.images:
        return [sentence for sentence in [_accuracy(metrics)] if sentence]
    sentences = [
        accuracy_by_sequence(main, LEVELS[metrics.split.level], _how(metrics)),
        _accuracy(metrics),
        refit(metrics.refit),
        _folds(metrics),
        _baseline(test),
        _weakest_class(test),
        _weakest_slice(test),
        _untested(test),
        _accepted(test),
        accepted_sequences(test),
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
    expected = rounded(test.accuracy.value)
    text = f"Of 100 {'single ' if has_votes(test) else ''}images {level.where}, expect about "
    text += f"{expected} {correct}"
    if test.accuracy.interval:
        low, high = (rounded(bound) for bound in test.accuracy.interval)
        text += f" (95{NBSP}% confidence interval {low} to {high})"
    images, groups = count(test.images, "image"), _groups(test)
    return f"{text}. This was measured{_how(metrics)} on {images}{groups}.{doubt(test.accuracy)}"


def _how(metrics: Metrics) -> str:
    return " by cross-validation" if headline(metrics) is not metrics.test else ""


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
        f"On the test split alone, {images}{groups}, the accuracy is "
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
    share = f"{100 * rate.value:.1f}" if rate.value < _SMALL else rounded(rate.value)
    text = f"Of images classified as empty, {share}{NBSP}% are not empty"
    interval = between(rate.interval)
    return f"{text} (95{NBSP}% confidence interval {interval})." if interval else f"{text}."


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
