"""The files that tell what came out of a training."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autofocus.reporting import pictures
from autofocus.reporting.pictures import (
    Misclassified,
    draw_confusion,
    draw_contact_sheet,
    draw_history,
)
from autofocus.runs.files import csv_writer

LABELS = "labels.txt"
METRICS = "metrics.json"
REPORT = "report.html"
CONFUSION_TABLE, CONFUSION_PICTURE = "confusion_matrix.csv", "confusion_matrix.png"
MISTAKES_TABLE, MISTAKES_PICTURE = "misclassified.csv", "misclassified.jpg"
HISTORY_PICTURE = "training.png"
ALL = (
    LABELS,
    METRICS,
    REPORT,
    CONFUSION_TABLE,
    CONFUSION_PICTURE,
    MISTAKES_TABLE,
    MISTAKES_PICTURE,
    HISTORY_PICTURE,
)

withhold = pictures.withhold


def write_results(
    folder: Path, metrics: Mapping[str, Any], mistakes: Sequence[Misclassified]
) -> None:
    """Write labels, metrics, the confusion matrix, the mistakes and the course of training.

    The report is written by the caller. Images that may have several labels have no confusion
    matrix: its table then has no rows, and its picture says so.

    Args:
        folder: where to write; it must exist.
        metrics: all figures, as plain JSON values.
        mistakes: the misclassified test photographs, the surest first.
    """
    labels, confusion = metrics["labels"], metrics["test"]["confusion_matrix"]
    text = "".join(f"{label}\n" for label in labels)
    (folder / LABELS).write_text(text, encoding="utf-8", newline="\n")
    figures = json.dumps(metrics, indent=2, ensure_ascii=False) + "\n"
    (folder / METRICS).write_text(figures, encoding="utf-8", newline="\n")
    _write_table(
        folder / CONFUSION_TABLE,
        ["true \\ answered", *labels],
        [[label, *row] for label, row in zip(labels, confusion, strict=True)] if confusion else [],
    )
    _write_table(
        folder / MISTAKES_TABLE,
        ["image", "label", "answer", "score"],
        [[m.name, m.label, m.answer, f"{m.score:.4f}"] for m in mistakes],
    )
    draw_confusion(labels, confusion, folder / CONFUSION_PICTURE)
    draw_contact_sheet(mistakes, folder / MISTAKES_PICTURE)
    draw_history(metrics["history"], folder / HISTORY_PICTURE)


def _write_table(path: Path, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv_writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
