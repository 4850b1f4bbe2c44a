"""The headings of tables: which column plays which role.

Case, blanks, underscores and hyphens make no difference, so that `Image Date` is `ImageDate`.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from autofocus.errors import InputDataError, SettingError
from autofocus.runs.spelling import fold_name
from autofocus.runs.wording import listed, shown

# The roles that `--columns` can give to a column.
PATH, LABEL, DATE, LOCATION, SEQUENCE, COUNT, SOURCE = ROLES = (
    "path", "label", "date", "location", "sequence", "count", "source",
)  # fmt: skip
# Roles that are only detected: the parts of a path, and the time beside a date.
FOLDER, NAME, TIME = "folder", "name", "time"
# Whether a row replaces all other labels of its image.
CORRECTION = "correction"
_SEVERAL = (PATH, LABEL, DATE)

# Headings as `heading_key` writes them, the most telling first.
_HEADINGS = {
    PATH: (
        "filepath", "path", "imagepath", "filename", "file", "image", "imagename", "imagefile",
        "photo", "photopath", "img", "media", "mediapath", "original",
    ),
    FOLDER: ("filepath", "relativepath", "directory", "folder", "dir", "folderpath", "path"),
    NAME: ("filename", "file", "imagename", "imagefile", "image"),
    LABEL: (
        "shortname", "label", "labels", "species", "commonname", "class", "category", "tag",
        "tags", "animal", "speciesname", "scientificname", "taxon", "classification",
    ),
    DATE: (
        "imagedate", "date", "datetime", "datetimeoriginal", "timestamp", "datetaken",
        "capturedate", "eventdate", "photodate", "captured",
    ),
    TIME: ("time", "imagetime", "capturetime", "phototime"),
    LOCATION: (
        "location", "site", "station", "locationid", "locationname", "siteid", "sitename",
        "stationid", "camerasite", "deployment", "deploymentid", "place",
    ),
    SEQUENCE: ("sequence", "seqid", "sequenceid", "seq", "burst", "burstid"),
    COUNT: ("count", "numberofobjects", "individuals", "nindividuals", "groupsize"),
    SOURCE: ("source", "labelledby", "classificationmethod"),
    CORRECTION: ("correction",),
}  # fmt: skip


def heading_key(heading: str) -> str:
    """Return what two spellings of the same heading have in common."""
    return re.sub(r"[\s_.:-]+", "", fold_name(heading))


def find_column(columns: Sequence[str], heading: str) -> str | None:
    """Return the column of this name, if not in this spelling then in another."""
    if heading in columns:
        return heading
    key = heading_key(heading)
    return next((column for column in columns if heading_key(column) == key), None)


def require_column(columns: Sequence[str], heading: str, path: Path) -> str:
    """Return the column of this name.

    Raises:
        InputDataError: there is none.
    """
    column = find_column(columns, heading)
    if column is None:
        raise InputDataError(
            f"{path} lacks the column {shown(heading)}; it has {listed(filter(None, columns))}."
        )
    return column


def guess_column(
    columns: Sequence[str], role: str, without: Iterable[str | None] = ()
) -> str | None:
    """Return the column that by its heading plays a role.

    Args:
        columns: all columns of the table.
        role: the role.
        without: columns that play another role already.
    """
    taken = set(without)
    keys: dict[str, str] = {}
    for column in columns:
        if column not in taken:
            keys.setdefault(heading_key(column), column)
    return next((keys[key] for key in _HEADINGS[role] if key in keys), None)


def parse_columns(pairs: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the columns of each role from texts such as `label=Species`.

    Raises:
        SettingError: a text is no such pair, the role is unknown, or it is given too often.
    """
    roles: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        role, _, column = (part.strip() for part in pair.partition("="))
        role = role.lower()
        if role not in ROLES or not column:
            raise SettingError(
                f"columns: {shown(pair)!r} must be a role and a column, such as label=Species; "
                f"the roles are {', '.join(ROLES)}."
            )
        if role in roles and role not in _SEVERAL:
            raise SettingError(f"columns: {role} is given twice.")
        roles[role] = (*roles.get(role, ()), column)
    return roles
