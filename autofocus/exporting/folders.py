"""A folder of links per label, so that people can look at images label by label."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from autofocus.exporting.context import Export, Problem
from autofocus.exporting.rows import OK, ExportRow
from autofocus.labels.folders import label_to_folder
from autofocus.runs.ledger import LEDGER_NAME, Counts, Reason
from autofocus.runs.outputs import check_folders_between
from autofocus.runs.video_names import parse_frame
from autofocus.runs.workspace import HIDDEN, Workspace

if TYPE_CHECKING:
    from autofocus.labels.choosing import Choice

NAME = "folders"
_STAGE = "export_folders"


def problem(export: Export, row: ExportRow) -> Problem | None:
    """Return why an image is not linked: it may show people, has no label, or is missing."""
    if not row.labels:
        return Problem(Reason.NO_LABEL, "no label")
    if export.settings.people == "drop" and export.kinds.may_show_people(row):
        return Problem(Reason.NOT_SELECTED, "it may show people (--people keep links it)")
    if not (_images(export) / _file(row)).is_file():
        return Problem(Reason.IMAGE_MISSING, f"there is no {_file(row)} in {_images(export)}")
    return None


def check_folder(export: Export, outdir: Path) -> None:
    """Check that links can be made in the folder of the label folders.

    Args:
        export: what to link.
        outdir: the folder of the label folders.

    Raises:
        OutputConflictError: it, or a label's folder, is a link, or a file stands in its place.
    """
    labels = {label for row in export.rows() for label in row.labels}
    for name in sorted(map(label_to_folder, labels)):
        check_folders_between(outdir.parent, outdir / name / LEDGER_NAME)


def link_images(export: Export, outdir: Path) -> Counts:
    """Make a folder per label with a link to each of its images, and remove older links.

    Links are relative. Nothing but links of an earlier export is removed.

    Args:
        export: what to link.
        outdir: the folder of the label folders.

    Returns:
        The number of images that are linked, as `ok` and `reused`.

    Raises:
        OutputConflictError: a file stands in a link's place.
    """
    return _link(list(_choices(export)), _images(export), outdir)


def remove_links(outdir: Path) -> None:
    """Remove the links of an earlier export, where this one has none."""
    if not (outdir / HIDDEN).is_dir():
        return
    _link([], outdir, outdir)
    (outdir / LEDGER_NAME).unlink(missing_ok=True)
    shutil.rmtree(outdir / HIDDEN)
    if not any(outdir.iterdir()):
        outdir.rmdir()


def _link(choices: "list[Choice]", images: Path, outdir: Path) -> Counts:
    # They need numpy, which a light install lacks.
    from autofocus.labels.linking import Linker
    from autofocus.runs.items import process

    with Workspace(outdir, _STAGE, {}) as workspace:
        linker = Linker(images, outdir, workspace.scratch)
        labels = {label for choice in choices for label in choice.labels}
        return process(linker.items(choices, labels), workspace, outdir / LEDGER_NAME, jobs=1)


def _choices(export: Export) -> "Iterator[Choice]":
    from autofocus.labels.choosing import Choice

    labels: dict[str, dict[str, None]] = {}
    # One frame with people keeps its video out.
    hidden: set[str] = set()
    for row in export.rows():
        if row.status != OK:
            continue
        found = problem(export, row)
        if found is None:
            labels.setdefault(_file(row), {}).update(dict.fromkeys(row.labels))
        elif found.reason is Reason.NOT_SELECTED:
            hidden.add(_file(row))
    shown = sorted(labels.keys() - hidden)
    return (Choice(file, tuple(labels[file]), None, "") for file in shown)


def _file(row: ExportRow) -> str:
    """Return the file to link: the image, or the video that a frame is of."""
    frame = parse_frame(row.original)
    return frame.video if frame else row.original


def _images(export: Export) -> Path:
    return export.settings.images or Path()
