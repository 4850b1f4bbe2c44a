"""Deciding under which labels a photograph is linked."""

from collections.abc import Sequence
from dataclasses import dataclass

from autofocus.labels.priority import Rule, apply_rules
from autofocus.runs.ledger import Reason
from autofocus.tables.labels import Labelled


@dataclass(frozen=True)
class Choice:
    """What was decided for a photograph.

    Attributes:
        filepath: its path as it stands in the table.
        labels: the labels that are left.
        reason: why it is left out; None if it is linked.
        detail: the rules that decided, or the conflict.
        location: where the camera stood; None where the table has no such column.
    """

    filepath: str
    labels: tuple[str, ...]
    reason: Reason | None
    detail: str
    location: str | None = None


def choose(
    labelled: Labelled, rules: Sequence[Rule], *, keep_unresolved: bool = False
) -> list[Choice]:
    """Decide for each photograph.

    Args:
        labelled: photographs and their labels, mapped already.
        rules: applied in their order.
        keep_unresolved: whether photographs with several labels are linked under each.
    """
    left, changed = apply_rules(labelled.labels, labelled.present, rules)
    choices = []
    for number, filepath in enumerate(labelled.filepaths):
        labels = tuple(labelled.labels[column] for column in left[number].nonzero()[0])
        applied = [str(rule) for rule, rows in zip(rules, changed, strict=True) if rows[number]]
        detail = f"decided by {'; '.join(applied)}" if applied else ""
        reason = None
        if not labels:
            reason = Reason.NO_LABEL
        elif len(labels) > 1 and not keep_unresolved:
            reason = Reason.CONFLICTING_LABELS
            detail = "; ".join([f"no rule decides between {', '.join(labels)}", *_of(detail)])
        location = labelled.locations[number] if labelled.locations is not None else None
        choices.append(Choice(filepath, labels, reason, detail, location))
    return choices


def _of(detail: str) -> list[str]:
    return [detail] if detail else []
