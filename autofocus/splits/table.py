"""`split.csv`: the subset of each image, and why."""

from collections.abc import Mapping
from pathlib import Path

from autofocus.runs.csv_files import CsvWriter
from autofocus.splits.split import Assignment, Split
from autofocus.tables.columns import SPLIT


def write_split(path: Path, split: Split, folds: Mapping[str, int] | None = None) -> None:
    """Write `split.csv`.

    Args:
        path: the table.
        split: the assignment of each image.
        folds: the fold of each group, from 0, if there was a cross-validation.
    """
    with CsvWriter(path, SPLIT) as writer:
        writer.write_all(_row(one, folds or {}) for one in split.assignments)


def _row(one: Assignment, folds: Mapping[str, int]) -> tuple[str, ...]:
    has_fold = one.subset is not None and one.group in folds
    return (
        one.image.name,
        "; ".join(one.image.labels),
        one.image.frame.location,
        one.sequence,
        one.group,
        one.subset.value if one.subset else "",
        str(folds[one.group] + 1) if has_fold else "",
        one.reason,
        one.image.original,
        one.image.digest,
    )
