"""Making links to photographs, one folder a label."""

import re
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

from autofocus.errors import InputDataError
from autofocus.images.names import PREPARATION_NAME
from autofocus.labels.choosing import Choice
from autofocus.labels.folders import label_to_folder, link_name
from autofocus.runs import files
from autofocus.runs.items import Items
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Reason, Row, rejected
from autofocus.runs.workspace import HIDDEN
from autofocus.tables.links import read_links

# What `link_name` puts behind a file's own name.
_OURS = re.compile(r"-[0-9a-f]{10}(\.[^.]*)?$")


class Making(Enum):
    """What is made of a photograph in the folder of its label."""

    LINKS = "links"
    COPIES = "copies"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Linker:
    """Links photographs, or copies them, or only says how they would be linked.

    Attributes:
        table_folder: the folder that paths in the table are relative to.
        outdir: the folder that holds a folder for each label.
        scratch: a folder for unfinished files.
        making: what to make; for nothing, the photographs need not be there.
    """

    table_folder: Path
    outdir: Path
    scratch: Path
    making: Making = Making.LINKS

    def items(self, choices: Sequence[Choice]) -> Items[Choice]:
        """Return the photographs, and what to do with each.

        The outcomes' extra values are `filepath` (relative to `outdir`), `labels` and `links`.
        """
        return Items(choices, lambda choice: choice.filepath, self._work, self._is_whole)

    def image(self, choice: Choice) -> Path:
        """Return where a photograph is."""
        return self.table_folder / choice.filepath

    def _links(self, choice: Choice) -> list[str]:
        name = link_name(choice.filepath)
        return [f"{label_to_folder(label)}/{name}" for label in choice.labels]

    def _work(self, choice: Choice) -> Outcome:
        if choice.reason is not None:
            return Outcome(rejected(choice.filepath, choice.reason, choice.detail))
        image = self.image(choice)
        if self.making is not Making.NOTHING and not image.is_file():
            detail = f"there is no file {choice.filepath} beside the table"
            return Outcome(rejected(choice.filepath, Reason.IMAGE_MISSING, detail))
        links = self._links(choice)
        for link in links:
            self._make(image, self.outdir / link)
        extra = {
            "filepath": files.relative_to_folder(_real(image), _real_folder(self.outdir)),
            "labels": list(choice.labels),
            "links": links,
            "location": choice.location,
        }
        row = Row(choice.filepath, detail=choice.detail, output="; ".join(links))
        return Outcome(row, extra)

    def _make(self, image: Path, link: Path) -> None:
        if self.making is Making.NOTHING:
            return
        if self.making is Making.COPIES:
            with files.whole_file(link, self.scratch) as unfinished:
                shutil.copyfile(image, unfinished)
            return
        target = _target(image, link)
        try:
            link.symlink_to(target)
        except FileNotFoundError:
            link.parent.mkdir(parents=True, exist_ok=True)
            self._make(image, link)
        except FileExistsError:
            with files.whole_file(link, self.scratch) as unfinished:
                unfinished.unlink(missing_ok=True)
                unfinished.symlink_to(target)

    def _is_whole(self, choice: Choice, earlier: Outcome) -> bool:
        links = self._links(choice)
        image = self.image(choice)
        if choice.reason is not None or earlier.extra.get("links") != links:
            return False
        if earlier.row.detail != choice.detail or earlier.extra.get("location") != choice.location:
            return False
        if self.making is Making.NOTHING:
            return True
        if not image.is_file():
            return False
        return all(self._stands(image, self.outdir / link) for link in links)

    def _stands(self, image: Path, link: Path) -> bool:
        if self.making is Making.LINKS:
            return link.is_symlink() and link.readlink().as_posix() == _target(image, link)
        if link.is_symlink() or not link.is_file():
            return False
        before, after = image.stat(), link.stat()
        return before.st_size == after.st_size and before.st_mtime_ns <= after.st_mtime_ns


@cache
def _real_folder(folder: Path) -> Path:
    """Follow the links of a folder's path; many photographs share one."""
    return folder.resolve()


def _real(image: Path) -> Path:
    return _real_folder(image.parent) / image.name


def _target(image: Path, link: Path) -> str:
    """Return what a relative link must say."""
    return files.relative_to_folder(_real(image), _real_folder(link.parent))


def make_links(table: Path) -> int:
    """Make the links that a table of links names, in the folder that holds it.

    Args:
        table: `links.csv`, as `link_images_by_label` wrote it.

    Returns:
        How many links there are.

    Raises:
        InputDataError: it is another table, or a photograph is not where it says.
    """
    folder, number = table.parent, 0
    for row in read_links(table):
        filepath = row.filepath
        image, link = folder / filepath, folder / row.link
        if not image.is_file():
            raise InputDataError(
                f"{filepath}, which {table.name} names, is not among the photographs: give "
                "those that the detections were joined to."
            )
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(_target(image, link))
        number += 1
    return number


def remove_stale(outdir: Path, wanted: Collection[str]) -> None:
    """Remove links that an earlier table asked for and this one does not.

    Only what bears a name of our making is removed, and label folders that this leaves empty.

    Args:
        outdir: the folder that holds a folder for each label.
        wanted: the links that are to stay, relative to `outdir`.
    """
    for folder in outdir.iterdir():
        if folder.name == HIDDEN or folder.is_symlink() or not folder.is_dir():
            continue
        for entry in folder.iterdir():
            if _OURS.search(entry.name) and f"{folder.name}/{entry.name}" not in wanted:
                entry.unlink()
        if not any(folder.iterdir()):
            folder.rmdir()


def common_preparation(linker: Linker, choices: Sequence[Choice]) -> str | None:
    """Return the text of the one `preparation.json` that all linked photographs have in common.

    It is looked for in the folders above each photograph; None where some lack one, or differ.
    """
    folders = {linker.image(choice).parent for choice in choices if choice.reason is None}
    found = {_preparation_above(folder) for folder in folders if folder.is_dir()}
    return found.pop() if len(found) == 1 else None


def _preparation_above(folder: Path) -> str | None:
    for place in (folder, *folder.resolve().parents):
        if (path := place / PREPARATION_NAME).is_file():
            return path.read_text(encoding="utf-8")
    return None
