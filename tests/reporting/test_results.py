"""Claims about the files of results."""

import csv
from pathlib import Path
from typing import Any

from autofocus.evaluation.serialization import from_text
from autofocus.reporting import results
from autofocus.reporting.mistakes import withhold
from tests.reporting import example
from tests.reporting.example_evaluation import LABELS


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def write(folder: Path, metrics: dict[str, Any]) -> None:
    wrong = withhold(example.mistakes(folder / "photographs", 6), ["human"])
    (folder / "results").mkdir()
    results.write_results(folder / "results", example.typed(metrics), wrong)


def test_all_files_but_the_report_are_written(tmp_path: Path) -> None:
    """The folder holds what `ALL` names; the report is left to the caller."""
    write(tmp_path, example.full())
    names = {path.name for path in (tmp_path / "results").iterdir()}
    assert names == set(results.ALL) - {results.REPORT, results.MODEL_CARD}


def test_tables_hold_the_figures(tmp_path: Path) -> None:
    """Labels, figures, the matrix's rows and the mistakes, withheld ones too, can be read back."""
    write(tmp_path, example.full())
    folder = tmp_path / "results"
    assert (folder / results.LABELS).read_text(encoding="utf-8").split() == LABELS
    text = (folder / results.METRICS).read_text(encoding="utf-8")
    assert from_text(text) == example.typed(example.full())
    matrix = rows(folder / results.CONFUSION_TABLE)
    assert matrix[0] == ["true \\ answered", *LABELS]
    assert matrix[7] == ["raccoon", "1", "14", "5", "1", "12", "0", "47", "3"]
    mistakes = rows(folder / results.MISTAKES_TABLE)
    assert mistakes[0] == ["image", "label", "answer", "score", "original"]
    assert mistakes[6] == ["deer/CHIL - D03-AMP1-JU16_00005.JPG", "deer", "human", "0.9700", ""]


def test_several_labels_have_a_matrix_without_rows(tmp_path: Path) -> None:
    """Where images have several labels the matrix's table has its heading alone."""
    write(tmp_path, example.multilabel())
    assert len(rows(tmp_path / "results" / results.CONFUSION_TABLE)) == 1
    assert (tmp_path / "results" / results.CONFUSION_PICTURE).stat().st_size > 1000
