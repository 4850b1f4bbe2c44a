"""Copies of images on which people are blurred."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PIL import Image

from autofocus.boxes.box import Box
from autofocus.boxes.prepared import rows_of
from autofocus.errors import OutputConflictError, RejectedImageError
from autofocus.images.encoding import encode_image
from autofocus.images.names import IMAGE_FORMATS
from autofocus.images.preparing import Preparation
from autofocus.images.reading import DecodedImage, read_image
from autofocus.runs import files
from autofocus.runs.items import process
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import LEDGER_NAME, Counts, Reason, Row, rejected
from autofocus.runs.making import Items
from autofocus.runs.products import OutputFile, Product
from autofocus.runs.workspace import HIDDEN, Workspace

NAME = "blur_people"
FOLDER = "people_blurred"
# Raised with every change that makes other copies of the same images.
RECIPE = 2
# The shorter side of the image whose enlargement is what is blurred: too few pixels for a face or
# a gait.
_SIDE = 8
# Around a box, so much more is blurred: limbs extend beyond boxes, and boxes are not exact. As
# shares of the box's longer side, and of the image's shorter side.
_MARGIN, _LEAST_MARGIN = 0.2, 0.03


def blurred_beside(predictions: Path, indir: Path) -> Path:
    """Return the folder of the blurred images of a table of predictions.

    It is `people_blurred` beside `predictions.csv`, and `<name>.people_blurred` beside any other
    table, as several may share a folder.

    Args:
        predictions: the table.
        indir: the folder of the images.

    Raises:
        OutputConflictError: it would lie among the images.
    """
    is_plain = predictions.stem == "predictions"
    folder = predictions.with_name(FOLDER if is_plain else f"{predictions.stem}.{FOLDER}")
    if files.inside(indir, folder):
        raise OutputConflictError(
            f"The blurred copies in {folder} would lie in {indir}, where they would be taken for "
            "images: give an --outpath outside."
        )
    return folder


def blur_images(
    indir: Path,
    people: Mapping[str, Sequence[Box]],
    outdir: Path,
    jobs: int,
    preparation: Preparation | None = None,
) -> Counts | None:
    """Write blurred copies of images, each under its relative path.

    Of the file, only date, time and camera are left; of an image without a box, coarse patches of
    colour. Copies of images that are not named any more are removed.

    Args:
        indir: the folder of the images.
        people: the boxes to blur, by the images' names in order; an image without a box is
            blurred as a whole.
        outdir: the folder to write to.
        jobs: the number of worker threads.
        preparation: how the images were preprocessed before boxes were found in them; None if
            they were used as they are.

    Returns:
        The counts of the ledger; None if there is nothing to do.

    Raises:
        OutputConflictError: the folder is in use, or holds another file in a copy's place.
    """
    if not (people or (outdir / HIDDEN / NAME).is_dir()):
        return None
    ledger = outdir / LEDGER_NAME
    with Workspace(outdir, NAME, {}, recipe=RECIPE) as workspace:
        copier = _Copier(indir, outdir, workspace.scratch, people, preparation)
        return process(copier.items(list(people)), workspace, ledger, jobs=jobs)


def blur(image: Image.Image, boxes: Sequence[Box] = ()) -> Image.Image:
    """Return a copy of the same size in which boxes consist of a few patches of colour.

    The patches are those of the whole image's blur, so that a box shows no more than it would if
    all was blurred.

    Args:
        image: of any size.
        boxes: what to blur; if there are none, all is blurred.
    """
    factor = _SIDE / min(image.size)
    small = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    patches = image.resize(small, Image.Resampling.BOX)
    blurred = patches.resize(image.size, Image.Resampling.BICUBIC)
    if not boxes:
        return blurred
    copy = image.copy()
    for box in boxes:
        edges = _with_margin(box, image.width, image.height)
        copy.paste(blurred.crop(edges), edges)
    return copy


def _with_margin(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """Return the edges of a box with its margin, in pixels: left, top, right and bottom."""
    longer = max(box.width * width, box.height * height)
    margin = max(_MARGIN * longer, _LEAST_MARGIN * min(width, height))
    return (
        max(0, math.floor(box.left * width - margin)),
        max(0, math.floor(box.top * height - margin)),
        min(width, math.ceil((box.left + box.width) * width + margin)),
        min(height, math.ceil((box.top + box.height) * height + margin)),
    )


@dataclass(frozen=True)
class _Copier:
    """Blurs one image."""

    indir: Path
    outdir: Path
    scratch: Path
    people: Mapping[str, Sequence[Box]]
    preparation: Preparation | None

    def items(self, names: Sequence[str]) -> Items[str]:
        """Return the images, and what to do with each."""
        return Items(
            names,
            name=str,
            work=self._work,
            is_whole=self._is_whole,
            outputs=lambda name: [self.outdir / _copy_name(name)],
            extra={"blurred": list},
        )

    def _is_whole(self, name: str, earlier: Outcome) -> bool:
        is_same = files.is_unchanged(self.indir / name, earlier.extra)
        return is_same and earlier.extra.get("blurred") == self._record(name)

    def _record(self, name: str) -> list[list[float]]:
        """Return what is remembered of the boxes of an image."""
        return [[box.left, box.top, box.width, box.height] for box in self.people[name]]

    def _work(self, name: str) -> Outcome | Product:
        path, copy = self.indir / name, _copy_name(name)
        try:
            stamp = files.stamp(path)
            decoded = read_image(path)
            blurred = blur(decoded.image, self._boxes(name, decoded))
            # Comments and profiles of the original, which Pillow would write again.
            blurred.info.clear()
            content = encode_image(blurred, decoded.capture, copy)
        except RejectedImageError as error:
            return Outcome(rejected(name, error.reason, error.detail))
        except FileNotFoundError:
            return Outcome(rejected(name, Reason.IMAGE_MISSING, "there is no such file"))
        final = self.outdir / copy
        unfinished = files.unfinished_path(final, self.scratch)
        files.write_bytes(unfinished, content)
        extra = {**stamp, "blurred": self._record(name)}
        return Product(Outcome(Row(name, output=copy), extra), (OutputFile(final, unfinished),))

    def _boxes(self, name: str, decoded: DecodedImage) -> list[Box]:
        """Return the boxes in an image, from which nothing was cropped here."""
        boxes = list(self.people[name])
        if self.preparation is None:
            return boxes
        make = decoded.capture.camera_make
        rows = rows_of(self.preparation, make, decoded.width, decoded.height)
        return [rows.original(box) for box in boxes]


def _copy_name(name: str) -> str:
    """Return the name of a copy: that of the image, with another ending if it can't be written."""
    is_writable = PurePosixPath(name).suffix.lower() in IMAGE_FORMATS
    return name if is_writable else f"{name}.jpg"
