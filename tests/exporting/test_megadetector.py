"""Claims about results in MegaDetector's format."""

import json
from pathlib import Path
from typing import Any

from tests.exporting.making import (
    export_files,
    failed,
    prediction,
    write_properties,
    write_table,
)
from tests.exporting.validator import ValidateBatchResultsOptions, validate_batch_results


def results(folder: Path, *rows: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """Export rows, let the format's own validator check the file, and return it."""
    table = write_table(folder / "predictions.csv", rows)
    path = export_files(table, folder, "megadetector", **settings)["megadetector.json"]
    options = ValidateBatchResultsOptions()
    options.raise_errors = True
    checked = validate_batch_results(str(path), options)["validation_results"]
    assert (checked["errors"], checked["warnings"]) == ([], [])
    written: dict[str, Any] = json.loads(path.read_text())
    return written


def test_boxes_are_those_of_the_untrimmed_original(tmp_path: Path) -> None:
    """A box is moved down by the rows cropped above it, and shrinks with the rows cropped."""
    write_properties(tmp_path / "preprocessed", ["a/1.JPG"], trim_top=100, trim_bottom=300)
    (image,) = results(tmp_path, prediction("a/1.JPG"))["images"]
    # Of 600 of 1000 rows, from row 100: the middle is at 400, and a quarter is 150.
    assert image["detections"][0]["bbox"] == [0.25, 0.4, 0.5, 0.15]
    assert (image["file"], image["width"], image["height"]) == ("a/1.JPG", 2000, 1000)


def test_an_unknown_box_is_the_whole_image(tmp_path: Path) -> None:
    """Without the original's size, or without motion, a detection covers the whole image."""
    written = results(
        tmp_path, prediction("a/1.JPG"), prediction("a/2.JPG", box_status="whole_frame")
    )
    assert [image["detections"][0]["bbox"] for image in written["images"]] == [[0, 0, 1, 1]] * 2


def test_classifications_fall_and_name_categories_by_text(tmp_path: Path) -> None:
    """Ids are strings, the most probable label is first, and the version is a string."""
    written = results(tmp_path, prediction("1.JPG", second_label="coyote", second_score="0.0500"))
    names = written["classification_categories"]
    (detection,) = written["images"][0]["detections"]
    pairs = [(names[number], value) for number, value in detection["classifications"]]
    assert pairs == [("raccoon", 0.9), ("coyote", 0.05)]
    assert written["info"]["format_version"] == "1.6"
    assert written["info"]["classifier"] == "Autofocus 0123456789ab"


def test_probabilities_of_all_labels_are_classifications(tmp_path: Path) -> None:
    """With probability columns all labels are listed; confidence is that of not being empty."""
    row = prediction(
        "1.JPG", probability_empty="0.2", probability_fox="0.1", probability_cat="0.7"
    )
    written = results(tmp_path, {**row, "label": "cat", "score": "0.7"})
    (detection,) = written["images"][0]["detections"]
    names = written["classification_categories"]
    assert [names[number] for number, _ in detection["classifications"]] == ["cat", "fox"]
    assert detection["conf"] == 0.8


def test_people_and_vehicles_have_their_categories(tmp_path: Path) -> None:
    """The category is animal, person or vehicle by the label, and an empty image has none."""
    labels = ("raccoon", "Human", "car", "empty")
    rows = [prediction(f"{number}.JPG", label=label) for number, label in enumerate(labels)]
    found = [
        [written["category"] for written in image["detections"]]
        for image in results(tmp_path, *rows)["images"]
    ]
    assert found == [["1"], ["2"], ["3"], []]


def test_an_image_that_failed_has_a_failure(tmp_path: Path) -> None:
    """A rejected image has no detections, but a failure with the ledger's reason."""
    images = results(tmp_path, prediction("1.JPG"), failed("2.JPG"))["images"]
    expected = {"file": "2.JPG", "failure": "Failure image access: truncated", "detections": None}
    assert images[1] == expected


def test_clean_detections_keep_their_boxes(tmp_path: Path) -> None:
    """The boxes of detections_clean.csv are of the original already."""
    row = {
        "date": "2016-07-05",
        "filepath": "preprocessed/a/1.JPG",
        "time": "",
        "box_left": "0.1",
        "box_top": "0.2",
        "box_width": "0.3",
        "box_height": "0.4",
        "contains_cat": "1",
        "contains_dog": "0",
    }
    write_properties(tmp_path / "preprocessed", ["a/1.JPG"])
    (image,) = results(tmp_path, row)["images"]
    (detection,) = image["detections"]
    assert detection["bbox"] == [0.1, 0.2, 0.3, 0.4]
    assert image["file"] == "a/1.JPG"
    assert detection["classifications"] == [["1", 1.0]]
