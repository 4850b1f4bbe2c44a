"""What tests of the stage link_images_by_label have in common: making and reading links."""

import csv
from pathlib import Path

from autofocus.link_images_by_label import LinkResult, link_images_by_label
from autofocus.link_settings import LinkSettings


def link(folder: Path, *labels: tuple[str, str], **options: object) -> LinkResult:
    """Link photographs given as path and label; their files are made."""
    lines = ["filepath,label\n"]
    for name, label in labels:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        lines.append(f"{name},{label}\n")
    (folder / "labels.csv").write_text("".join(lines))
    return again(folder, **options)


def again(folder: Path, **options: object) -> LinkResult:
    settings = LinkSettings(**{"max_rejected": 1.0, **options})  # type: ignore[arg-type]
    return link_images_by_label(folder / "labels.csv", folder / "links", settings)


def links(folder: Path) -> dict[str, str]:
    """Return each link below a folder and the content that it leads to."""
    found = sorted(path for path in folder.rglob("*") if path.is_symlink())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found}


def ledger(folder: Path) -> list[dict[str, str]]:
    with (folder / "links" / "ledger.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
