"""COCO Camera Traps: the JSON format of the data sets on LILA.

Format: https://github.com/agentmorris/MegaDetector/tree/main/megadetector/data_management, "COCO
Camera Traps format".
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autofocus.errors import InputDataError
from autofocus.runs.wording import plural, shown
from autofocus.tables.columns import COUNT, LOCATION, SEQUENCE
from autofocus.tables.importing.builder import RecordBuilder, number_of, text_of
from autofocus.tables.records import DetectionTable, box_cells

FORMAT = "COCO Camera Traps JSON"


def is_coco(content: Mapping[str, Any]) -> bool:
    """Tell whether JSON content has the parts of COCO Camera Traps."""
    return all(
        isinstance(content.get(key), list) for key in ("images", "annotations", "categories")
    )


def read_coco(path: Path, content: Mapping[str, Any]) -> DetectionTable:
    """Return the detections: one per label of an image, with the number of its boxes.

    Boxes are in pixels; without the size of their image they are left out.
    """
    images, names = (
        _by_id(content["images"], "images"),
        _by_id(content["categories"], "categories"),
    )
    together: dict[tuple[str, str], list[Any]] = {}
    builder, sizeless, unknown = RecordBuilder(), 0, 0
    for number, annotation in enumerate(content["annotations"], 1):
        try:
            key = text_of(annotation["image_id"]), text_of(annotation.get("category_id"))
        except (KeyError, TypeError, AttributeError) as error:
            builder.reject(f"annotation {number}", _describe(error))
            continue
        together.setdefault(key, []).append(annotation)
    for number, ((image_id, category), annotations) in enumerate(together.items(), 1):
        row = builder.name_row(shown(annotations[0].get("id", number)))
        image = images.get(image_id)
        if image is None:
            unknown += len(annotations)
            builder.reject(row, f"the file lacks the image {image_id}")
            continue
        try:
            sizeless += _add(builder, row, image, names.get(category), annotations)
        except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
            builder.reject(row, _describe(error))
    left = {
        f"{plural(sizeless, 'box', 'boxes')} left out, of images without a size": sizeless,
        f"{plural(unknown, 'annotation')} left out, of images not in the file": unknown,
    }
    notes = tuple(f"{path.name}: {words}" for words, number in left.items() if number)
    return DetectionTable(path, builder.frame(), FORMAT, has_dates=False, notes=notes)


def _by_id(values: Sequence[Any], name: str) -> dict[str, Any]:
    """Return images or categories by their ids.

    Raises:
        InputDataError: one has no id, or two have the same.
    """
    known: dict[str, Any] = {}
    for value in values:
        key = shown(value["id"])
        if key in known:
            raise InputDataError(f"Two of the {name} have the id {key}.")
        known[key] = value
    return known


def _describe(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


def _add(
    builder: RecordBuilder,
    row: str,
    image: Mapping[str, Any],
    category: Mapping[str, Any] | None,
    annotations: Sequence[Mapping[str, Any]],
) -> int:
    """Add the annotations of an image with one label, and return how many boxes are left out."""
    boxes = [annotation["bbox"] for annotation in annotations if annotation.get("bbox")]
    has_size = bool(image.get("width") and image.get("height"))
    optional = {
        LOCATION: text_of(image.get("location")),
        SEQUENCE: text_of(image.get("seq_id")),
        COUNT: str(len(boxes) or ""),
        **(_largest(boxes, image) if has_size else {}),
    }
    date = text_of(image.get("datetime") or image.get("date_captured"))
    label = "" if category is None else text_of(category["name"])
    builder.add(text_of(image["file_name"]), label, row, date, **optional)
    return 0 if has_size else len(boxes)


def _largest(boxes: Sequence[Sequence[float]], image: Mapping[str, Any]) -> dict[str, str]:
    """Return the cells of the largest box, as shares of the image."""
    if not boxes:
        return {}
    width, height = number_of(image["width"]), number_of(image["height"])
    largest = max(boxes, key=lambda box: number_of(box[2]) * number_of(box[3]))
    left, top, box_width, box_height = map(number_of, largest)
    return box_cells((left / width, top / height, box_width / width, box_height / height), None)
