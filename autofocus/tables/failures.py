"""The error of a join without a result: what is wrong with the detections."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from autofocus.errors import InputDataError
from autofocus.runs.ledger import Reason
from autofocus.runs.spelling import fold_path
from autofocus.runs.wording import shown
from autofocus.tables.detections import count_matches
from autofocus.tables.image_rows import IMAGE, NUMBER
from autofocus.tables.join_ledger import REASONS, JoinLedger
from autofocus.tables.joining import Joined
from autofocus.tables.records import DATE_TEXT
from autofocus.tables.texts import fold_paths

if TYPE_CHECKING:
    import polars as pl

# How many folders of images are compared with the paths of detections, the largest first.
_FOLDERS = 10


def check_any(
    joined: Joined,
    match: Callable[[], "pl.DataFrame"],
    images: "pl.Series",
    image_dir: Path,
    strip_components: int,
) -> None:
    """Check that the result of a join isn't empty.

    Args:
        joined: the result.
        match: returns the detections with their images and the paths that tables give.
        images: the paths of the images, relative to their folder.
        image_dir: the folder of the images.
        strip_components: the number of components removed from the paths of the detections.

    Raises:
        InputDataError: it is empty; the message is the likely cause.
    """
    if len(joined.clean):
        return
    rows = match()
    if rows.is_empty() or images.is_empty():
        which, option_name = (
            ("detections", "--detections")
            if rows.is_empty()
            else ("properties", "--image-properties")
        )
        raise InputDataError(
            f"The table of {which} has no rows, so there is nothing to join: check {option_name}."
        )
    if not joined.ledger.count(Reason.IMAGE_MISSING):
        raise InputDataError(_describe_rejections(joined.ledger, rows))
    counts = count_matches(rows, set(fold_paths(images)))
    best = max(counts, key=lambda number: counts[number])
    if counts[best] and best != strip_components:
        raise InputDataError(
            f"No detection matches an image (0 of {len(rows)}). With --strip-components {best} "
            f"instead of {strip_components}, {counts[best]} match."
        )
    if folder := _find_folder(rows, images):
        raise InputDataError(
            f"No detection matches an image (0 of {len(rows)}), but the paths fit images below "
            f"{folder}: read the images from there (indir of preprocess_images)."
        )
    number = rows[NUMBER][0]
    missing = rows[IMAGE][0] if number < 0 else images[number]
    wanted, there = shown(missing, 300), shown(images[0], 300)
    raise InputDataError(
        f"No detection matches an image: for example, {wanted} does not exist in {image_dir}, "
        f"but {there} does. Check --image-dir, --image-properties and --strip-components "
        f"(now {strip_components})."
    )


def _find_folder(rows: "pl.DataFrame", images: "pl.Series") -> str:
    """Return the folder of images that the detections' paths begin below; empty if none does."""
    parents = (list(PurePosixPath(path).parents)[:-1] for path in images)
    folders = Counter(str(folder) for folders in parents for folder in folders)
    for folder, _ in folders.most_common(_FOLDERS):
        start = f"{folder}/"
        below = {fold_path(path.removeprefix(start)) for path in images if path.startswith(start)}
        counts = count_matches(rows, {path for path in below if "/" in path})
        if max(counts.values()) > len(rows) / 2:
            return folder
    return ""


def _describe_rejections(ledger: JoinLedger, rows: "pl.DataFrame") -> str:
    """Return why all detections are rejected, if it isn't for their images."""
    if ledger.count(Reason.BAD_DATE) == len(ledger):
        return (
            f"None of the {len(rows)} dates of the detections can be read, such as "
            f"{shown(rows[DATE_TEXT][0])!r}: write them as YYYY-MM-DD, or name their column "
            "with --columns date=COLUMN."
        )
    bad = REASONS.index(Reason.BAD_DATE.value)
    details = Counter(
        "no date that can be read" if reason == bad else detail
        for reason, detail in zip(ledger.reasons, ledger.details, strict=True)
    )
    why = ", ".join(f"{number} because {detail}" for detail, number in details.most_common(3))
    return f"No detection can be used: {why}. Correct the table, or name the right --columns."
