"""The decision under which labels an image is linked."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import compress, islice
from types import MappingProxyType
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from autofocus.labels.folders import split_path
from autofocus.labels.priority import Flags, Rule, apply_rules
from autofocus.runs.ledger import Reason
from autofocus.runs.packed_names import PackedNames
from autofocus.tables.labels import Labelled

_NO_FACTS: Mapping[str, str] = MappingProxyType({})


class Choice(NamedTuple):
    """The decision for an image.

    Attributes:
        filepath: its path as in the table.
        labels: the labels that the rules leave.
        reason: why it is rejected; None if it is linked.
        detail: the rules that decided, or the conflict.
        facts: what else the table tells about the image, by column.
    """

    filepath: str
    labels: tuple[str, ...]
    reason: Reason | None
    detail: str
    facts: Mapping[str, str] = _NO_FACTS


class Decision(NamedTuple):
    """The decision for all images with the same labels; for the attributes, see `Choice`."""

    labels: tuple[str, ...]
    reason: Reason | None
    detail: str


class Choices(Sequence[Choice]):
    """The decisions for all images, sorted by path, in little more memory than the table's cells.

    Args:
        filepaths: N paths of images, unique and sorted.
        decisions: what is decided.
        numbers: which of these it is for each image, shape (N,).
        facts: what else the table tells about each image, by column.
    """

    def __init__(
        self,
        filepaths: Sequence[str],
        decisions: Sequence[Decision],
        numbers: NDArray[np.int32],
        facts: Mapping[str, Sequence[str]],
    ) -> None:
        self._filepaths = filepaths
        self._decisions = decisions
        self._numbers = numbers
        self._facts = facts

    @property
    def facts(self) -> tuple[str, ...]:
        """The columns that the table has beside paths and labels."""
        return tuple(self._facts)

    @property
    def labels(self) -> set[str]:
        """The labels under which images are linked."""
        return set(self.sizes())

    def sizes(self) -> Counter[str]:
        """Return how many images are linked under each label."""
        sizes: Counter[str] = Counter()
        numbers = np.bincount(self._numbers, minlength=len(self._decisions)).tolist()
        for decision, number in zip(self._decisions, numbers, strict=True):
            if decision.reason is None and number:
                sizes.update(dict.fromkeys(decision.labels, number))
        return sizes

    def folders(self) -> set[str]:
        """Return the folders of the images that are linked, as in the table."""
        is_linked = np.array([decision.reason is None for decision in self._decisions], bool)
        linked = compress(self._filepaths, is_linked[self._numbers])
        return {split_path(path)[0] for path in linked}

    def __len__(self) -> int:
        return len(self._filepaths)

    def __iter__(self) -> Iterator[Choice]:
        for start in range(0, len(self), _PART):
            yield from self[start : start + _PART]

    @overload
    def __getitem__(self, at: int) -> Choice: ...

    @overload
    def __getitem__(self, at: slice) -> list[Choice]: ...

    def __getitem__(self, at: int | slice) -> Choice | list[Choice]:
        if not isinstance(at, slice):
            place = range(len(self))[at]
            return self[place : place + 1][0]
        paths, numbers = self._filepaths[at], self._numbers[at].tolist()
        decisions = map(self._decisions.__getitem__, numbers)
        if not self._facts:
            return [
                Choice(path, labels, reason, detail)
                for path, (labels, reason, detail) in zip(paths, decisions, strict=True)
            ]
        names = self.facts
        cells = zip(*(values[at] for values in self._facts.values()), strict=True)
        return [
            Choice(path, labels, reason, detail, dict(zip(names, row, strict=True)))
            for path, (labels, reason, detail), row in zip(paths, decisions, cells, strict=True)
        ]


# So many choices are made at a time.
_PART = 1000


def choose(labelled: Labelled, rules: Sequence[Rule], *, keep_unresolved: bool = False) -> Choices:
    """Return the decision for each image.

    Args:
        labelled: images and their labels, after the label map.
        rules: the priority rules, in the order in which they apply.
        keep_unresolved: whether an image with several labels is linked under each.
    """
    distinct, numbers = _find_distinct(labelled.present)
    left, changed = apply_rules(labelled.labels, distinct, rules)
    decisions = []
    for number, flags in enumerate(left):
        labels = tuple(labelled.labels[column] for column in flags.nonzero()[0])
        applied = [str(rule) for rule, rows in zip(rules, changed, strict=True) if rows[number]]
        decisions.append(_decide(labels, applied, keep_unresolved=keep_unresolved))
    return _with_problems(labelled, decisions, numbers)


def _find_distinct(present: Flags) -> tuple[Flags, NDArray[np.int32]]:
    """Return the distinct rows of flags, and which of them each row is.

    There are few of them, whatever the number of images.
    """
    seen: dict[bytes, int] = {}
    packed = np.packbits(present, axis=1)
    found = (seen.setdefault(row.tobytes(), len(seen)) for row in packed)
    numbers = np.fromiter(found, np.int32, len(packed))
    rows = np.frombuffer(b"".join(seen), np.uint8).reshape(len(seen), packed.shape[1])
    return np.unpackbits(rows, axis=1, count=present.shape[1]).astype(bool), numbers


def _decide(labels: tuple[str, ...], applied: Sequence[str], *, keep_unresolved: bool) -> Decision:
    """Return the decision for the labels that the rules leave.

    Args:
        labels: those that are left.
        applied: the rules that changed something.
        keep_unresolved: whether an image with several labels is linked under each.
    """
    detail = f"decided by {'; '.join(applied)}" if applied else ""
    if not labels:
        return Decision(labels, Reason.NO_LABEL, detail)
    if len(labels) > 1 and not keep_unresolved:
        conflict = f"no rule decides between {', '.join(labels)}"
        detail = f"{conflict}; {detail}" if detail else conflict
        return Decision(labels, Reason.CONFLICTING_LABELS, detail)
    return Decision(labels, None, detail)


def _with_problems(
    labelled: Labelled, decisions: list[Decision], numbers: NDArray[np.int32]
) -> Choices:
    """Return the choices, those of rows that can't be used included, sorted by path."""
    if not labelled.problems:
        return Choices(labelled.filepaths, decisions, numbers, labelled.facts)
    problems = [Decision((), Reason.MISSING_FIELD, text) for text in labelled.problems.values()]
    paths = list(labelled.problems)
    order = sorted(range(len(paths)), key=paths.__getitem__)
    names = [paths[at] for at in order]
    places = list(_find_places(names, labelled.filepaths))
    facts = {
        name: PackedNames(_insert([""] * len(places), places, values))
        for name, values in labelled.facts.items()
    }
    return Choices(
        PackedNames(_insert(names, places, labelled.filepaths)),
        [*decisions, *problems],
        np.insert(numbers, places, np.array(order, np.int32) + len(decisions)),
        facts,
    )


def _find_places(names: Sequence[str], among: Iterable[str]) -> Iterator[int]:
    """Yield how many of other names come before each; both are sorted, and have none in common."""
    others, number = iter(among), 0
    other = next(others, None)
    for name in names:
        while other is not None and other < name:
            number += 1
            other = next(others, None)
        yield number


def _insert(texts: Sequence[str], places: Sequence[int], among: Iterable[str]) -> Iterator[str]:
    """Yield texts among others, each at its place: so many of the others come before it."""
    others, at = iter(among), 0
    for text, place in zip(texts, places, strict=True):
        yield from islice(others, place - at)
        yield text
        at = place
    yield from others
