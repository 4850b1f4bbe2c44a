"""The files of a training's result, except for the report, the model and its card."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autofocus.evaluation.serialization import to_text
from autofocus.evaluation.training_metrics import Metrics
from autofocus.reporting.attempts import attempt
from autofocus.reporting.charts import draw_confusion, draw_history
from autofocus.reporting.mistakes import Misclassified, draw_contact_sheet
from autofocus.runs.csv_files import CsvWriter

LABELS = "labels.txt"
METRICS = "metrics.json"
REPORT = "report.html"
MODEL_CARD = "MODEL_CARD.md"
CONFUSION_TABLE, CONFUSION_PICTURE = "confusion_matrix.csv", "confusion_matrix.png"
MISTAKES_TABLE, MISTAKES_PICTURE = "misclassified.csv", "misclassified.jpg"
HISTORY_PICTURE = "training.png"
# The run in MLflow: in a file of its own, so that equal trainings have equal reports.
RUN = "mlflow_run.json"
ALL = (
    LABELS,
    METRICS,
    REPORT,
    MODEL_CARD,
    CONFUSION_TABLE,
    CONFUSION_PICTURE,
    MISTAKES_TABLE,
    MISTAKES_PICTURE,
    HISTORY_PICTURE,
)


def write_results(folder: Path, metrics: Metrics, mistakes: Sequence[Misclassified]) -> None:
    """Write labels, metrics, the confusion matrix, the mistakes and the history of training.

    Images that may have several labels have no confusion matrix: its table then has no rows, and
    its chart says so.

    Args:
        folder: where to write; it must exist.
        metrics: of the training.
        mistakes: the misclassified test images, the most confident first.
    """
    labels, confusion = metrics.labels, metrics.test.confusion_matrix
    text = "".join(f"{label}\n" for label in labels)
    (folder / LABELS).write_text(text, encoding="utf-8", newline="\n")
    (folder / METRICS).write_text(to_text(metrics), encoding="utf-8", newline="\n")
    _write_table(
        folder / CONFUSION_TABLE,
        ["true \\ answered", *labels],
        [[label, *row] for label, row in zip(labels, confusion, strict=True)] if confusion else [],
    )
    _write_table(
        folder / MISTAKES_TABLE,
        ["image", "label", "answer", "score", "original"],
        [[m.name, m.label, m.answer, f"{m.score:.4f}", m.original] for m in mistakes],
    )
    attempt(
        CONFUSION_PICTURE, lambda: draw_confusion(labels, confusion, folder / CONFUSION_PICTURE)
    )
    attempt(MISTAKES_PICTURE, lambda: draw_contact_sheet(mistakes, folder / MISTAKES_PICTURE))
    attempt(HISTORY_PICTURE, lambda: draw_history(metrics.history, folder / HISTORY_PICTURE))


def _write_table(path: Path, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    with CsvWriter(path, columns) as writer:
        writer.write_all(rows)
