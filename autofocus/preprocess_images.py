"""Stage 1: crop and resize images, and tabulate date, time, brightness, night and camera.

python autofocus/preprocess_images.py --indir data/lpz_data --outdir data/preprocessed
"""

import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from autofocus.detector.detecting import Detector
from autofocus.errors import OutputConflictError, RejectedImageError, SettingError, need
from autofocus.grouping.locations import LocationPattern
from autofocus.images import trims, videos
from autofocus.images.capture import READING, Capture
from autofocus.images.encoding import encode_image
from autofocus.images.finding import Listing, check_name, list_images
from autofocus.images.integrity.damage import is_checked, record_check
from autofocus.images.moments import MomentCount
from autofocus.images.names import (
    FREE,
    PREPARATION_NAME,
)
from autofocus.images.preparing import (
    Preparation,
    colourfulness,
    mean_brightness,
)
from autofocus.images.reading import DecodedImage, read_image
from autofocus.localization.finding import ObjectDetector
from autofocus.localization.from_file import FileDetector, read_boxes, rows_of_folder
from autofocus.localization.tables import AllBoxMaker
from autofocus.motion.settings import MotionSettings
from autofocus.motion.tables import BoxMaker, check_drawings
from autofocus.options.command import Argument, Command
from autofocus.options.settings import (
    describe,
)
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.runs import files
from autofocus.runs.items import ItemRun, Items
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import LEDGER_NAME, Row, rejected
from autofocus.runs.outputs import check_outputs
from autofocus.runs.parallel import cores
from autofocus.runs.products import OutputFile, Product
from autofocus.runs.result import StageResult
from autofocus.runs.results import Table
from autofocus.runs.video_names import VIDEO_ENDINGS, is_video, parse_frame
from autofocus.runs.workspace import Workspace
from autofocus.tables.columns import PROPERTIES, PROPERTIES_NAME

NAME = "preprocess_images"
# Raised with every change that makes other outputs of the same inputs and settings.
RECIPE = 1


@dataclass(frozen=True)
class PreprocessResult(StageResult):
    """The result of `preprocess_images`.

    Attributes:
        properties: the table of all images that were not rejected.
    """

    properties: Path = Path(PROPERTIES_NAME)


def preprocess_images(
    indir: Path, outdir: Path, settings: PreprocessSettings = PreprocessSettings()
) -> PreprocessResult:
    """Crop, resize and describe every image below a folder.

    Writes each image under its relative path in `outdir`, and beside them `image_properties.csv`,
    `ledger.csv`, and `preparation.json`, which says how the images were prepared. It may be
    stopped at any moment; started again it does what is left. `boxes.csv`, `motion_boxes.csv` and
    drawings are written on request, when all images are done. Outputs of images that are no longer
    in `indir` are removed.

    Args:
        indir: the folder of the images; it is only read.
        outdir: the folder to write to; may lie in `indir`.
        settings: which images to take and how to prepare them.

    Returns:
        The counts, the notes and the paths of the tables.

    Raises:
        MissingInputError: `indir` does not exist or holds no image, or the detector's weights are
            missing.
        SettingError: drawings of boxes are required, but no boxes.
        MissingDependencyError: the detector's runtime is not installed.
        InputDataError: the detector's weights are damaged.
        OutputConflictError: `outdir` was begun with other settings, is in use, holds another file
            in an output's place, or is or holds `indir`.
        TooManyRejectedError: too many images were rejected; all others are done.
    """
    if files.inside(outdir, indir):
        raise OutputConflictError(
            f"outdir, {outdir}, is or holds indir, {indir}: give another --outdir, so that no "
            "original is lost."
        )
    drawings = _check_drawing_folders(indir, outdir, settings)
    ledger, properties = outdir / LEDGER_NAME, outdir / PROPERTIES_NAME
    preparation_path = outdir / PREPARATION_NAME
    check_outputs([ledger, properties, preparation_path], [outdir, *drawings])
    listing = _list_inputs(indir, outdir, settings)
    detector = _load_detector(settings, listing.names, outdir)
    if isinstance(detector, FileDetector):
        listing = dataclasses.replace(listing, left_out=(*listing.left_out, *detector.notes))
    for folder in drawings:
        check_drawings(listing.names, folder)
    jobs = settings.jobs or cores()
    with Workspace(outdir, NAME, describe(settings), recipe=RECIPE, free=FREE) as workspace:
        tables = [Table(properties, PROPERTIES, _properties_row)]
        makers = _box_makers(outdir, listing.names, workspace, settings, detector)
        box_outputs = [path for maker in makers for path in maker.outputs]
        own = [ledger, properties, preparation_path, *box_outputs]
        workspace.check_outputs(own, ledger)
        source = trims.Source(indir, settings.frame_rate)
        preparation, found = trims.complete(settings.preparation, source, listing.names, jobs)
        preprocessor = _Preprocessor(
            indir, outdir, workspace.scratch, settings, preparation, frozenset(listing.unreadable)
        )
        with ItemRun(workspace, ledger, tables) as run:
            moments = MomentCount()
            for outcome in run.outcomes(preprocessor.items(listing.inputs), jobs):
                if outcome.row.reason is None:
                    moments.add(outcome.extra)
            workspace.claim([preparation_path], ledger)
            files.write_json(preparation_path, preparation.to_json(), workspace.scratch)
            counts = run.publish()
        made = [maker.make() for maker in makers]
    outputs = {"properties": properties}
    outputs |= {one.table.stem.replace("_", " "): one.table for one in made}
    notes = (*listing.notes, *found, *run.notes, *moments.notes, *map(str, made))
    counts.check(settings.max_rejected, ledger, notes=notes)
    return PreprocessResult(NAME, counts, ledger, outputs, notes, properties=properties)


def _list_inputs(indir: Path, outdir: Path, settings: PreprocessSettings) -> Listing:
    """Return the images, and the frames of videos if they are asked for."""
    has_videos = settings.frame_rate > 0
    if has_videos:
        need("av", "video")
    listing = list_images(
        indir,
        (*settings.extensions, *(VIDEO_ENDINGS if has_videos else ())),
        leave_out=[outdir],
        allow_empty=settings.allow_empty,
    )
    if not has_videos:
        return listing
    return dataclasses.replace(
        listing, names=videos.list_frames(indir, listing.names, settings.frame_rate)
    )


def _check_drawing_folders(
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


def _load_detector(
    settings: PreprocessSettings, names: Sequence[str], outdir: Path
) -> ObjectDetector | None:
    if settings.boxes_from is not None:
        originals = {name: name for name in names}
        return read_boxes(settings.boxes_from, originals, rows_of_folder(outdir))
    return Detector() if settings.boxes in ("detector", "both") else None


def _box_makers(
    outdir: Path,
    names: Sequence[str],
    workspace: Workspace,
    settings: PreprocessSettings,
    detector: ObjectDetector | None,
) -> list[BoxMaker]:
    pattern = LocationPattern(settings.location_pattern)
    given = (outdir, workspace, settings.jobs or cores(), pattern, names)
    makers = []
    if settings.motion_boxes or settings.motion_drawings is not None:
        makers.append(BoxMaker(*given, settings.motion_drawings))
    if settings.boxes != "none":
        uses_motion = settings.boxes in ("motion", "both")
        motion = MotionSettings(tight=True) if uses_motion else None
        makers.append(AllBoxMaker(*given, settings.box_drawings, motion, detector))
    return makers


@dataclass(frozen=True)
class _Preprocessor:
    """Preprocesses one image."""

    indir: Path
    outdir: Path
    scratch: Path
    settings: PreprocessSettings
    preparation: Preparation
    unreadable: Collection[str]

    def items(self, names: Sequence[str]) -> Items[str]:
        """Return the images, and what to do with each."""
        return Items(
            names,
            name=str,
            work=self._work,
            is_whole=self._is_whole,
            outputs=lambda name: [] if name in self.unreadable else [self.outdir / name],
            extra=_EXTRA,
        )

    def _work(self, name: str) -> Outcome | Product:
        try:
            return self._prepare(name)
        except RejectedImageError as error:
            return Outcome(rejected(name, error.reason, error.detail))

    def _is_whole(self, name: str, earlier: Outcome) -> bool:
        """The original is unchanged and known to be sound, and would be cropped as it was."""
        # Not "older than the result": clocks of cameras may be years ahead.
        stamp: object = earlier.extra.get("original", "unknown")
        is_unchanged = _stamp(self._file(name)) == stamp and is_checked(earlier.extra)
        is_current = earlier.extra.get("reading") == READING
        return is_unchanged and is_current and trims.is_same_trim(self.preparation, earlier.extra)

    def _file(self, name: str) -> Path:
        """Return the file that holds an image, which for a frame is the video."""
        frame = parse_frame(name) if self.settings.frame_rate else None
        return self.indir / (name if frame is None else frame.video)

    def _read(self, name: str) -> DecodedImage:
        rate = self.settings.frame_rate
        frame = parse_frame(name) if rate else None
        if frame is None and is_video(name):
            raise videos.explain_rejection(self.indir / name)
        if frame is None:
            return read_image(self.indir / name, self.preparation)
        video = self.indir / frame.video
        return videos.read_frame(video, frame.number, rate, self.preparation)

    def _prepare(self, name: str) -> Product:
        check_name(name)
        # Taken before reading: a file that is changed meanwhile is done again by the next run.
        stamp = _stamp(self._file(name))
        decoded = self._read(name)
        image, capture = decoded.image, decoded.capture
        extra = {
            **dataclasses.asdict(capture),
            "night": int(colourfulness(image) <= self.settings.night_tolerance),
            "mean_brightness": f"{mean_brightness(image):.2f}",
            "width": decoded.width,
            "height": decoded.height,
            "original": stamp,
            **record_check(),
            "reading": READING,
        }
        extra |= trims.record(self.preparation, capture.camera_make, decoded)
        return Product(Outcome(Row(name, output=name), extra), (self._save(image, capture, name),))

    def _save(self, image: Image.Image, capture: Capture, name: str) -> OutputFile:
        final, content = self.outdir / name, encode_image(image, capture, name)
        # An image that is only checked again leaves its output as it is.
        if final.is_file() and not final.is_symlink() and final.read_bytes() == content:
            return OutputFile(final)
        unfinished = files.unfinished_path(final, self.scratch)
        files.write_bytes(unfinished, content)
        return OutputFile(final, unfinished)


def _stamp(path: Path) -> dict[str, int] | None:
    try:
        return files.stamp(path)
    except OSError:
        return None


# The types of what later runs and the table need of an outcome.
_EXTRA = {**dict.fromkeys(PROPERTIES[1:], (str, int)), "original": (dict,)}


def _properties_row(outcome: Outcome) -> list[Any]:
    values = {"filepath": outcome.row.output, **outcome.extra}
    return [values[column] for column in PROPERTIES]


COMMAND = Command(
    name=NAME,
    summary="Crop and resize images; tabulate date, time, brightness, and night or day.",
    example=f"autofocus {NAME} --indir data/lpz_data --outdir data/preprocessed --trim-bottom 198",
    function=preprocess_images,
    arguments=(
        Argument("indir", "folder with the images, at any depth"),
        Argument("outdir", "folder to write to"),
    ),
    settings=PreprocessSettings,
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
