"""Claims about COCO Camera Traps, Timelapse, Wildlife Insights and Label Studio."""

import json
from pathlib import Path
from typing import Any

from tests.exporting.making import (
    export_files,
    failed,
    prediction,
    read_table,
    write_properties,
    write_table,
)


def coco(folder: Path, *rows: dict[str, Any]) -> dict[str, Any]:
    """Export rows, check that ids are unique and lead to something, and return the file."""
    table = write_table(folder / "predictions.csv", rows)
    path = export_files(table, folder, "coco")["coco.json"]
    written: dict[str, Any] = json.loads(path.read_text())
    ids = {
        name: [entry["id"] for entry in written[name]]
        for name in ("images", "categories", "annotations")
    }
    assert all(len(set(each)) == len(each) for each in ids.values())
    for annotation in written["annotations"]:
        assert annotation["image_id"] in ids["images"]
        assert annotation["category_id"] in ids["categories"]
    return written


def test_coco_has_boxes_in_pixels_of_the_original(tmp_path: Path) -> None:
    """A box is in pixels, and sequences and locations stand with the image."""
    write_properties(tmp_path / "preprocessed", ["a/1.JPG", "a/2.JPG"])
    written = coco(
        tmp_path,
        prediction("a/1.JPG", sequence="a@1"),
        prediction("a/2.JPG", sequence="a@1", label="empty"),
    )
    first, second = written["images"]
    assert (first["location"], first["datetime"]) == ("D03-AMP1", "2016-07-05 21:00:00")
    assert (first["frame_num"], second["frame_num"], first["seq_num_frames"]) == (0, 1, 2)
    animal, empty = written["annotations"]
    assert animal["bbox"] == [500, 400, 1000, 200]
    assert (empty["category_id"], "bbox" in empty) == (0, False)
    assert written["categories"] == [{"id": 0, "name": "empty"}, {"id": 1, "name": "raccoon"}]


def test_timelapse_has_its_own_columns(tmp_path: Path) -> None:
    """Folders are written with backslashes, as Timelapse writes them."""
    table = write_table(tmp_path / "predictions.csv", [prediction("a/b/1.JPG")])
    (row,) = read_table(export_files(table, tmp_path / "out", "timelapse")["timelapse.csv"])
    found = [row[name] for name in ("File", "RelativePath", "DateTime", "DeleteFlag", "label")]
    assert found == ["1.JPG", "a\\b", "2016-07-05 21:00:00", "false", "raccoon"]


def test_what_is_for_review_is_ordered(tmp_path: Path) -> None:
    """The image whose two best labels are closest comes first, and images of people last."""
    review = {"decision": "review"}
    rows = [
        prediction("1.JPG", **review, score="0.6", second_score="0.1"),
        prediction("2.JPG", label="human", score="0.5", second_score="0.49"),
        prediction("3.JPG", **review, score="0.6", second_score="0.39"),
        prediction("4.JPG"),
    ]
    table = write_table(tmp_path / "predictions.csv", rows)
    paths = export_files(table, tmp_path / "out", "timelapse", "label-studio", decision="review")
    expected = ["3.JPG", "1.JPG", "2.JPG"]
    assert [row["File"] for row in read_table(paths["timelapse.csv"])] == expected
    tasks = json.loads(paths["label_studio.json"].read_text())
    assert [task["data"]["original"] for task in tasks] == expected


def test_a_sequence_does_not_fill_the_beginning(tmp_path: Path) -> None:
    """One image of each sequence is reviewed before the second of any."""
    scores = {"1.JPG": ("a", "0.3"), "2.JPG": ("a", "0.2")}
    scores |= {"3.JPG": ("b", "0.5"), "4.JPG": ("", "0.6")}
    rows = [
        prediction(name, decision="review", sequence=sequence, score=score, second_score="0.1")
        for name, (sequence, score) in scores.items()
    ]
    table = write_table(tmp_path / "predictions.csv", rows)
    paths = export_files(table, tmp_path / "out", "timelapse", decision="review")
    files = [row["File"] for row in read_table(paths["timelapse.csv"])]
    assert files == ["2.JPG", "3.JPG", "4.JPG", "1.JPG"]


def test_label_studio_shows_the_prediction(tmp_path: Path) -> None:
    """A task holds the image's address, the label and the box in percent of the original."""
    write_properties(tmp_path / "preprocessed", ["a b/1.JPG"])
    table = write_table(tmp_path / "predictions.csv", [prediction("a b/1.JPG"), failed("2.JPG")])
    paths = export_files(table, tmp_path / "out", "label-studio", image_url="http://x/")
    (task,) = json.loads(paths["label_studio.json"].read_text())
    assert task["data"]["image"] == "http://x/a%20b/1.JPG"
    (made,) = task["predictions"]
    assert (made["model_version"], made["score"]) == ("Autofocus 0123456789ab", 0.9)
    choice, box = made["result"]
    assert choice["value"] == {"choices": ["raccoon"]}
    expected = {"x": 25, "y": 40, "width": 50, "height": 20, "rotation": 0}
    assert box["value"] == {**expected, "rectanglelabels": ["raccoon"]}
    configuration = paths["label_studio.xml"].read_text()
    for result in (choice, box):
        assert f'name="{result["from_name"]}" toName="{result["to_name"]}"' in configuration
    assert '<Choice value="raccoon"/>' in configuration


def test_wildlife_insights_has_its_columns(tmp_path: Path) -> None:
    """Blank images and taxa are marked as Wildlife Insights expects."""
    taxa = {"label": "raccoon", "scientific_name": "Procyon lotor", "wi_taxon_id": "x-1"}
    settings = {"taxa": write_table(tmp_path / "taxa.csv", [taxa]), "project": "city"}
    rows = [prediction("1.JPG"), prediction("2.JPG", label="empty"), prediction("3.JPG", time="")]
    table = write_table(tmp_path / "predictions.csv", rows)
    path = export_files(table, tmp_path / "out", "wildlife-insights", **settings)
    animal, blank = read_table(path["wildlife_insights/images.csv"])
    columns = ("project_id", "is_blank", "wi_taxon_id", "genus", "species", "number_of_objects")
    assert [animal[name] for name in columns] == ["city", "0", "x-1", "Procyon", "lotor", "1"]
    names = ("is_blank", "common_name", "number_of_objects", "timestamp")
    assert [blank[name] for name in names] == ["1", "Blank", "0", "2016-07-05 21:00:00"]
