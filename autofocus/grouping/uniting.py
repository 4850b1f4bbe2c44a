"""The union of groups that have something in common."""

from collections.abc import Sequence


def unite(groups: Sequence[str], ties: Sequence[str]) -> list[str]:
    """Unite groups that share a tie.

    Args:
        groups: the groups of N items.
        ties: the ties of the same items; items with the same tie get the same group.

    Returns:
        The group of each item; a union has the name that sorts first.
    """
    parent = {group: group for group in groups}

    def find(group: str) -> str:
        root = group
        while parent[root] != root:
            root = parent[root]
        while parent[group] != root:
            parent[group], group = root, parent[group]
        return root

    first: dict[str, str] = {}
    for group, tie in zip(groups, ties, strict=True):
        one, other = find(group), find(first.setdefault(tie, group))
        parent[max(one, other)] = min(one, other)
    return [find(group) for group in groups]
