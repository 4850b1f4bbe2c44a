"""Claims about uniting groups."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from autofocus.grouping.uniting import unite

names = st.sampled_from("abcdef")


def test_groups_with_a_tie_become_one_through_others() -> None:
    """What a and b share, and b and c, ties a to c; d stays alone."""
    assert unite(["c", "b", "b", "a", "d"], ["1", "1", "2", "2", "3"]) == ["a", "a", "a", "a", "d"]


@settings(max_examples=100)
@given(st.lists(st.tuples(names, st.sampled_from("123"))))
def test_neither_a_group_nor_a_tie_is_divided(pairs: list[tuple[str, str]]) -> None:
    """All items of one group, and all with one tie, end in one group."""
    groups, ties = [group for group, _ in pairs], [tie for _, tie in pairs]
    united = unite(groups, ties)
    for key in (groups, ties):
        assert len(set(zip(key, united, strict=True))) == len(set(key))


@settings(max_examples=100)
@given(st.lists(st.tuples(names, st.sampled_from("123"))), st.randoms())
def test_the_order_of_items_does_not_matter(pairs: list[tuple[str, str]], chance: Random) -> None:
    """Items that come in another order have the same groups."""
    mixed = list(pairs)
    chance.shuffle(mixed)

    def told(rows: list[tuple[str, str]]) -> set[tuple[str, str, str]]:
        groups, ties = [group for group, _ in rows], [tie for _, tie in rows]
        return set(zip(groups, ties, unite(groups, ties), strict=True))

    assert told(pairs) == told(mixed)
