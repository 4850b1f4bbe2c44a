"""The table that tells which photograph belongs to which part, and why."""

from collections.abc import Mapping
from pathlib import Path

from autofocus.runs.files import csv_writer
from autofocus.splits.splitting import Assignment, Split
from autofocus.tables.columns import SPLIT


def write_split(path: Path, split: Split, folds: Mapping[str, int] | None = None) -> None:
    """Write `split.csv`.

    Args:
        path: the table.
        split: which photograph belongs to which part.
        folds: the fold of each group, from 0, where there was a cross-validation.
    """
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv_writer(file)
        writer.writerow(SPLIT)
        writer.writerows(_row(one, folds or {}) for one in split.assignments)


def _row(one: Assignment, folds: Mapping[str, int]) -> tuple[str, ...]:
    is_used = one.part is not None and one.group in folds
    return (
        one.name,
        "; ".join(one.labels),
        one.location,
        one.sequence,
        one.group,
        one.part.value if one.part else "",
        str(folds[one.group] + 1) if is_used else "",
        one.reason,
    )
