"""Folds of a cross-validation: whole groups, with every class spread over them."""

import hashlib
from collections import Counter

import numpy as np

from autofocus.errors import SettingError
from autofocus.splits.splitting import Split

# Counts all images as if it were a label.
_ALL = ""


def make_folds(split: Split, number: int) -> dict[str, int]:
    """Divide the groups of a split, of all its parts, into folds.

    The largest groups are placed first, each where its classes are rarest so far; all images
    together count as one class more.

    Args:
        split: the photographs; those that are left out are in no fold.
        number: how many folds.

    Returns:
        The fold of each group, from 0.

    Raises:
        SettingError: there are fewer groups than folds.
    """
    contents = _contents(split)
    if len(contents) < number:
        raise SettingError(
            f"folds: {number} folds need at least as many groups, and there are {len(contents)} "
            f"({split.level}s): set folds to at most that."
        )
    totals: Counter[str] = Counter()
    for content in contents.values():
        totals.update(content)
    columns = {label: column for column, label in enumerate(sorted(totals))}

    def weight(group: str) -> float:
        return sum(images / totals[label] for label, images in sorted(contents[group].items()))

    # What share of each class, and of all images, each fold has so far.
    taken = np.zeros((number, len(columns)))
    folds = {}
    for group in sorted(contents, key=lambda group: (-weight(group), _by_chance(group))):
        its = [columns[label] for label in contents[group]]
        share = np.array([images / totals[label] for label, images in contents[group].items()])
        fold = int((taken[:, its] @ share).argmin())
        taken[fold, its] += share
        folds[group] = fold
    return folds


def _contents(split: Split) -> dict[str, Counter[str]]:
    """Return how many images of each class each group has, and how many at all."""
    contents: dict[str, Counter[str]] = {}
    for one in split.assignments:
        if one.part is not None:
            contents.setdefault(one.group, Counter()).update([_ALL, *one.labels])
    return contents


def _by_chance(group: str) -> str:
    return hashlib.sha256(f"fold {group}".encode("utf-8", "surrogatepass")).hexdigest()
