"""Which image a detection is of: by its path, as the disk or the folder of the images has it."""

import unicodedata
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autofocus.runs.spelling import fold_path
from autofocus.runs.wording import plural, shown
from autofocus.tables.columns import CORRECTION
from autofocus.tables.detections import FILE, count_matches, image_paths
from autofocus.tables.image_rows import IMAGE, NUMBER
from autofocus.tables.records import DETAIL, DetectionTable
from autofocus.tables.videos import repeat_for_frames

if TYPE_CHECKING:
    import pandas as pd

# So much of a path is repeated in the ledger.
_SHOWN_PATH = 300


def match_tables(
    read: Sequence[DetectionTable],
    properties: "pd.DataFrame",
    frames: dict[str, list[str]],
    strip_components: int,
) -> "tuple[pd.DataFrame, list[str]]":
    """Return the detections of all tables with their images, and notes.

    If no image matches a table, another number of components is removed from its paths.

    Args:
        read: the tables; each gets the column `image`.
        properties: indexed by the image's path relative to the image folder, unique.
        frames: the frames of each video; see `videos.frames_by_video`.
        strip_components: the number of components to remove from the paths.
    """
    for table in read:
        # Corrections name images as they are.
        number = 0 if CORRECTION in table.frame else strip_components
        table.frame[IMAGE] = image_paths(table.frame, number)
    rows = _concatenate(read, properties, frames)
    best = rows[NUMBER].groupby(rows[FILE], sort=False).max()
    lost = [
        table
        for table in read
        if len(table.frame)
        and CORRECTION not in table.frame
        and best[table.frame[FILE].iloc[0]] < 0
    ]
    known = {fold_path(path) for path in chain(properties.index, frames)} if lost else set()
    notes = [note for table in lost for note in _strip_another(table, known, strip_components)]
    return _concatenate(read, properties, frames) if notes else rows, notes


def _concatenate(
    read: Sequence[DetectionTable], properties: "pd.DataFrame", frames: dict[str, list[str]]
) -> "pd.DataFrame":
    import pandas as pd

    rows = pd.concat([table.frame for table in read], ignore_index=True)
    if len(read) > 1:
        # A table without a column, such as the location, says nothing of it.
        rows = rows.fillna("")
    rows = repeat_for_frames(rows, IMAGE, frames)
    match_images(rows, properties)
    return rows


def match_images(rows: "pd.DataFrame", properties: "pd.DataFrame") -> None:
    """Find each row's image by its exact path, else by one of another spelling.

    Adds the column `number`, the image's position among the properties (-1 for none).

    Args:
        rows: the columns `image` and `detail`.
        properties: indexed by the image's path relative to the image folder, unique.
    """
    import pandas as pd

    # Python objects: looking up the strings of an Arrow array is many times slower.
    known = pd.Index(properties.index.to_numpy(dtype=object))
    numbers = known.get_indexer(pd.Index(rows[IMAGE].to_numpy(dtype=object)))
    if (lost := np.flatnonzero(numbers < 0)).size:
        numbers[lost] = _find_folded(known, rows[IMAGE].iloc[lost])
        found = lost[numbers[lost] >= 0]
        places = rows.index[found]
        spelled = known[numbers[found]].to_numpy()
        rows.loc[places, DETAIL] = [
            _difference(wanted, there)
            for wanted, there in zip(rows.loc[places, IMAGE], spelled, strict=True)
        ]
        rows.loc[places, IMAGE] = spelled
    rows[NUMBER] = numbers


def _difference(wanted: str, there: str) -> str:
    wanted_form, form = (unicodedata.normalize("NFC", path).casefold() for path in (wanted, there))
    if wanted.casefold() == there.casefold():
        ignored = "case"
    else:
        ignored = (
            "case and Unicode form" if wanted_form == form else "case, blanks and Unicode form"
        )
    return f"found by ignoring {ignored}: {shown(wanted, _SHOWN_PATH)}"


def _find_folded(known: "pd.Index[str]", wanted: "pd.Series[str]") -> NDArray[np.intp]:
    """Return the positions of paths of another spelling; -1 if none has one, or several do."""
    import pandas as pd

    folded = pd.Series(list(map(fold_path, known)), dtype=object)
    alone = folded[~folded.duplicated(keep=False)]
    places = pd.Index(alone.to_numpy()).get_indexer(
        pd.Index(np.array(list(map(fold_path, wanted)), dtype=object))
    )
    numbers = alone.index.to_numpy()
    return np.where(places < 0, -1, numbers[places] if len(numbers) else -1)


def _strip_another(table: DetectionTable, known: set[str], before: int) -> list[str]:
    """Remove the number of components with which most images match, and return a note.

    The paths of a table in the form of 2018 begin with a disk, and their folders are known. There
    most rows must match, each with its folder: the same name in another folder is another image.
    """
    if table.is_standard:
        known = {path for path in known if "/" in path}
    counts = count_matches(table.frame, known)
    best = max(counts, key=lambda number: counts[number])
    if counts[best] <= (len(table.frame) / 2 if table.is_standard else 0):
        return []
    table.frame[IMAGE] = image_paths(table.frame, best)
    note = (
        f"{table.path.name}: {plural(best, 'component')} of its paths removed, as with "
        f"strip_components = {before} no image matches"
    )
    return [note]
