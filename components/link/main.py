"""The program inside the image: select the labels that each image is trained on."""

import json
import shutil
from typing import Any

from autofocus.containers.task import Task, main
from autofocus.link_images_by_label import NAME, LinkResult, link_images_by_label
from autofocus.link_settings import LinkSettings


def link(task: Task) -> LinkResult:
    """Write the table of links, without any link."""
    table = task.folder / "detections_clean.csv"
    shutil.copyfile(task.input("detections_clean"), table)
    settings: dict[str, Any] = {"links_only": True}
    if labelmap := task.parameter("labelmap", {}):
        path = task.folder / "labelmap.json"
        path.write_text(json.dumps(labelmap), encoding="utf-8")
        settings["labelmap_path"] = str(path)
    if rules := task.parameter("label_priority", []):
        path = task.folder / "label_priority.txt"
        path.write_text("\n".join(map(str, rules)), encoding="utf-8")
        settings["label_priority_path"] = str(path)
    result = link_images_by_label(
        table, task.folder / "links", task.settings(LinkSettings, **settings)
    )
    task.output("links", result.links)
    return result


if __name__ == "__main__":
    raise SystemExit(main(NAME, link))
