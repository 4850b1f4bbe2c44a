"""What the labels are, and which of them a label map covers."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autofocus.errors import AutofocusError
from autofocus.labels.kinds import is_empty_like, is_human_like
from autofocus.labels.labelmap import check_labelmap
from autofocus.labels.priority import parse_rules
from autofocus.runs.spelling import fold_name, merge_spellings

# A larger file is neither a label map nor priority rules.
_MAX_BYTES = 1 << 20


@dataclass(frozen=True)
class LabelFiles:
    """Files with decisions on labels.

    Attributes:
        labelmap: the label map, relative to the data; empty if there is none.
        rules: the priority rules, relative to the data; empty if there are none.
        mapped: what each label counts as, by `fold_name`.
    """

    labelmap: str = ""
    rules: str = ""
    mapped: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Labels:
    """The labels of the data.

    Attributes:
        counts: how often each occurs, the most frequent first, different spellings together.
        files: label map and rules.
        empty: those that probably mean an empty image, as they are after the label map.
        human: those that probably mean people, as they are after the label map.
        unmapped: those that the label map doesn't cover; none without a label map.
    """

    counts: Counter[str]
    files: LabelFiles
    empty: tuple[str, ...]
    human: tuple[str, ...]
    unmapped: tuple[str, ...]


def inspect_labels(counts: Counter[str], folder: Path, files: Sequence[str]) -> Labels:
    """Return the labels and what is decided on them.

    Args:
        counts: how often each label occurs in the tables.
        folder: the folder of the data.
        files: the files beside the images, relative to the folder.
    """
    spellings = merge_spellings(counts)
    merged: Counter[str] = Counter()
    for label, number in counts.items():
        merged[spellings[label]] += number
    merged = Counter(dict(merged.most_common()))
    found = find_label_files(merged, folder, files)
    classes = list(dict.fromkeys(found.mapped.get(fold_name(one), one) for one in merged))
    has_map = bool(found.labelmap)
    return Labels(
        merged,
        found,
        tuple(label for label in classes if is_empty_like(label)),
        tuple(label for label in classes if is_human_like(label)),
        tuple(label for label in merged if has_map and fold_name(label) not in found.mapped),
    )


def find_label_files(counts: Counter[str], folder: Path, files: Sequence[str]) -> LabelFiles:
    """Return the label map and the priority rules that know some of the labels."""
    known = {fold_name(label) for label in counts}
    found = LabelFiles()
    for file in files:
        path = folder / file
        if path.suffix.lower() not in (".json", ".txt") or path.stat().st_size > _MAX_BYTES:
            continue
        mapped = _read_map(path) if path.suffix.lower() == ".json" else {}
        if known & set(mapped) and not found.labelmap:
            found = LabelFiles(file, found.rules, mapped)
        elif not found.rules and known & _read_rule_labels(path):
            found = LabelFiles(found.labelmap, file, found.mapped)
    return found


def _read_map(path: Path) -> dict[str, str]:
    """Return a label map; empty if the file is none."""
    try:
        values = json.loads(path.read_text(encoding="utf-8-sig"))
        checked = check_labelmap(values, str(path)) if isinstance(values, dict) else {}
    except (AutofocusError, ValueError, OSError, RecursionError):
        return {}
    return {fold_name(label): mapped for label, mapped in checked.items()}


def _read_rule_labels(path: Path) -> set[str]:
    """Return the labels of priority rules; none if the file holds no rules."""
    if path.suffix.lower() != ".txt":
        return set()
    try:
        rules = parse_rules(path.read_text(encoding="utf-8-sig"), str(path))
    except (AutofocusError, ValueError, OSError):
        return set()
    return {fold_name(label) for rule in rules for label in (rule.winner, rule.loser)}
