"""The originals of preprocessed images that a table lists."""

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from sys import intern

from autofocus.images.names import PREPARATION_NAME
from autofocus.runs.cameras import camera_folder
from autofocus.tables.columns import PROPERTIES_NAME

# Files that `preprocess_images` leaves in the folder that it writes to.
_MARKERS = (PREPARATION_NAME, PROPERTIES_NAME)


def find_originals(table_folder: Path, filepaths: Iterable[str]) -> dict[str, str]:
    """Return the path of each image's original, relative to the folder of the originals.

    A preprocessed image has the path of its original, below the folder that `preprocess_images`
    wrote, which is known by the tables in it. Images in no such folder are originals themselves:
    the folder that they have in common is that of the originals.

    Args:
        table_folder: the folder that the paths are relative to.
        filepaths: the images, which need not exist.

    Returns:
        The original by the image's path.
    """
    paths = list(filepaths)
    root = table_folder.resolve()
    prefixes: dict[str, str] = {}
    unmarked = []
    for folder in dict.fromkeys(path.rpartition("/")[0] for path in paths):
        below = _below_marker(root, folder)
        if below is None:
            unmarked.append(folder)
        else:
            prefixes[folder] = below
    prefixes |= _below_common(unmarked)
    # Other tables have the same names: one text of each is in memory.
    return {path: intern(_join(prefixes[path.rpartition("/")[0]], path)) for path in paths}


def _join(prefix: str, path: str) -> str:
    name = path.rpartition("/")[2]
    return f"{prefix}/{name}" if prefix else name


def find_prepared_root(root: Path, folder: Path) -> Path | None:
    """Return the folder that `preprocess_images` wrote and that is or holds another one, or None.

    Args:
        root: the folder of the table that lists the images.
        folder: a folder of images; links are not followed.
    """
    for above in (folder, *folder.parents):
        # Beside links there is a copy of the file on their preparation.
        markers = _MARKERS if above != root else (PROPERTIES_NAME,)
        if any((above / name).is_file() for name in markers):
            return above
    return None


def _below_marker(root: Path, folder: str) -> str | None:
    """Return a folder relative to the one above it that `preprocess_images` wrote, or None."""
    path = Path(os.path.normpath(root / folder))
    above = find_prepared_root(root, path)
    if above is None:
        return None
    below = path.relative_to(above).as_posix()
    return "" if below == "." else below


def _below_common(folders: list[str]) -> dict[str, str]:
    """Return folders relative to the one that the cameras' folders have in common."""
    plain = {folder: _without_dots(folder) for folder in folders}
    cameras = {camera_folder(f"{path}/") for path in plain.values()}
    # An only camera's folder keeps its name, by which a pattern may know the location.
    above = [str(PurePosixPath(camera).parent) for camera in cameras]
    common = os.path.commonpath(cameras if len(cameras) > 1 else above) if cameras else ""
    return {
        folder: path if common in ("", ".") else path[len(common) :].lstrip("/")
        for folder, path in plain.items()
    }


def _without_dots(folder: str) -> str:
    """Return a path without the components that lead out of a folder."""
    return "/".join(part for part in folder.split("/") if part not in ("", ".", ".."))
