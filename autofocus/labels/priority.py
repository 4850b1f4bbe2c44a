"""Priority rules: which of several labels of an image is kept.

One rule per line, in the order in which they apply:

    human > *       # with a human, all other labels are removed
    * > empty       # with any other label, "empty" is removed
    raccoon > cat   # with both, "cat" is removed

Cycles are allowed, because the order decides. Blank lines and `#` comments are skipped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autofocus.errors import InputDataError, MissingInputError
from autofocus.options.text_files import read_text
from autofocus.runs.spelling import fold_name

ANY = "*"
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        winner: the label that is kept; `*` for any other than the loser.
        loser: the label that is removed; `*` for all other than the winner.
    """

    winner: str
    loser: str

    def __str__(self) -> str:
        """Return the rule as in a file."""
        return f"{self.winner} > {self.loser}"


def read_rules(path: Path) -> list[Rule]:
    """Read priority rules.

    Raises:
        MissingInputError: the file does not exist.
        InputDataError: it is no text, or a line is not a rule; the message names it.
    """
    if not path.is_file():
        raise MissingInputError(f"There is no file of priority rules {path}.")
    return parse_rules(read_text(path), str(path))


def parse_rules(text: str, name: str) -> list[Rule]:
    """Parse priority rules.

    Args:
        text: one rule per line.
        name: the name of the rules in messages, such as a file's name.

    Raises:
        InputDataError: a line is not a rule, or there is none; the message names the line.
    """
    rules = [
        _parse(rule, f"{name}, line {number}")
        for number, line in enumerate(text.splitlines(), 1)
        if (rule := line.split("#")[0].strip())
    ]
    if not rules:
        raise InputDataError(f"{name} holds no rule, such as: human > *")
    return rules


def _parse(text: str, where: str) -> Rule:
    sides = [side.strip() for side in text.split(">")]
    if len(sides) != 2 or not all(sides):  # noqa: PLR2004 - a winner and a loser
        raise InputDataError(f"{where}: {text!r} is no rule; write: winner > loser")
    if fold_name(sides[0]) == fold_name(sides[1]):
        raise InputDataError(f"{where}: {text!r} sets a label against itself.")
    return Rule(*sides)


def apply_rules(
    labels: Sequence[str], present: Flags, rules: Sequence[Rule]
) -> tuple[Flags, list[Flags]]:
    """Apply rules in their order.

    Args:
        labels: the names of C labels; they match whatever their case, blanks and Unicode form.
        present: whether each of N images has each label, shape (N, C); not modified.
        rules: the rules.

    Returns:
        The labels that are kept, shape (N, C), and for each rule the images that it changed,
        shape (N,).
    """
    left = present.copy()
    numbers = {fold_name(label): number for number, label in enumerate(labels)}
    changed = []
    for rule in rules:
        before = left.sum(axis=1)
        _apply(left, numbers, rule)
        changed.append(left.sum(axis=1) < before)
    return left, changed


def _apply(left: Flags, numbers: dict[str, int], rule: Rule) -> None:
    if rule.winner == ANY:
        if (loser := numbers.get(fold_name(rule.loser))) is not None:
            left[left.sum(axis=1) > 1, loser] = False
        return
    winner = numbers.get(fold_name(rule.winner))
    if winner is None:
        return
    rows = left[:, winner].copy()
    if rule.loser == ANY:
        left[rows] = False
        left[rows, winner] = True
    elif (loser := numbers.get(fold_name(rule.loser))) is not None:
        left[rows, loser] = False
