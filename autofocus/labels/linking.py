"""Links to images, in one folder per label."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from autofocus.errors import InputDataError
from autofocus.images.names import PREPARATION_NAME
from autofocus.labels.choosing import Choice
from autofocus.labels.folders import label_to_folder, link_name
from autofocus.runs import files
from autofocus.runs.items import Items
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Reason, Row, rejected
from autofocus.runs.products import OutputFile, Product
from autofocus.runs.spelling import find_spelled
from autofocus.runs.wording import shown
from autofocus.tables.links import read_links


class Making(Enum):
    """What is made of an image in the folder of its label."""

    LINKS = "links"
    COPIES = "copies"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Linker:
    """Links images, copies them, or only returns how they would be linked.

    Attributes:
        table_folder: the folder that paths in the table are relative to.
        outdir: the folder of the label folders.
        scratch: a folder for unfinished files.
        making: what to make; for nothing, the images need not exist.
    """

    table_folder: Path
    outdir: Path
    scratch: Path
    making: Making = Making.LINKS

    def items(self, choices: Sequence[Choice]) -> Items[Choice]:
        """Return the images, and what to do with each.

        The outcomes' extra values are `filepath` (relative to `outdir`), `labels`, `links` and
        `facts`.
        """
        return Items(
            choices,
            name=lambda choice: choice.filepath,
            work=self._work,
            is_whole=self._is_whole,
            outputs=self._outputs,
            extra={"filepath": str, "labels": list, "links": list, "facts": dict},
        )

    def image(self, choice: Choice) -> Path:
        """Return the path of an image, as it is spelled on the disk."""
        image = self.table_folder / choice.filepath
        if self.making is Making.NOTHING or image.is_file():
            return image
        return find_spelled(self.table_folder, choice.filepath) or image

    def _links(self, choice: Choice) -> list[str]:
        name = link_name(choice.filepath)
        return [f"{label_to_folder(label)}/{name}" for label in choice.labels]

    def _outputs(self, choice: Choice) -> list[Path]:
        if self.making is Making.NOTHING or choice.reason is not None:
            return []
        return [self.outdir / link for link in self._links(choice)]

    def _work(self, choice: Choice) -> Outcome | Product:
        if choice.reason is not None:
            return Outcome(rejected(choice.filepath, choice.reason, choice.detail))
        image = self.image(choice)
        if self.making is not Making.NOTHING and not image.is_file():
            detail = f"there is no file {shown(choice.filepath, 300)} beside the table"
            return Outcome(rejected(choice.filepath, Reason.IMAGE_MISSING, detail))
        links = self._links(choice)
        extra: dict[str, Any] = {
            "filepath": files.relative_to_folder(_real(image), _real_folder(self.outdir)),
            "labels": list(choice.labels),
            "links": links,
            "facts": dict(choice.facts),
        }
        if self.making is Making.COPIES:
            extra["original"] = files.stamp(image)
        row = Row(choice.filepath, detail=choice.detail, output="; ".join(links))
        made = tuple(self._make(image, path) for path in self._outputs(choice))
        return Product(Outcome(row, extra), made)

    def _make(self, image: Path, link: Path) -> OutputFile:
        unfinished = files.unfinished_path(link, self.scratch)
        if self.making is Making.COPIES:
            shutil.copyfile(image, unfinished)
        else:
            unfinished.unlink(missing_ok=True)
            unfinished.symlink_to(_target(image, link))
        return OutputFile(link, unfinished)

    def _is_whole(self, choice: Choice, earlier: Outcome) -> bool:
        extra = earlier.extra
        if choice.reason is not None or extra.get("links") != self._links(choice):
            return False
        if earlier.row.detail != choice.detail or extra.get("facts") != choice.facts:
            return False
        if self.making is Making.NOTHING:
            return True
        image = self.image(choice)
        if not image.is_file():
            return False
        if self.making is Making.COPIES:
            return files.is_unchanged(image, extra.get("original", {}))
        return all(_leads_to(image, link) for link in self._outputs(choice))


@cache
def _real_folder(folder: Path) -> Path:
    """Resolve a folder's path; many images share one."""
    return folder.resolve()


def _real(image: Path) -> Path:
    return _real_folder(image.parent) / image.name


def _leads_to(image: Path, link: Path) -> bool:
    return link.is_symlink() and link.readlink().as_posix() == _target(image, link)


def _target(image: Path, link: Path) -> str:
    """Return the target of a relative link."""
    return files.relative_to_folder(_real(image), _real_folder(link.parent))


def make_links(table: Path) -> int:
    """Make the links that a table of links lists, in the folder of the table.

    Args:
        table: `links.csv`, as `link_images_by_label` wrote it.

    Returns:
        The number of links.

    Raises:
        InputDataError: it is another table, or an image does not exist.
    """
    folder, number = table.parent, 0
    for row in read_links(table):
        filepath = row.filepath
        image, link = folder / filepath, folder / row.link
        if not image.is_file():
            raise InputDataError(
                f"{filepath}, which {table.name} lists, is not among the images: give the images "
                "that the detections were joined to."
            )
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(_target(image, link))
        number += 1
    return number


def common_preparation(linker: Linker, choices: Sequence[Choice]) -> str | None:
    """Return the text of `preparation.json` if it is the same for all linked images.

    It is read from the nearest folder above each image; None if one is missing, or two differ.
    """
    paths = (choice.filepath for choice in choices if choice.reason is None)
    folders = {(linker.table_folder / path).parent for path in paths}
    texts = {_preparation_above(folder) for folder in folders if folder.is_dir()}
    return texts.pop() if len(texts) == 1 else None


def _preparation_above(folder: Path) -> str | None:
    for above in (folder, *folder.resolve().parents):
        if (path := above / PREPARATION_NAME).is_file():
            return path.read_text(encoding="utf-8")
    return None
