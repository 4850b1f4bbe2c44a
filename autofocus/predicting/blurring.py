"""Copies of images on which nobody can be recognised."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PIL import Image

from autofocus.errors import OutputConflictError, RejectedImageError
from autofocus.images.encoding import encode_image
from autofocus.images.names import IMAGE_FORMATS
from autofocus.images.reading import read_image
from autofocus.runs import files
from autofocus.runs.items import Items, process
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import LEDGER_NAME, Counts, Reason, Row, rejected
from autofocus.runs.products import OutputFile, Product
from autofocus.runs.workspace import HIDDEN, Workspace

NAME = "blur_people"
FOLDER = "people_blurred"
# Raised with every change that makes other copies of the same images.
RECIPE = 1
# The shorter side of the image whose enlargement is the copy: too few pixels for a face or a gait.
_SIDE = 8


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


def blur_images(indir: Path, names: Sequence[str], outdir: Path, jobs: int) -> Counts | None:
    """Write blurred copies of images, each under its relative path.

    Nothing is left in the copies but date, time, camera and coarse patches of colour. Copies of
    images that are not named any more are removed.

    Args:
        indir: the folder of the images.
        names: of the images, sorted.
        outdir: the folder to write to.
        jobs: the number of worker threads.

    Returns:
        The counts of the ledger; None if there is nothing to do.

    Raises:
        OutputConflictError: the folder is in use, or holds another file in a copy's place.
    """
    if not (names or (outdir / HIDDEN / NAME).is_dir()):
        return None
    ledger = outdir / LEDGER_NAME
    with Workspace(outdir, NAME, {}, recipe=RECIPE) as workspace:
        copier = _Copier(indir, outdir, workspace.scratch)
        return process(copier.items(names), workspace, ledger, jobs=jobs)


def blur(image: Image.Image) -> Image.Image:
    """Return a copy of the same size that consists of a few patches of colour."""
    factor = _SIDE / min(image.size)
    small = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(small, Image.Resampling.BOX).resize(image.size, Image.Resampling.BICUBIC)


@dataclass(frozen=True)
class _Copier:
    """Blurs one image."""

    indir: Path
    outdir: Path
    scratch: Path

    def items(self, names: Sequence[str]) -> Items[str]:
        """Return the images, and what to do with each."""
        return Items(
            names,
            name=str,
            work=self._work,
            is_whole=lambda name, earlier: files.is_unchanged(self.indir / name, earlier.extra),
            outputs=lambda name: [self.outdir / _copy_name(name)],
        )

    def _work(self, name: str) -> Outcome | Product:
        path, copy = self.indir / name, _copy_name(name)
        try:
            stamp = files.stamp(path)
            decoded = read_image(path)
            content = encode_image(blur(decoded.image), decoded.capture, copy)
        except RejectedImageError as error:
            return Outcome(rejected(name, error.reason, error.detail))
        except FileNotFoundError:
            return Outcome(rejected(name, Reason.IMAGE_MISSING, "there is no such file"))
        final = self.outdir / copy
        unfinished = files.unfinished_path(final, self.scratch)
        files.write_bytes(unfinished, content)
        return Product(
            Outcome(Row(name, output=copy), dict(stamp)), (OutputFile(final, unfinished),)
        )


def _copy_name(name: str) -> str:
    """Return the name of a copy: that of the image, with another ending if it can't be written."""
    is_writable = PurePosixPath(name).suffix.lower() in IMAGE_FORMATS
    return name if is_writable else f"{name}.jpg"
