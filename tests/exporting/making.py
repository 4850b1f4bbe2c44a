"""Tables of results, as `predict` and `clean_detections` write them."""

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from autofocus.exporting.context import Export
from autofocus.exporting.settings import ExportSettings
from autofocus.exporting.writing import file_names, write_formats
from autofocus.tables.columns import PROPERTIES

# The columns of predictions.csv with a model that finds boxes.
COLUMNS = (
    "filepath", "label", "score", "status", "decision", "sequence", "sequence_label",
    "sequence_score", "original", "date", "time", "location", "event", "night", "camera",
    "second_label", "second_score", "review_reason", "split", "model",
    "box_left", "box_top", "box_width", "box_height", "box_score", "box_status",
)  # fmt: skip
ROW: Mapping[str, Any] = {
    **dict.fromkeys(COLUMNS, ""),
    "label": "raccoon",
    "score": "0.9000",
    "status": "ok",
    "decision": "accept",
    "date": "2016-07-05",
    "time": "21:00:00",
    "location": "D03-AMP1",
    "event": "D03-AMP1@raccoon@2016-07-05T21:00:00",
    "night": "1",
    "camera": "Bushnell X",
    "second_label": "empty",
    "second_score": "0.0700",
    "model": "0123456789ab",
    "box_left": "0.2500",
    "box_top": "0.5000",
    "box_width": "0.5000",
    "box_height": "0.2500",
    "box_score": "0.1000",
    "box_status": "motion",
}


def prediction(name: str, **cells: Any) -> dict[str, Any]:
    """Return a row of predictions.csv for an image of the folder `preprocessed`."""
    return {**ROW, "filepath": f"preprocessed/{name}", "original": name, **cells}


def failed(name: str, status: str = "truncated") -> dict[str, Any]:
    """Return the row of an image that could not be used."""
    row = dict.fromkeys(COLUMNS, "")
    return {**row, "filepath": f"preprocessed/{name}", "original": name, "status": status}


def write_table(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write a table with the columns of its first row."""
    rows = list(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_properties(folder: Path, names: Iterable[str], **preparation: Any) -> None:
    """Write what `preprocess_images` tells of originals of 2000 x 1000 pixels."""
    values = {"trim_top": 0, "trim_bottom": 200, "min_side": 256, **preparation}
    row = {
        "date": "2016-07-05",
        "time": "21:00:00",
        "night": "1",
        "mean_brightness": "50",
        "time_source": "DateTimeOriginal",
        "width": "2000",
        "height": "1000",
        "camera_make": "Bushnell",
        "camera_model": "X",
    }
    table = [{name: {**row, "filepath": image}[name] for name in PROPERTIES} for image in names]
    write_table(folder / "image_properties.csv", table)
    (folder / "preparation.json").write_text(json.dumps(values))


def export_files(table: Path, outdir: Path, *formats: Any, **settings: Any) -> dict[str, Path]:
    """Write formats of a table, and return the files by name."""
    export = Export(table, ExportSettings(formats=formats, **settings))
    paths = {name: outdir / name for name in file_names(export)}
    for path in paths.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    write_formats(export, paths)
    return paths
