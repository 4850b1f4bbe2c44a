"""A folder of prepared images with a table of links, for tests of embeddings."""

import csv
import json
import shutil
from pathlib import Path

from autofocus.images.preparing import Preparation
from tests.features.pictures import COLOURS, make_picture

CAMERAS, EACH = 6, 6


def make_prepared(folder: Path) -> Path:
    """Make `preprocessed`, six cameras with images of all classes, and `links` to most of them.

    The last image of each camera has no label, and is no more than a frame beside the others.
    """
    images, links = folder / "preprocessed", folder / "links"
    links.mkdir(parents=True)
    labels = tuple(COLOURS)
    rows = []
    for camera in range(CAMERAS):
        for number in range(EACH):
            label, name = labels[(camera + number) % len(labels)], f"cam{camera}/{number}.JPG"
            make_picture(images / name, label, 100 * camera + number)
            if number < EACH - 1:
                rows.append((f"../preprocessed/{name}", label, f"{label}/{camera}-{number}.JPG"))
    for place in (images, links):
        (place / "preparation.json").write_text(json.dumps(Preparation(0, 0, 48).to_json()))
    (images / "image_properties.csv").write_text("filepath\n")
    with (links / "links.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("filepath", "label", "link"), *rows])
    for filepath, _, link in rows:
        (links / link).parent.mkdir(exist_ok=True)
        (links / link).symlink_to(f"../{filepath}")
    return folder


def split_prepared(folder: Path, number: int) -> list[Path]:
    """Copy the cameras of `preprocessed` into as many shards."""
    shards = [folder / f"shard{each}" for each in range(number)]
    for shard in shards:
        shard.mkdir()
        shutil.copyfile(folder / "preprocessed/preparation.json", shard / "preparation.json")
    for camera in range(CAMERAS):
        source = folder / "preprocessed" / f"cam{camera}"
        shutil.copytree(source, shards[camera % number] / source.name)
    return shards
