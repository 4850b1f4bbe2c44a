"""Claims about boxes from MegaDetector results."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from autofocus.boxes.megadetector_json import read_detections
from autofocus.errors import InputDataError, MissingInputError

CATEGORIES = {"1": "animal", "2": "person", "3": "vehicle"}


def write(path: Path, images: Any, **more: Any) -> Path:
    content = {"info": {"detector": "md_v5a"}, "detection_categories": CATEGORIES, **more}
    path.write_text(json.dumps({**content, "images": images}), encoding="utf-8")
    return path


def entry(file: str, *scores: float, **more: Any) -> dict[str, Any]:
    boxes = [{"category": "1", "conf": score, "bbox": [0.1, 0.2, 0.3, 0.4]} for score in scores]
    return {"file": file, "detections": boxes, **more}


def test_boxes_are_ordered_by_confidence_and_noise_is_left_out(tmp_path: Path) -> None:
    """The most confident comes first, with its edges; one below 0.05 does not count."""
    image = entry("a.jpg", 0.3, 0.9, 0.01)
    image["detections"][1]["bbox"] = [0.5, 0.5, 0.5, 0.25]
    found = read_detections(write(tmp_path / "md.json", [image]), ["a.jpg"])
    first, second = found.boxes("a.jpg")
    assert (first.left, first.top, first.width, first.height) == (0.5, 0.5, 0.5, 0.25)
    assert (first.score, first.status, second.score) == (0.9, "detector", 0.3)


@pytest.mark.parametrize(
    "image",
    [
        pytest.param({"file": "a.jpg", "detections": [], "max_detection_conf": 0.0}, id="1.0"),
        pytest.param({"file": "a.jpg", "detections": None, "failure": "broken"}, id="1.2"),
        pytest.param({"file": "a.jpg", "failure": "broken"}, id="1.3"),
        pytest.param(entry("a.jpg", 0.5, max_detection_conf=0.5, width=10, height=9), id="1.4"),
        pytest.param(
            {
                "file": "a.jpg",
                "detections": [
                    {
                        "category": 2,
                        "conf": 0.5,
                        "bbox": [0, 0, 1, 1],
                        "classifications": [["3", 0.4]],
                    }
                ],
            },
            id="1.6",
        ),
    ],
)
def test_every_version_of_the_format_is_read(tmp_path: Path, image: dict[str, Any]) -> None:
    """Entries with and without detections, failures and classifications end no reading."""
    path = write(tmp_path / "md.json", [image, entry("b.jpg", 0.6)])
    found = read_detections(path, ["a.jpg", "b.jpg"])
    expected = [0.5] if image.get("detections") else []
    assert [box.score for box in found.boxes("a.jpg")] == expected
    assert [box.score for box in found.boxes("b.jpg")] == [0.6]
    assert any("failed on 1 image" in note for note in found.notes) == ("failure" in image)


def test_the_order_of_the_parts_does_not_matter(tmp_path: Path) -> None:
    """Categories and the detector's name may follow the images."""
    path = tmp_path / "md.json"
    content = {
        "images": [entry("a.jpg", 0.5)],
        "detection_categories": CATEGORIES,
        "info": {"detector": "md_v5b"},
    }
    path.write_text(json.dumps(content, indent=1), encoding="utf-8-sig")
    found = read_detections(path, ["a.jpg"])
    assert found.detector == "md_v5b"
    assert len(found) == 1


@pytest.mark.parametrize(
    "box",
    [
        {"bbox": [0.1, 0.1, 0.2], "conf": 0.9},
        {"bbox": [0.1, 0.1, 0.2, 1.7], "conf": 0.9},
        {"bbox": [0.1, 0.1, 0.0, 0.2], "conf": 0.9},
        {"bbox": [0.1, 0.1, float("nan"), 0.2], "conf": 0.9},
        {"bbox": [0.1, 0.1, "0.2", 0.2], "conf": 0.9},
        {"bbox": [0.1, 0.1, 0.2, 0.2], "conf": 1.5},
        {"bbox": [0.1, 0.1, 0.2, 0.2]},
        {"bbox": [True, 0.1, 0.2, 0.2], "conf": 0.9},
        {"bbox": [10**400, 0.1, 0.2, 0.2], "conf": 0.9},
        "box",
    ],
)
def test_an_impossible_box_is_counted_and_left_out(tmp_path: Path, box: Any) -> None:
    """The others of its image stay, and a note names the image."""
    image = entry("a.jpg", 0.4)
    image["detections"].append(box)
    found = read_detections(write(tmp_path / "md.json", [image]), ["a.jpg"])
    assert [one.score for one in found.boxes("a.jpg")] == [0.4]
    assert "1 detection left out" in found.notes[-1]
    assert "a.jpg" in found.notes[-1]


def test_a_box_slightly_beyond_the_frame_ends_at_its_edge(tmp_path: Path) -> None:
    """Rounding makes no box impossible."""
    image = entry("a.jpg", 0.4)
    image["detections"][0]["bbox"] = [-0.001, 0.5, 0.5, 0.5009]
    (box,) = read_detections(write(tmp_path / "md.json", [image]), ["a.jpg"]).boxes("a.jpg")
    assert (box.left, box.top + box.height) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is not valid JSON"),
        ("[1]", "is not valid JSON"),
        ("{}", "holds no MegaDetector results"),
        ('{"images": 3, "detection_categories": {}}', "images is no array"),
        ('{"images": [], "info": {}}', "holds no MegaDetector results"),
        ('{"images": [{"file": "a.jpg", ', "is not valid JSON"),
        ('{"images": [' + "[" * 100_000, "nested too deeply"),
        ('{"images": [], "detection_categories": {}} x', "something follows"),
    ],
)
def test_other_files_are_explained(tmp_path: Path, content: str, words: str) -> None:
    """What holds no results, or only the begin of them, is one sentence."""
    path = tmp_path / "md.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputDataError, match=words):
        read_detections(path, ["a.jpg"])


def test_bytes_that_are_no_text_are_explained(tmp_path: Path) -> None:
    """A file in no encoding of text is no JSON."""
    path = tmp_path / "md.json"
    path.write_bytes(b'{"images": ["\xff\xfe\x80"]}')
    with pytest.raises(InputDataError, match="no text in UTF-8"):
        read_detections(path, ["a.jpg"])


def test_a_missing_file_is_explained(tmp_path: Path) -> None:
    """A folder is no file either."""
    with pytest.raises(MissingInputError, match="There is no file"):
        read_detections(tmp_path, ["a.jpg"])


def test_results_of_other_images_are_an_error_with_an_example_of_each(tmp_path: Path) -> None:
    """People see how the paths differ."""
    path = write(tmp_path / "md.json", [entry("x/cam9/other.jpg", 0.5)])
    with pytest.raises(InputDataError, match=r"such as x/cam9/other\.jpg.*such as cam1/a\.jpg"):
        read_detections(path, ["cam1/a.jpg"])


def test_a_large_file_is_read_in_little_memory(tmp_path: Path) -> None:
    """Of 20,000 images, less is held than the file is large."""
    images = [entry(f"cam{n % 50}/IMG_{n:05}.JPG", 0.9, 0.3, 0.01) for n in range(20_000)]
    path = write(tmp_path / "md.json", images)
    names = [image["file"] for image in images[:100]]
    del images
    tracemalloc.start()
    found = read_detections(path, names)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found) == len(names)
    assert peak < 2 * path.stat().st_size
