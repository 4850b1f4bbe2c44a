"""Figures in words that an ecologist reads."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Figures = Mapping[str, Any]

# Keeps a number and its unit on one line.
_NBSP = "\N{NO-BREAK SPACE}"
UNKNOWN = "unknown"
# A class with fewer test photographs is not called the weakest: chance would choose.
_ENOUGH = 5
# From so wide an interval on, the figure within it hardly counts.
_WIDE = 0.3
_SMALL = 0.1


@dataclass(frozen=True)
class Level:
    """What a split kept apart, in words.

    Attributes:
        where: which photographs the figure tells of; goes after "photographs".
        short: the same for a heading under the figure.
        group: what was never divided.
        groups: several of them.
    """

    where: str
    short: str
    group: str
    groups: str


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
    """Return a share as per cent, never rounded to none or all where it is neither."""
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


def between(interval: Sequence[float] | None) -> str:
    """Return an interval of shares, such as "61 to 83 %"; empty if there is none."""
    if not interval:
        return ""
    low, high = (_rounded(bound) for bound in interval)
    return f"{low}{_NBSP}to{_NBSP}{high}{_NBSP}%"


def with_interval(share: float | None, interval: Sequence[float] | None) -> str:
    """Return a share, and its interval if there is one."""
    told = between(interval)
    return f"{percent(share)} (95{_NBSP}% interval {told})" if told else percent(share)


def count(number: int, one: str, many: str = "") -> str:
    """Return a number of things, such as "1 photograph" or "1,204 photographs"."""
    return f"{number:,}{_NBSP}{one if number == 1 else many or one + 's'}"


def part_in_words(fitted_on: str) -> str:
    """Return what something was chosen on; `validation` is a part of the data."""
    return "the validation part" if fitted_on == "validation" else fitted_on


def listed(texts: Sequence[str], most: int = 6) -> str:
    """Return several texts as one, such as "cat, dog and fox"."""
    shown = list(texts[:most])
    if len(texts) > most:
        shown.append(f"{len(texts) - most} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def number(value: float | None, digits: int = 3) -> str:
    """Return a number that is no share."""
    return UNKNOWN if value is None else f"{value:.{digits}g}"


def summary(metrics: Figures) -> list[str]:
    """Return what is to be known about the classifier; nothing where nothing was tested."""
    test = metrics["test"]
    if not test["images"]:
        return [sentence for sentence in [_folds(metrics)] if sentence]
    sentences = [
        _right(metrics),
        _folds(metrics),
        _baseline(test),
        _bursts(metrics),
        _weakest_class(test),
        _weakest_slice(test),
        _untested(test),
        _spared(test),
        _empty(test),
    ]
    return [sentence for sentence in sentences if sentence]


def _right(metrics: Figures) -> str:
    test, level = metrics["test"], LEVELS[metrics["split"]["level"]]
    rightly = "with all of its labels right" if metrics["multilabel"] else "right"
    told = f"Of 100 photographs {level.where}, expect about {_hundred(test['accuracy'])} {rightly}"
    if test["accuracy_95_percent_interval"]:
        low, high = (_hundred(bound) for bound in test["accuracy_95_percent_interval"])
        told += f" (95{_NBSP}% interval {low} to {high})"
    photographs, groups = count(test["images"], "photograph"), _groups(test)
    return f"{told}. This was measured on {photographs}{groups}.{_doubt(test)}"


def _doubt(test: Figures) -> str:
    interval = test["accuracy_95_percent_interval"]
    if interval and interval[1] - interval[0] <= _WIDE:
        return ""
    if interval:
        return " So few say little: hold to the interval."
    return " How much of it is chance is not known."


def _folds(metrics: Figures) -> str:
    folds = metrics.get("folds")
    test = folds.get("test") if folds else None
    if not test or test["accuracy"] is None:
        return ""
    right = with_interval(test["accuracy"], test["accuracy_95_percent_interval"])
    photographs, groups = count(test["images"], "photograph"), _groups(test)
    turn = LEVELS[metrics["split"]["level"]].group
    return (
        f"Cross-validation, in which each {turn} takes its turn as the unknown one, finds {right} "
        f"right, on {photographs}{groups}."
    )


def _groups(test: Figures) -> str:
    if test["group_kind"] == "image":
        return ""
    level = LEVELS[test["group_kind"]]
    preposition = "at" if test["group_kind"] == "location" else "in"
    return f" {preposition} {count(test['groups'], level.group, level.groups)}"


def _hundred(share: float) -> str:
    return _rounded(share)


def _baseline(test: Figures) -> str:
    if not test["most_common_class"]:
        return ""
    label, share = test["most_common_class"]
    return (
        f"Always answering “{label}”, the most common label, would be right for "
        f"{percent(share)} of them; with every label counting alike, the classifier is right for "
        f"{percent(test['balanced_accuracy'])}."
    )


def _bursts(metrics: Figures) -> str:
    sequence = metrics["test"]["sequence"]
    if not sequence or sequence["accuracy"] is None:
        return ""
    right = with_interval(sequence["accuracy"], sequence["accuracy_95_percent_interval"])
    return f"By burst, all photographs of one burst voting together, it is right for {right}."


def weakest_class(test: Figures) -> Figures | None:
    """Return the class that is found least often, of those with enough test photographs."""
    judged = [
        row for row in test["per_class"] if row["images"] >= _ENOUGH and row["recall"] is not None
    ]
    return min(judged, key=lambda row: float(row["recall"])) if len(judged) > 1 else None


def _weakest_class(test: Figures) -> str:
    row = weakest_class(test)
    if row is None:
        return ""
    return (
        f"It is weakest on “{row['label']}”: of {count(row['images'], 'photograph')} that show "
        f"it, {percent(row['recall'])} are named so."
    )


SLICES = {
    "location": ("Place", "at the place “{}”"),
    "light": ("Light", "by {}"),
    "brightness": ("Brightness", "where it is {}"),
    "camera": ("Camera", "with the camera “{}”"),
}
_ANY_SLICE = "where it is “{}”"


def _weakest_slice(test: Figures) -> str:
    told = []
    for sliced in test["slices"]:
        if row := worst_row(sliced):
            where = SLICES.get(sliced["by"], ("", _ANY_SLICE))[1].format(row["value"])
            told.append(f"{where}: {percent(row['accuracy'])} right")
    return f"It does worst {'; '.join(told)}." if told else ""


def worst_row(sliced: Figures) -> Figures | None:
    """Return the row of the worst value of a slicing, if one is named."""
    rows = [row for row in sliced["rows"] if row["value"] == sliced["worst"]]
    return rows[0] if sliced["worst"] is not None and rows else None


def _untested(test: Figures) -> str:
    lacking = [f"“{row['label']}”" for row in test["per_class"] if not row["images"]]
    if not lacking:
        return ""
    return f"Nothing is known of {listed(lacking)}: no test photograph shows it."


def _spared(test: Figures) -> str:
    spared = test["thresholds"] and test["thresholds"]["spared"]
    if not spared:
        return ""
    if not spared["share"]:
        return "It spares no work: no answer in the test part reaches its threshold."
    return (
        f"At the thresholds below, a person is spared {percent(spared['share'])} of the "
        f"photographs, of which {percent(spared['precision'])} are right."
    )


def _empty(test: Figures) -> str:
    empty = test["empty"]
    if not empty or empty["miss_rate"] is None:
        return ""
    share = _rounded(empty["miss_rate"])
    decimals = f"{100 * empty['miss_rate']:.1f}" if empty["miss_rate"] < _SMALL else share
    told = f"Of photographs that it calls empty, {decimals}{_NBSP}% show something after all"
    interval = between(empty["miss_rate_95_percent_interval"])
    return f"{told} (95{_NBSP}% interval {interval})." if interval else f"{told}."


def mixups(test: Figures, labels: Sequence[str], most: int = 4) -> list[str]:
    """Return what is most often taken for what, in words."""
    matrix = test["confusion_matrix"] or []
    pairs = [
        (number, true, answered)
        for true, row in enumerate(matrix)
        for answered, number in enumerate(row)
        if number and true != answered
    ]
    pairs.sort(key=lambda pair: -pair[0])
    return [
        f"{count(number, 'photograph')} of “{labels[true]}” "
        f"({percent(number / sum(matrix[true]))} of them) taken for “{labels[answered]}”"
        for number, true, answered in pairs[:most]
    ]
