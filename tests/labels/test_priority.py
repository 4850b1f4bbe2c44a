"""Claims about priority rules."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofocus.errors import InputDataError, MissingInputError
from autofocus.labels.priority import ANY, Rule, apply_rules, read_rules

LABELS = ["a", "b", "c", "d"]


def left(present: set[str], *rules: str) -> set[str]:
    parsed = [Rule(*(side.strip() for side in rule.split(">"))) for rule in rules]
    flags = np.array([[label in present for label in LABELS]])
    result, _ = apply_rules(LABELS, flags, parsed)
    return {label for label, is_left in zip(LABELS, result[0], strict=True) if is_left}


def reference(present: set[str], rules: list[Rule]) -> set[str]:
    """The rules of one photograph, as a person would go through them."""
    labels = set(present)
    for rule in rules:
        if rule.winner == ANY:
            if labels - {rule.loser}:
                labels.discard(rule.loser)
        elif rule.winner in labels:
            labels = {rule.winner} if rule.loser == ANY else labels - {rule.loser}
    return labels


def test_a_rule_takes_the_loser_where_both_are() -> None:
    """`a > b` removes b where a is, and nothing else."""
    assert left({"a", "b", "c"}, "a > b") == {"a", "c"}


def test_a_rule_leaves_the_loser_alone() -> None:
    """`a > b` does nothing where there is no a."""
    assert left({"b", "c"}, "a > b") == {"b", "c"}


def test_a_winner_over_all() -> None:
    """`a > *` leaves only a."""
    assert left({"a", "b", "c"}, "a > *") == {"a"}


def test_all_win_over_a_loser() -> None:
    """`* > a` removes a where anything else is, and keeps it where it is alone."""
    assert left({"a", "b"}, "* > a") == {"b"}
    assert left({"a"}, "* > a") == {"a"}


def test_order_decides_in_a_cycle() -> None:
    """Of `a > b` and `b > a`, the first that is listed decides."""
    assert left({"a", "b"}, "a > b", "b > a") == {"a"}
    assert left({"a", "b"}, "b > a", "a > b") == {"b"}


rules = st.lists(
    st.tuples(st.sampled_from([*LABELS, "x", ANY]), st.sampled_from([*LABELS, "x", ANY]))
    .filter(lambda sides: sides[0] != sides[1])
    .map(lambda sides: Rule(*sides)),
    max_size=6,
)


@given(rules, st.lists(st.sets(st.sampled_from(LABELS)), min_size=1, max_size=8))
def test_whole_columns_do_what_one_by_one_would(rules: list[Rule], rows: list[set[str]]) -> None:
    """Applied to whole columns, rules leave what they leave applied to each photograph."""
    flags = np.array([[label in row for label in LABELS] for row in rows])
    result, changed = apply_rules(LABELS, flags, rules)
    for row, is_left in zip(rows, result, strict=True):
        assert {LABELS[n] for n in is_left.nonzero()[0]} == reference(row, rules)
    assert len(changed) == len(rules)


@given(rules, st.sets(st.sampled_from(LABELS), min_size=1))
def test_no_photograph_loses_all_of_its_labels(rules: list[Rule], row: set[str]) -> None:
    """Whatever the rules, a photograph that had a label keeps one of its own."""
    result, _ = apply_rules(LABELS, np.array([[label in row for label in LABELS]]), rules)
    assert {LABELS[n] for n in result[0].nonzero()[0]} <= row
    assert result[0].any()


def test_which_rule_changed_what_is_told() -> None:
    """For each rule it is told which photographs it changed."""
    flags = np.array([[True, True, False, False], [False, True, False, False]])
    _, (first, second) = apply_rules(LABELS, flags, [Rule("a", "b"), Rule("a", "c")])
    assert first.tolist() == [True, False]
    assert second.tolist() == [False, False]


def test_rules_are_read_in_their_order(tmp_path: Path) -> None:
    """Blank lines and comments are skipped, labels may hold blanks."""
    path = tmp_path / "rules.txt"
    path.write_text("# first\n\nhuman > *   # people\n * > empty\nred fox>grey fox\n")
    assert read_rules(path) == [
        Rule("human", "*"),
        Rule("*", "empty"),
        Rule("red fox", "grey fox"),
    ]


@pytest.mark.parametrize("line", ["a b", "a > b > c", "a >", "> b", "* > *", "a > a"])
def test_a_line_that_is_no_rule_is_named(tmp_path: Path, line: str) -> None:
    """A line that is no rule ends in an error with file and line."""
    path = tmp_path / "rules.txt"
    path.write_text(f"a > b\n{line}\n")
    with pytest.raises(InputDataError, match=r"rules\.txt, line 2"):
        read_rules(path)


def test_missing_rules_are_told(tmp_path: Path) -> None:
    """A file that isn't there is named."""
    with pytest.raises(MissingInputError, match=r"none\.txt"):
        read_rules(tmp_path / "none.txt")
