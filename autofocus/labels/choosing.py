"""The decision under which labels an image is linked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from autofocus.labels.priority import Rule, apply_rules
from autofocus.runs.ledger import Reason
from autofocus.tables.labels import Labelled


@dataclass(frozen=True)
class Choice:
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
    facts: Mapping[str, str] = field(default_factory=dict)


def choose(
    labelled: Labelled, rules: Sequence[Rule], *, keep_unresolved: bool = False
) -> list[Choice]:
    """Return the decision for each image.

    Args:
        labelled: images and their labels, after the label map.
        rules: the priority rules, in the order in which they apply.
        keep_unresolved: whether an image with several labels is linked under each.
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
        facts = {name: values[number] for name, values in labelled.facts.items()}
        choices.append(Choice(filepath, labels, reason, detail, facts))
    nothing = dict.fromkeys(labelled.facts, "")
    choices += [
        Choice(name, (), Reason.MISSING_FIELD, problem, nothing)
        for name, problem in labelled.problems.items()
    ]
    return sorted(choices, key=lambda choice: choice.filepath)


def _of(detail: str) -> list[str]:
    return [detail] if detail else []
