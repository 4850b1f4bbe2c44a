"""Small files of other programs, as those write them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

COCO = {
    "info": {"version": "1.0", "description": "two images"},
    "images": [
        {
            "id": "a", "file_name": "s1/1.JPG", "location": "mill", "seq_id": "q1",
            "datetime": "2016-07-05 10:00:00", "width": 200, "height": 100,
        },
        {"id": "b", "file_name": "s1/2.JPG", "location": "mill", "seq_id": "q1"},
    ],
    "categories": [{"id": 0, "name": "empty"}, {"id": 1, "name": "deer"}],
    "annotations": [
        {"id": 7, "image_id": "a", "category_id": 1, "bbox": [20, 10, 40, 20]},
        {"id": 8, "image_id": "a", "category_id": 1, "bbox": [100, 50, 80, 40]},
        {"id": 9, "image_id": "b", "category_id": 0},
    ],
}  # fmt: skip

MEGADETECTOR = {
    "info": {"format_version": "1.4"},
    "detection_categories": {"1": "animal", "2": "person", "3": "vehicle"},
    "images": [
        {
            "file": "s1/1.JPG",
            "detections": [
                {"category": "1", "conf": 0.6, "bbox": [0.1, 0.2, 0.3, 0.4]},
                {"category": "1", "conf": 0.9, "bbox": [0.5, 0.5, 0.25, 0.25]},
                {"category": "2", "conf": 0.3, "bbox": [0, 0, 1, 1]},
            ],
        },
        {"file": "s1/2.JPG", "detections": [{"category": "1", "conf": 0.1, "bbox": [0, 0, 1, 1]}]},
        {"file": "s1/3.JPG", "failure": "Failure image access", "detections": None},
    ],
}

PACKAGE = {
    "datapackage.json": json.dumps(
        {
            "profile": "camtrap-dp-profile.json",
            "resources": [
                {"name": name, "path": f"{name}.csv"}
                for name in ("deployments", "media", "observations")
            ],
        }
    ),
    "deployments.csv": (
        "deploymentID,locationName,latitude,longitude\nd1,Mill,46.5,7.1\nd2,,46,7\n"
    ),
    "media.csv": (
        "mediaID,deploymentID,timestamp,filePath\n"
        "m1,d1,2020-01-01T10:00:00Z,media/d1/1.JPG\n"
        "m2,d1,2020-01-01T10:00:05Z,media/d1/2.JPG\n"
        "m3,d1,2020-01-01T11:00:00Z,media/d1/3.JPG\n"
        "m0,d1,2020-01-01T09:00:00Z,media/d1/0.JPG\n"
        "m4,d2,2020-01-01T10:00:00Z,https://example.org/media/d2/4.JPG\n"
    ),
    "observations.csv": (
        "observationID,deploymentID,mediaID,eventID,eventStart,eventEnd,observationLevel,"
        "observationType,scientificName,count,classificationMethod,classificationProbability,"
        "bboxX,bboxY,bboxWidth,bboxHeight\n"
        "o1,d1,m1,e1,2020-01-01T10:00:00Z,2020-01-01T10:00:00Z,media,animal,Vulpes vulpes,1,"
        "human,,0.1,0.2,0.3,0.4\n"
        "o2,d1,m1,e1,2020-01-01T10:00:00Z,2020-01-01T10:00:00Z,media,animal,Vulpes vulpes,2,"
        "human,,,,,\n"
        "o3,d1,,e1,2020-01-01T10:00:00Z,2020-01-01T10:01:00Z,event,human,Homo sapiens,,machine,"
        "0.8,,,,\n"
        "o4,d2,m4,,,,media,blank,,,machine,0.9,,,,\n"
    ),
}


def write_json(path: Path, content: Mapping[str, Any]) -> Path:
    """Write a JSON file."""
    path.write_text(json.dumps(content))
    return path


def write_package(folder: Path) -> Path:
    """Write a Camtrap DP into a folder."""
    folder.mkdir()
    for name, text in PACKAGE.items():
        (folder / name).write_text(text)
    return folder
