"""How the images to label are preprocessed."""

from collections.abc import Collection
from pathlib import Path

from autofocus.errors import InputDataError
from autofocus.images import trims
from autofocus.images.finding import find_images
from autofocus.images.names import PREPARATION_NAME
from autofocus.images.preparing import Preparation


def choose_preparation(
    expected: Preparation | None, indir: Path, photographs: str
) -> Preparation | None:
    """Return how to preprocess the images; None if they are preprocessed already.

    Args:
        expected: how the model's training images were preprocessed; None if unknown.
        indir: the folder of the images.
        photographs: `raw`, `preprocessed`, or `auto`: raw, unless the folder holds the file that
            says how its images were preprocessed.

    Raises:
        InputDataError: they were preprocessed in another way than the model's.
    """
    if photographs == "preprocessed" or expected is None:
        return None
    file = indir / PREPARATION_NAME
    if photographs == "raw" or not file.is_file():
        return expected
    actual = Preparation.from_file(file)
    if not actual.agrees_with(expected):
        raise InputDataError(
            f"The images in {indir} were preprocessed with {actual.to_json()}, and those of the "
            f"model with {expected.to_json()}: give the raw images, or preprocess them with the "
            "model's settings."
        )
    return None


def complete_preparation(
    preparation: Preparation | None, indir: Path, extensions: Collection[str], jobs: int
) -> tuple[Preparation | None, tuple[str, ...]]:
    """Detect the footers of cameras that the model has not seen, if it was trained that way.

    Args:
        preparation: how to preprocess the images; None if they are preprocessed already.
        indir: the folder of the images.
        extensions: of image files.
        jobs: the number of worker threads.

    Returns:
        The preparation, and notes for people.
    """
    if preparation is None or not preparation.is_auto:
        return preparation, ()
    # Of all images, so that every shard crops the same.
    names = find_images(indir, extensions, allow_empty=True)
    return trims.complete(preparation, trims.Source(indir), names, jobs)
