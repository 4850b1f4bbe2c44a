"""Tasks for Label Studio, with the predictions, and the labelling configuration they need."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from autofocus.exporting.context import Export
from autofocus.exporting.formats import Format
from autofocus.exporting.json_files import write_array
from autofocus.exporting.rows import OK, Box, ExportRow

TASKS, CONFIGURATION = "label_studio.json", "label_studio.xml"
# The names that link results to the parts of the configuration.
CHOICE, BOX, IMAGE = "label", "box", "image"


def write(export: Export, paths: Mapping[str, Path]) -> Sequence[str]:
    """Write tasks and configuration; what is for review is ordered, the most uncertain first."""
    with paths[TASKS].open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        write_array(file, _tasks(export))
        file.write("\n")
    text = _configuration(export.labels())
    paths[CONFIGURATION].write_text(text, encoding="utf-8", newline="\n")
    return ()


def _tasks(export: Export) -> Iterator[dict[str, Any]]:
    for row in export.ordered_rows():
        if row.status != OK:
            continue
        task: dict[str, Any] = {"data": _data(export, row)}
        if row.labels:
            prediction: dict[str, Any] = {
                "model_version": f"Autofocus {row.model}".strip(),
                "result": list(_results(row)),
            }
            if row.score is not None:
                prediction["score"] = row.score
            task["predictions"] = [prediction]
        yield task


def _data(export: Export, row: ExportRow) -> dict[str, Any]:
    data = {
        "image": export.settings.image_url + quote(row.original, errors="surrogateescape"),
        "original": row.original,
        "predicted": row.label,
        "location": row.location,
        "datetime": row.moment.isoformat(sep=" ") if row.moment else "",
        "event": row.event,
        "review_reason": row.review_reason,
    }
    return {name: value for name, value in data.items() if value}


def _results(row: ExportRow) -> Iterator[dict[str, Any]]:
    yield {
        "from_name": CHOICE,
        "to_name": IMAGE,
        "type": "choices",
        "value": {"choices": list(row.labels)},
    }
    if row.box is not None:
        yield {
            "from_name": BOX,
            "to_name": IMAGE,
            "type": "rectanglelabels",
            "value": {**_percent(row.box), "rectanglelabels": [row.labels[0]]},
        }


def _percent(box: Box) -> dict[str, float]:
    names = ("x", "y", "width", "height")
    values = {name: round(100 * value, 2) for name, value in zip(names, box.values, strict=True)}
    return {**values, "rotation": 0}


def _configuration(labels: Sequence[str]) -> str:
    def items(tag: str) -> str:
        return "".join(f"    <{tag} value={quoteattr(label)}/>\n" for label in labels)

    return (
        "<View>\n"
        f'  <Image name="{IMAGE}" value="$image" zoom="true"/>\n'
        f'  <Choices name="{CHOICE}" toName="{IMAGE}" choice="multiple">\n'
        f"{items('Choice')}"
        "  </Choices>\n"
        f'  <RectangleLabels name="{BOX}" toName="{IMAGE}">\n'
        f"{items('Label')}"
        "  </RectangleLabels>\n"
        "</View>\n"
    )


FORMAT = Format((TASKS, CONFIGURATION), write)
