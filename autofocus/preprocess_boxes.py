"""Which tables and drawings of boxes `preprocess_images` makes, and by what."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autofocus.errors import OutputConflictError, SettingError
from autofocus.grouping.locations import LocationPattern
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.runs import files
from autofocus.runs.parallel import cores
from autofocus.runs.workspace import Workspace

# What finds boxes is imported where it is needed: without boxes, a run starts sooner.
if TYPE_CHECKING:
    from autofocus.localization.finding import ObjectDetector
    from autofocus.motion.tables import BoxMaker


def check_drawing_folders(
    indir: Path, outdir: Path, settings: PreprocessSettings
) -> tuple[Path, ...]:
    """Return the folders of drawings, which must not be those of images or of each other.

    Raises:
        SettingError: there are no boxes to draw.
        OutputConflictError: the folder can't be used.
    """
    if settings.box_drawings is not None and settings.boxes == "none":
        raise SettingError("box_drawings needs boxes to draw: add --boxes detector or another.")
    given = {"motion_drawings": settings.motion_drawings, "box_drawings": settings.box_drawings}
    folders = {name: folder for name, folder in given.items() if folder is not None}
    for name, folder in folders.items():
        if files.inside(indir, folder) or files.inside(outdir, folder):
            raise OutputConflictError(
                f"{name}, {folder}, lies in the folder of the images, where drawings would be "
                "taken for images: give another folder."
            )
    one, other = given.values()
    if one and other and (files.inside(one, other) or files.inside(other, one)):
        raise OutputConflictError(
            f"motion_drawings and box_drawings, {other}, share a folder: give each its own."
        )
    return tuple(folders.values())


def check_places_of_drawings(names: Sequence[str], folders: Sequence[Path]) -> None:
    """Check that drawings can be written.

    Args:
        names: paths of images, in order.
        folders: those of the drawings.

    Raises:
        OutputConflictError: a folder below one of them is a link.
    """
    if not folders:
        return
    from autofocus.motion.tables import check_drawings

    for folder in folders:
        check_drawings(names, folder)


def load_detector(
    settings: PreprocessSettings, names: Sequence[str], outdir: Path
) -> "tuple[ObjectDetector | None, tuple[str, ...]]":
    """Load the detector, or the file with its boxes; None if neither is asked for.

    Returns:
        The detector, and what people should know of the file.
    """
    if settings.boxes_from is not None:
        from autofocus.localization.from_file import read_boxes, rows_of_folder

        originals = {name: name for name in names}
        known = read_boxes(settings.boxes_from, originals, rows_of_folder(outdir))
        return known, known.notes
    if settings.boxes not in ("detector", "both"):
        return None, ()
    from autofocus.detector.detecting import Detector

    return Detector(), ()


def box_makers(
    outdir: Path,
    names: Sequence[str],
    workspace: Workspace,
    settings: PreprocessSettings,
    detector: "ObjectDetector | None",
) -> "list[BoxMaker]":
    """Return what makes the tables of boxes that are asked for."""
    uses_table = settings.motion_boxes or settings.motion_drawings is not None
    if not uses_table and settings.boxes == "none":
        return []
    from autofocus.localization.tables import AllBoxMaker
    from autofocus.motion.settings import MotionSettings
    from autofocus.motion.tables import BoxMaker

    pattern = LocationPattern(settings.location_pattern)
    given = (outdir, workspace, settings.jobs or cores(), pattern, names)
    makers = []
    if uses_table:
        makers.append(BoxMaker(*given, settings.motion_drawings))
    if settings.boxes != "none":
        uses_motion = settings.boxes in ("motion", "both")
        motion = MotionSettings(tight=True) if uses_motion else None
        makers.append(AllBoxMaker(*given, settings.box_drawings, motion, detector))
    return makers
