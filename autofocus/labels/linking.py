"""Links to images, in one folder per label."""

import errno
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from autofocus.errors import InputDataError, OutputConflictError
from autofocus.images.names import PREPARATION_NAME
from autofocus.labels.choosing import Choice
from autofocus.labels.folders import label_to_folder, link_name
from autofocus.labels.image_folders import FoundImage, ImageFolders
from autofocus.runs import files
from autofocus.runs.blocks import Fingerprints
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Reason, Row, Status, rejected
from autofocus.runs.making import Items
from autofocus.runs.products import OutputFile, Product, link_mark, recorded
from autofocus.runs.wording import shown
from autofocus.tables.links import read_links

# So many links are recorded at once.
_GROUP = 500
# Of file systems that have no links, and of Windows where making them is not allowed.
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
# From so many characters on, a link's target is perhaps too long for the file system.
_LONG_TARGET = 200
_OK = Status.OK


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

    def items(self, choices: Sequence[Choice], labels: Iterable[str]) -> Items[Choice]:
        """Return the images, and what to do with each.

        The outcomes' extra values are `filepath` (relative to `outdir`), `labels`, `links` and
        `facts`.

        Args:
            choices: the decisions for all images.
            labels: all labels under which images are linked.
        """
        return Items(
            choices,
            name=lambda choice: choice.filepath,
            work=self._work,
            is_whole=self._is_whole,
            outputs=self._outputs,
            folders=[self.outdir / label_to_folder(label) for label in labels],
            group=1 if self.making is Making.COPIES else _GROUP,
            extra={"filepath": str, "labels": list, "links": list, "facts": dict},
            fingerprints=Fingerprints(
                version=self.making.value,
                present=self._state,
                past=_past_state,
                rejections=_DECIDED,
            ),
        )

    def _state(self, choice: Choice) -> str | None:
        """Return what decides how an image is linked; None if there is no such image."""
        if choice.reason is not None:
            return f"{choice.reason.value} {choice.detail}"
        image = self._folders.find(choice.filepath)
        if image is None:
            return None
        stamp = files.stamp_text(str(image.path)) if self.making is Making.COPIES else ""
        return _state(stamp, image.filepath, choice.labels, choice.detail, choice.facts)

    @cached_property
    def _folders(self) -> ImageFolders:
        return ImageFolders(
            self.table_folder, self.outdir, need_exist=self.making is not Making.NOTHING
        )

    def _outputs(self, choice: Choice) -> list[Path]:
        if self.making is Making.NOTHING or choice.reason is not None:
            return []
        return [self.outdir / link for link in _links(choice)]

    def _work(self, choice: Choice) -> Outcome | Product:
        filepath, labels, reason, detail, facts = choice
        if reason is not None:
            return Outcome(rejected(filepath, reason, detail))
        image = self._folders.find(filepath)
        if image is None:
            detail = f"there is no file {shown(filepath, 300)} beside the table"
            return Outcome(rejected(filepath, Reason.IMAGE_MISSING, detail))
        name, folders = link_name(filepath), _label_folders(labels)
        links = [f"{folder}/{name}" for folder in folders]
        extra: dict[str, Any] = {
            "filepath": image.filepath,
            "labels": list(labels),
            "links": links,
            "facts": dict(facts),
        }
        outcome = Outcome(Row(filepath, _OK, None, detail, "; ".join(links)), extra)
        if self.making is Making.LINKS:
            targets = map(image.from_folder, folders)
            return self._linked(outcome, dict(zip(links, targets, strict=True)))
        if self.making is Making.NOTHING:
            return Product(outcome)
        extra["original"] = files.stamp(image.path)
        return Product(outcome, tuple(self._copy(image, self.outdir / link) for link in links))

    def _linked(self, outcome: Outcome, targets: dict[str, str]) -> Product:
        """Return the product of an image that is linked.

        Args:
            outcome: of the image.
            targets: by the paths of the links.
        """
        if self._can_link and max(map(len, targets.values())) < _LONG_TARGET:
            return Product(outcome, (), targets)
        # Perhaps longer than the file system allows, which a trial tells.
        made = (self._link(target, self.outdir / link) for link, target in targets.items())
        return Product(outcome, tuple(made))

    @cached_property
    def _can_link(self) -> bool:
        """Whether links can be made, found out before any is recorded as made.

        Raises:
            OutputConflictError: they can't.
        """
        try:
            trial = files.unfinished_link(self.outdir / "trial", "trial", self.scratch)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            raise OutputConflictError(
                f"{self.outdir} can't hold symbolic links ({error.strerror}): choose an output on "
                "another file system, or copy the images (link_images_by_label --copy)."
            ) from None
        trial.unlink()
        return True

    def _copy(self, image: FoundImage, link: Path) -> OutputFile:
        unfinished = files.unfinished_path(link, self.scratch)
        shutil.copyfile(image.path, unfinished)
        return OutputFile(link, unfinished)

    def _link(self, target: str, link: Path) -> OutputFile:
        return OutputFile(link, files.unfinished_link(link, target, self.scratch))

    def _is_whole(self, choice: Choice, earlier: Outcome) -> bool:
        extra, links = earlier.extra, _links(choice)
        if choice.reason is not None or extra.get("links") != links:
            return False
        if earlier.row.detail != choice.detail or extra.get("facts") != choice.facts:
            return False
        if self.making is Making.NOTHING:
            return True
        image = self._folders.find(choice.filepath)
        if image is None:
            return False
        if self.making is Making.COPIES:
            return files.is_unchanged(image.path, extra.get("original", {}))
        # Whether the links still have these targets, the run checks by itself.
        folders = _label_folders(choice.labels)
        targets = map(link_mark, map(image.from_folder, folders))
        return recorded(earlier) == dict(zip(links, targets, strict=True))


# Why the table and the rules leave out an image, whatever lies on the disk.
_DECIDED = frozenset((Reason.NO_LABEL, Reason.CONFLICTING_LABELS, Reason.MISSING_FIELD))


def _past_state(outcome: Outcome) -> str:
    """Return the state of an image when it was linked; see `Linker`."""
    row, extra = outcome.row, outcome.extra
    if row.reason is not None:
        return f"{row.reason.value} {row.detail}"
    original = extra.get("original")
    stamp = files.text_of_stamp(original) if original else ""
    return _state(stamp, extra["filepath"], extra["labels"], row.detail, extra["facts"])


def _state(
    stamp: str, filepath: str, labels: Iterable[str], detail: str, facts: Mapping[str, str]
) -> str:
    return f"{stamp} {filepath} {list(labels)} {detail!r} {dict(facts)}"


def _links(choice: Choice) -> list[str]:
    name = link_name(choice.filepath)
    return [f"{folder}/{name}" for folder in _label_folders(choice.labels)]


@lru_cache(maxsize=4096)
def _label_folders(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the folders of labels; few sets of labels are those of many images."""
    return tuple(map(label_to_folder, labels))


def make_links(table: Path) -> int:
    """Make the links that a table of links lists, in the folder of the table.

    Args:
        table: `links.csv`, as `link_images_by_label` wrote it.

    Returns:
        The number of links.

    Raises:
        InputDataError: it is another table, or an image does not exist.
    """
    images, number = ImageFolders(table.parent, table.parent, need_exist=True), 0
    made: set[str] = set()
    for row in read_links(table):
        image, folder = images.find(row.filepath), row.link.rpartition("/")[0]
        if image is None:
            raise InputDataError(
                f"{row.filepath}, which {table.name} lists, is not among the images: give the "
                "images that the detections were joined to."
            )
        link = table.parent / row.link
        if folder not in made:
            link.parent.mkdir(parents=True, exist_ok=True)
            made.add(folder)
        link.symlink_to(image.from_folder(folder))
        number += 1
    return number


def common_preparation(folders: Iterable[Path]) -> str | None:
    """Return the text of `preparation.json` if it is the same for all images in some folders.

    It is read from the nearest folder above each image; None if one is missing, or two differ.
    """
    texts = {_preparation_above(folder) for folder in folders if folder.is_dir()}
    return texts.pop() if len(texts) == 1 else None


def _preparation_above(folder: Path) -> str | None:
    for above in (folder, *folder.resolve().parents):
        if (path := above / PREPARATION_NAME).is_file():
            return path.read_text(encoding="utf-8")
    return None
