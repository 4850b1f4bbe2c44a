"""Claims about corrections that people make to predictions, and about what comes of them."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from autofocus.clean_detections import clean_detections
from autofocus.clean_settings import CleanSettings
from autofocus.errors import InputDataError
from autofocus.export import export
from autofocus.exporting.settings import ExportSettings
from autofocus.import_corrections import COMMAND, CorrectionSettings, import_corrections
from autofocus.runs.ledger import read_ledger
from tests.exporting.making import prediction, read_table, write_properties, write_table

REVIEW = {"decision": "review", "score": "0.4"}


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    """A table with two images for review, and one that is accepted."""
    rows = [
        prediction("a/1.JPG", **REVIEW),
        prediction("a/2.JPG", **REVIEW),
        prediction("a/3.JPG"),
    ]
    write_properties(tmp_path / "preprocessed", [row["original"] for row in rows])
    return write_table(tmp_path / "predictions.csv", rows)


def edit(table: Path, changes: dict[str, dict[str, str]]) -> Path:
    """Save a copy of a Timelapse table as a person's program does, with cells changed by file."""
    rows = read_table(table)
    path = table.with_name("corrected.csv")
    with path.open("w", newline="", encoding="utf-16") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows({**row, **changes.get(row["File"], {})} for row in rows)
    return path


def imported(predictions: Path, corrections: Path, **settings: Any) -> list[dict[str, str]]:
    """Import corrections, and return the rows of the table."""
    out = predictions.with_name("corrections.csv")
    import_corrections(corrections, predictions, out, CorrectionSettings(**settings))
    return read_table(out)


def found(rows: list[dict[str, str]], *names: str) -> list[tuple[str, ...]]:
    """Return some columns of rows."""
    return [tuple(row[name] for name in names) for row in rows]


def test_a_correction_reaches_the_next_run(predictions: Path, tmp_path: Path) -> None:
    """Exported for review, edited in Timelapse and imported, a label replaces the older ones."""
    settings = ExportSettings(formats=("timelapse",), decision="review")
    export(predictions, tmp_path / "review", settings)
    edited = edit(tmp_path / "review/timelapse.csv", {"1.JPG": {"label": "skunk"}})
    words = [str(edited), "--predictions", str(predictions), "--outpath"]
    assert COMMAND.main([*words, str(tmp_path / "corrections.csv")]) == 0
    older = [
        {"filepath": "x/y/a/1.JPG", "label": "raccoon", "date": "2016-07-05"},
        {"filepath": "x/y/a/3.JPG", "label": "raccoon", "date": "2016-07-05"},
    ]
    tables = [write_table(tmp_path / "older.csv", older), tmp_path / "corrections.csv"]
    result = clean_detections(
        tables,
        tmp_path / "preprocessed",
        tmp_path / "preprocessed/image_properties.csv",
        tmp_path / "detections_clean.csv",
        CleanSettings(),
    )
    rows = found(
        read_table(result.table), "filepath", "contains_raccoon", "contains_skunk", "time"
    )
    assert rows == [
        ("preprocessed/a/1.JPG", "0", "1", "21:00:00"),
        ("preprocessed/a/3.JPG", "1", "0", "21:00:00"),
    ]
    assert result.counts.reasons["corrected"] == 1
    assert "replaced by corrections: 1 label" in result.notes
    assert found(read_table(result.table), "source")[0] == ("human",)


def test_only_what_was_reviewed_counts(predictions: Path, tmp_path: Path) -> None:
    """A label that nobody changed counts only if it is marked as reviewed."""
    export(predictions, tmp_path / "review", ExportSettings(formats=("timelapse",)))
    changes = {"1.JPG": {"reviewed": "true"}, "2.JPG": {"DeleteFlag": "true"}}
    edited = edit(tmp_path / "review/timelapse.csv", changes)
    rows = imported(predictions, edited)
    assert found(rows, "filepath", "label", "source", "correction") == [
        ("a/1.JPG", "raccoon", "human", "1")
    ]
    ledger = [row for _, row in read_ledger(tmp_path / "corrections.ledger.csv")]
    assert [row.reason for row in ledger] == [None, "not_selected", "not_selected"]


@pytest.mark.parametrize(("unchanged", "source"), [("confirmed", "human"), ("model", "model")])
def test_what_unchanged_labels_mean(
    predictions: Path, tmp_path: Path, unchanged: str, source: str
) -> None:
    """Labels that nobody changed can be taken for confirmed, or as the model's own."""
    export(predictions, tmp_path / "review", ExportSettings(formats=("timelapse",)))
    edited = edit(tmp_path / "review/timelapse.csv", {"1.JPG": {"label": "skunk"}})
    rows = imported(predictions, edited, unchanged=unchanged)
    assert found(rows, "label", "source") == [("skunk", "human"), *[("raccoon", source)] * 2]


def test_annotations_of_label_studio(predictions: Path, tmp_path: Path) -> None:
    """The last annotation of a task counts, with who made it and when; others are left out."""
    export(predictions, tmp_path / "review", ExportSettings(formats=("label-studio",)))
    tasks = json.loads((tmp_path / "review/label_studio.json").read_text())
    early, late = "2016-08-01T10:00:00Z", "2016-08-02T10:00:00Z"

    def annotation(label: str, when: str, **more: object) -> dict[str, Any]:
        result = {"from_name": "label", "to_name": "image", "type": "choices"}
        value = {"choices": [label]}
        made = {"completed_by": {"email": "ann@zoo.org"}, "updated_at": when}
        return {**made, "result": [{**result, "value": value}], **more}

    tasks[0]["annotations"] = [annotation("skunk", late), annotation("cat", early)]
    tasks[1]["annotations"] = [annotation("cat", late, was_cancelled=True)]
    path = tmp_path / "annotated.json"
    path.write_text(json.dumps(tasks))
    expected = [("a/1.JPG", "skunk", "human", "ann@zoo.org", late)]
    columns = ("filepath", "label", "source", "by", "when")
    assert found(imported(predictions, path), *columns) == expected
    flat = [
        {"original": "a/1.JPG", "label": {"choices": ["cat", "dog"]}, "annotator": 7},
        {"original": "a/1.JPG", "label": {"choices": "fox"}, "annotator": 8},
        {"image": "/data/local-files/?d=a/2.JPG", "label": "fox", "updated_at": late},
    ]
    path.write_text(json.dumps(flat))
    assert found(imported(predictions, path), "filepath", "label", "by") == [
        ("a/1.JPG", "cat", "7"),
        ("a/1.JPG", "dog", "7"),
        ("a/1.JPG", "fox", "8"),
        ("a/2.JPG", "fox", ""),
    ]


def test_a_plain_table(predictions: Path, tmp_path: Path) -> None:
    """Any table with paths and labels is read; a path of other case is the same image."""
    rows = [
        {"FilePath": "A/1.jpg", "Label": "cat; dog", "Reviewer": "Ann"},
        {"FilePath": "preprocessed/a/2.JPG", "Label": "", "Reviewer": ""},
        {"FilePath": "b/1.JPG", "Label": "cat", "Reviewer": ""},
    ]
    made = imported(predictions, write_table(tmp_path / "plain.csv", rows))
    expected = [("a/1.JPG", "cat", "Ann"), ("a/1.JPG", "dog", "Ann")]
    assert found(made, "filepath", "label", "by") == expected
    ledger = [row for _, row in read_ledger(tmp_path / "corrections.ledger.csv")]
    assert [row.reason for row in ledger] == [None, "no_label", "image_missing"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("original,label\nz.JPG,cat\n", "z.JPG is not among the predictions"),
        ("a,b\n1,2\n", "lacks a column of paths"),
        ("[]", "nobody has annotated a task"),
        ('{"a": 1}', "is not a list of tasks"),
        ('[{"data": {}, "annotations": [{"result": []}]}]', "is no task of Label Studio"),
        ("[", "is not valid JSON"),
    ],
)
def test_what_can_not_be_read_is_named(
    predictions: Path, tmp_path: Path, text: str, sentence: str
) -> None:
    """A file without corrections is an error, and nothing is written."""
    path = tmp_path / "wrong"
    path.write_text(text)
    with pytest.raises(InputDataError, match=sentence):
        imported(predictions, path)
    assert not (tmp_path / "corrections.csv").exists()
