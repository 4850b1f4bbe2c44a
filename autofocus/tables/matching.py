"""Which image a detection is of: by its path, as the disk or the folder of the images has it."""

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autofocus.runs.wording import plural, shown
from autofocus.tables.columns import CORRECTION
from autofocus.tables.detections import count_matches, image_paths
from autofocus.tables.image_rows import FILE, IMAGE, NUMBER
from autofocus.tables.records import DETAIL, ROW, DetectionTable
from autofocus.tables.texts import blank_column, fold_paths, put, to_column
from autofocus.tables.videos import repeat_for_frames

if TYPE_CHECKING:
    import polars as pl

# So much of a path is repeated in the ledger.
_SHOWN_PATH = 300


def match_tables(
    read: Sequence[DetectionTable],
    images: "pl.Series",
    frames: dict[str, list[str]],
    strip_components: int,
) -> "tuple[pl.DataFrame, list[str]]":
    """Return the detections of all tables with their images, and notes.

    If no image matches a table, another number of components is removed from its paths.

    Args:
        read: the tables.
        images: their paths relative to the image folder, unique.
        frames: the frames of each video; see `videos.frames_by_video`.
        strip_components: the number of components to remove from the paths.
    """
    # Corrections name images as they are.
    numbers = [0 if CORRECTION in table.frame.columns else strip_components for table in read]
    rows = _match(read, images, frames, numbers)
    found = set(rows.filter(rows[NUMBER] >= 0)[FILE].unique().to_list())
    lost = [
        place
        for place, table in enumerate(read)
        if len(table.frame) and CORRECTION not in table.frame.columns and place not in found
    ]
    if not lost:
        return rows, []
    known = {*fold_paths(images), *frames}
    notes = []
    for place in lost:
        best = _strip_another(read[place], known)
        if best is not None:
            numbers[place] = best
            notes.append(
                f"{read[place].path.name}: {plural(best, 'component')} of its paths removed, as "
                f"with strip_components = {strip_components} no image matches"
            )
    return (_match(read, images, frames, numbers) if notes else rows), notes


def _match(
    read: Sequence[DetectionTable],
    images: "pl.Series",
    frames: dict[str, list[str]],
    numbers: Sequence[int],
) -> "pl.DataFrame":
    """Return the detections with their images, given how many components each table removes."""
    import polars as pl

    tables = [
        table.frame.with_columns(
            image_paths(table.frame, number).alias(IMAGE),
            pl.lit(place, dtype=pl.UInt32).alias(FILE),
        )
        for place, (table, number) in enumerate(zip(read, numbers, strict=True))
    ]
    if len({str(table[ROW].dtype) for table in tables}) > 1:
        tables = [table.with_columns(pl.col(ROW).cast(pl.String)) for table in tables]
    rows = pl.concat(tables, how="diagonal")
    # A table without a column, such as the location, says nothing of it. Columns that stay as they
    # are need no memory if all cells are the same.
    lacking = [name for name, (number,) in rows.null_count().to_dict().items() if number]
    rows = rows.with_columns(pl.col(lacking).fill_null(""))
    return match_images(repeat_for_frames(rows, IMAGE, frames), images)


def match_images(rows: "pl.DataFrame", images: "pl.Series") -> "pl.DataFrame":
    """Find each row's image by its exact path, else by one of another spelling.

    Adds the column `number`, the image's position among all (-1 for none); `image` stays where
    there is none.

    Args:
        rows: the columns `image` and `detail`.
        images: their paths relative to the image folder, unique.
    """
    import polars as pl

    numbers = _find(images, rows[IMAGE])
    if not (lost := (numbers < 0).arg_true()).is_empty():
        wanted = rows[IMAGE].gather(lost)
        folded = fold_paths(images)
        alone = (~folded.is_duplicated()).arg_true()
        places = _find(folded.gather(alone), fold_paths(wanted))
        found = places >= 0
        lost, wanted = lost.filter(found), wanted.filter(found)
        others = alone.gather(places.filter(found))
        details = [_difference(*pair) for pair in zip(wanted, images.gather(others), strict=True)]
        rows = rows.with_columns(put(rows[DETAIL], lost, to_column(details)))
        numbers = put(numbers, lost, others.cast(pl.Int32))
    # The paths of found images are those of the images.
    lost = (numbers < 0).arg_true()
    missing = put(blank_column(IMAGE, len(rows)), lost, rows[IMAGE].gather(lost))
    return rows.with_columns(
        numbers.alias(NUMBER), missing if len(lost) else pl.lit("").alias(IMAGE)
    )


def _find(known: "pl.Series", wanted: "pl.Series") -> "pl.Series":
    """Return the position of each wanted text among known ones, which are unique; -1 for none."""
    # Hashes take less time and memory than texts. That two texts have the same one is unlikely.
    numbers = _find_hashes(known.hash().to_numpy(), wanted.hash().to_numpy())
    if numbers is not None:
        found = numbers >= 0
        # A filter that keeps all would only copy them.
        some, theirs = numbers, wanted
        if not found.all():
            some, theirs = numbers.filter(found), wanted.filter(found)
        if (known.gather(some) == theirs).all():
            return numbers
    return _find_same(known, wanted)


def _find_hashes(known: NDArray[np.uint64], wanted: NDArray[np.uint64]) -> "pl.Series | None":
    """Return the position of each wanted hash, -1 for none; None if a known one is repeated.

    Sorted numbers are found in each other in less time and memory than by a join.
    """
    import polars as pl

    if not len(known):
        return pl.Series(np.full(len(wanted), -1, np.int32))
    order = np.argsort(known)
    known = known[order]
    if (known[1:] == known[:-1]).any():
        return None
    turn = np.argsort(wanted)
    wanted = wanted[turn]
    places = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    numbers = np.empty(len(wanted), np.int32)
    numbers[turn] = np.where(known[places] == wanted, order[places], -1)
    return pl.Series(numbers)


def _find_same(known: "pl.Series", wanted: "pl.Series") -> "pl.Series":
    import polars as pl

    there = pl.DataFrame({IMAGE: known, NUMBER: np.arange(len(known), dtype=np.int32)})
    found = wanted.alias(IMAGE).to_frame().join(there, IMAGE, how="left", maintain_order="left")
    return found[NUMBER].fill_null(-1)


def _difference(wanted: str, there: str) -> str:
    wanted_form, form = (unicodedata.normalize("NFC", path).casefold() for path in (wanted, there))
    if wanted.casefold() == there.casefold():
        ignored = "case"
    else:
        ignored = (
            "case and Unicode form" if wanted_form == form else "case, blanks and Unicode form"
        )
    return f"found by ignoring {ignored}: {shown(wanted, _SHOWN_PATH)}"


def _strip_another(table: DetectionTable, known: set[str]) -> int | None:
    """Return the number of components to remove with which most images match; None for no such.

    The paths of a table in the form of 2018 begin with a disk, and their folders are known. There
    most rows must match, each with its folder: the same name in another folder is another image.
    """
    if table.is_standard:
        known = {path for path in known if "/" in path}
    counts = count_matches(table.frame, known)
    best = max(counts, key=lambda number: counts[number])
    if counts[best] <= (len(table.frame) / 2 if table.is_standard else 0):
        return None
    return best
