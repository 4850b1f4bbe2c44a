"""Notes on labels: what a label map and rules match, and cells that hold two labels."""

import re
from collections.abc import Iterable, Mapping, Sequence

from autofocus.labels.priority import ANY, Rule
from autofocus.runs.spelling import fold_name

# A note names this many labels.
_MAX_LABELS = 12
# What people write between two labels in one cell.
_SEPARATORS = re.compile(r"\s*([,;|/+&])\s*")


def note_labelmap(
    labels: Sequence[str], labelmap: Mapping[str, str], rules: Sequence[Rule] = ()
) -> tuple[str, ...]:
    """Return notes on the labels that a map leaves as they are, and on its unused entries.

    Args:
        labels: the labels of the table, before they are mapped.
        labelmap: what each label counts as.
        rules: the priority rules; a label that they name is left on purpose.
    """
    if not labelmap:
        return ()
    sides = [side for rule in rules for side in (rule.winner, rule.loser)]
    known, named = _keys(labels), _keys([*labelmap, *labelmap.values(), *sides])
    left = [label for label in labels if fold_name(label) not in named]
    unused = [label for label in labelmap if fold_name(label) not in known]
    return (
        *_note("The label map does not name, so that they stay as they are:", left),
        *_note("The label map names labels that no image has:", unused),
    )


def note_rules(labels: Sequence[str], rules: Sequence[Rule]) -> tuple[str, ...]:
    """Return a note on the labels of rules that no image has.

    Args:
        labels: the labels of the images, after they are mapped.
        rules: the priority rules.
    """
    known = _keys(labels)
    named = dict.fromkeys(side for rule in rules for side in (rule.winner, rule.loser))
    unknown = [side for side in named if side != ANY and fold_name(side) not in known]
    return _note("Rules name labels that no image has:", sorted(unknown))


def note_separators(labels: Sequence[str]) -> tuple[str, ...]:
    """Return a note on labels that are probably two in one cell, such as `deer, coyote`.

    A label counts as two if a part of it is a label of its own.

    Args:
        labels: the labels of the table.
    """
    known = _keys(labels)
    for label in labels:
        found = _SEPARATORS.search(label)
        parts = [part for part in _SEPARATORS.split(label)[::2] if part]
        if found and len(parts) > 1 and known & _keys(parts):
            note = (
                f"{label!r} is a class of its own: if it is several labels in one cell, set "
                f"label_separator of clean_detections to {found[1]!r}."
            )
            return (note,)
    return ()


def _note(sentence: str, labels: Sequence[str]) -> tuple[str, ...]:
    if not labels:
        return ()
    shown = ", ".join(labels[:_MAX_LABELS])
    more = f" and {len(labels) - _MAX_LABELS} more" if len(labels) > _MAX_LABELS else ""
    return (f"{sentence} {shown}{more}.",)


def _keys(labels: Iterable[str]) -> set[str]:
    return {fold_name(label) for label in labels}
