"""Folds of a cross-validation: whole groups, with every class spread over the folds."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from autofocus.errors import SettingError
from autofocus.splits.split import Assignment, Split

# The key that counts all images of a group, beside those that count its labels.
_ALL = ""


def make_folds(split: Split, number: int) -> dict[str, int]:
    """Divide the groups of all subsets of a split into folds.

    The largest groups are placed first, each in the fold that has least of its classes so far;
    all images together count as one more class.

    Args:
        split: the images; those that are left out are in no fold.
        number: number of folds.

    Returns:
        The fold of each group, from 0.

    Raises:
        SettingError: there are fewer groups than folds.
    """
    contents = _contents(split.assignments)
    if len(contents) < number:
        raise SettingError(
            f"folds: {number} folds need at least as many groups, and there are {len(contents)} "
            f"({split.group_kind}s): set folds to at most that."
        )
    return _divide(contents, number)


def divide(rows: Iterable[Assignment], number: int) -> dict[str, int]:
    """Divide the groups of some images into at most so many folds, as `make_folds` does.

    Args:
        rows: the images; those that are left out are in no fold.
        number: maximum number of folds; there are as many as groups if these are fewer.

    Returns:
        The fold of each group, from 0.
    """
    contents = _contents(rows)
    return _divide(contents, min(number, len(contents)))


def _divide(contents: Mapping[str, Counter[str]], number: int) -> dict[str, int]:
    totals: Counter[str] = Counter()
    for content in contents.values():
        totals.update(content)
    columns = {label: column for column, label in enumerate(sorted(totals))}

    def weight(group: str) -> float:
        return sum(images / totals[label] for label, images in sorted(contents[group].items()))

    # The share of each class, and of all images, that each fold has so far.
    taken = np.zeros((number, len(columns)))
    folds = {}
    for group in sorted(contents, key=lambda group: (-weight(group), _tie_breaker(group))):
        group_columns = [columns[label] for label in contents[group]]
        share = np.array([images / totals[label] for label, images in contents[group].items()])
        fold = int((taken[:, group_columns] @ share).argmin())
        taken[fold, group_columns] += share
        folds[group] = fold
    return folds


def _contents(rows: Iterable[Assignment]) -> dict[str, Counter[str]]:
    """Return the number of images of each class, and of all, by group."""
    contents: dict[str, Counter[str]] = {}
    for one in rows:
        if one.subset is not None:
            contents.setdefault(one.group, Counter()).update([_ALL, *one.image.labels])
    return contents


def _tie_breaker(group: str) -> str:
    return hashlib.sha256(f"fold {group}".encode("utf-8", "surrogatepass")).hexdigest()
