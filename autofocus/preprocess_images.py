"""Stage 1: crop and resize images, and tabulate date, time, brightness, night and camera.

python autofocus/preprocess_images.py --indir data/lpz_data --outdir data/preprocessed
"""

import dataclasses
import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from autofocus.errors import OutputConflictError, RejectedImageError, need
from autofocus.images import trims, videos
from autofocus.images.capture import READING, Capture
from autofocus.images.encoding import encode_image
from autofocus.images.finding import Listing, check_name, list_images
from autofocus.images.integrity.damage import is_checked, record_check
from autofocus.images.moments import MomentCount, moment_keys
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
from autofocus.images.unkept import check_kept
from autofocus.options.settings import (
    describe,
)
from autofocus.preprocess_boxes import (
    box_makers,
    check_drawing_folders,
    check_places_of_drawings,
    load_detector,
)
from autofocus.preprocess_settings import COMMAND, PreprocessSettings
from autofocus.runs import files
from autofocus.runs.blocks import Fingerprints
from autofocus.runs.items import ItemRun
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import LEDGER_NAME, Counts, Row, rejected
from autofocus.runs.making import Items
from autofocus.runs.outputs import check_outputs
from autofocus.runs.parallel import cores
from autofocus.runs.products import OutputFile, Product
from autofocus.runs.result import StageResult
from autofocus.runs.results import Table
from autofocus.runs.video_names import VIDEO_ENDINGS, is_video, parse_frame
from autofocus.runs.workspace import Workspace
from autofocus.tables.columns import PROPERTIES, PROPERTIES_NAME

if TYPE_CHECKING:
    from autofocus.localization.finding import ObjectDetector

NAME = "preprocess_images"
# What it writes beside the images, the ledger first.
_TABLES = (LEDGER_NAME, PROPERTIES_NAME, PREPARATION_NAME)
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
        MissingInputError: `indir` does not exist or holds no image, its images were not kept, or
            the detector's weights are missing.
        SettingError: drawings of boxes are required, but no boxes.
        MissingDependencyError: the detector's runtime is not installed.
        InputDataError: the detector's weights are damaged.
        OutputConflictError: `outdir` was begun with other settings, is in use, holds another file
            in an output's place, or is or holds `indir`.
        TooManyRejectedError: too many images were rejected; all others are done.
    """
    check_kept(indir)
    drawings = check_places(indir, outdir, settings)
    listing, detector = with_detector(list_inputs(indir, outdir, settings), outdir, settings)
    check_places_of_drawings(listing.names, drawings)
    with open_outdir(outdir, settings) as workspace:
        source = trims.Source(indir, settings.frame_rate)
        done = Preprocessing(outdir, settings, workspace).complete(listing, source, detector)
    return done.result(outdir, settings)


def check_places(indir: Path, outdir: Path, settings: PreprocessSettings) -> tuple[Path, ...]:
    """Check what `preprocess_images` may write to, and return the folders of drawings.

    Raises:
        SettingError, OutputConflictError: see `preprocess_images`.
    """
    if files.inside(outdir, indir):
        raise OutputConflictError(
            f"outdir, {outdir}, is or holds indir, {indir}: give another --outdir, so that no "
            "original is lost."
        )
    drawings = check_drawing_folders(indir, outdir, settings)
    check_outputs([outdir / name for name in _TABLES], [outdir, *drawings])
    return drawings


def with_detector(
    listing: Listing, outdir: Path, settings: PreprocessSettings
) -> "tuple[Listing, ObjectDetector | None]":
    """Load the detector, if one is asked for, and return the listing with its notes."""
    detector, notes = load_detector(settings, listing.names, outdir)
    return dataclasses.replace(listing, left_out=(*listing.left_out, *notes)), detector


def open_outdir(outdir: Path, settings: PreprocessSettings) -> Workspace:
    """Return the stage's memory in a folder, to be entered."""
    return Workspace(outdir, NAME, describe(settings), recipe=RECIPE, free=FREE)


@dataclass(frozen=True)
class Preprocessed:
    """What has become of the images.

    Attributes:
        counts: of the ledger.
        tables: further tables of boxes, by their names.
        notes: what people should know.
    """

    counts: Counts
    tables: Mapping[str, Path]
    notes: tuple[str, ...]

    def result(self, outdir: Path, settings: PreprocessSettings) -> PreprocessResult:
        """Return the result of `preprocess_images`.

        Raises:
            TooManyRejectedError: too many images were rejected.
        """
        ledger, properties = outdir / LEDGER_NAME, outdir / PROPERTIES_NAME
        self.counts.check(settings.max_rejected, ledger, notes=self.notes)
        outputs = {"properties": properties, **self.tables}
        return PreprocessResult(
            NAME, self.counts, ledger, outputs, self.notes, properties=properties
        )


def _ignore(_: Outcome) -> None:
    pass


@dataclass(frozen=True)
class Preprocessing:
    """Preprocesses images into a folder whose memory is open.

    Attributes:
        outdir: the folder to write to.
        settings: how to prepare the images.
        workspace: the stage's memory in the folder; it must have been entered.
        jobs: the number of worker threads; 0: that of the settings.
        stop: called when the run ends early.
    """

    outdir: Path
    settings: PreprocessSettings
    workspace: Workspace
    jobs: int = 0
    stop: Callable[[], None] | None = None

    def complete(
        self, listing: Listing, source: trims.Source, detector: "ObjectDetector | None"
    ) -> Preprocessed:
        """Prepare all images and write all tables."""
        done = self.try_to_complete(listing, source, detector, _ignore, lambda: True)
        if done is None:
            raise TypeError("Nothing kept the tables from being written.")
        return done

    def try_to_complete(
        self,
        listing: Listing,
        source: trims.Source,
        detector: "ObjectDetector | None",
        watch: Callable[[Outcome], None],
        may_publish: Callable[[], bool],
    ) -> Preprocessed | None:
        """Prepare all images, and write all tables if they may be written then.

        Args:
            listing: the images.
            source: where they are read.
            detector: finds objects for the tables of boxes.
            watch: called with each outcome, in order, but not with those of intact blocks.
            may_publish: tells, once all images are done, whether the tables may be written.

        Returns:
            None if they may not: the run counts as interrupted.
        """
        outdir, settings, workspace = self.outdir, self.settings, self.workspace
        ledger, properties, preparation_path = (outdir / name for name in _TABLES)
        jobs = self.jobs or settings.jobs or cores()
        makers = box_makers(outdir, listing.names, workspace, settings, detector)
        box_outputs = [path for maker in makers for path in maker.outputs]
        workspace.check_outputs([ledger, properties, preparation_path, *box_outputs], ledger)
        preparation, found = trims.complete(settings.preparation, source, listing.names, jobs)
        preprocessor = _Preprocessor(
            source, outdir, workspace.scratch, settings, preparation,
            frozenset(listing.unreadable), self.stop,
        )  # fmt: skip
        tables = [Table(properties, PROPERTIES, _properties_row)]
        with ItemRun(workspace, ledger, tables) as run:
            items = preprocessor.items(listing.inputs)
            for outcome in run.outcomes(items, jobs, by_block=True):
                watch(outcome)
            if not may_publish():
                return None
            workspace.claim([preparation_path], ledger)
            files.write_json(preparation_path, preparation.to_json(), workspace.scratch)
            counts = run.publish()
            moments = MomentCount.of(run.tally)
        made = [maker.make() for maker in makers]
        return Preprocessed(
            counts,
            {one.table.stem.replace("_", " "): one.table for one in made},
            (*listing.notes, *found, *run.notes, *moments.notes, *map(str, made)),
        )


def list_inputs(indir: Path, outdir: Path, settings: PreprocessSettings) -> Listing:
    """Return the images, and the frames of videos if they are asked for.

    Raises:
        MissingInputError, MissingDependencyError: see `preprocess_images`.
    """
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


@dataclass(frozen=True)
class _Preprocessor:
    """Preprocesses one image."""

    source: trims.Source
    outdir: Path
    scratch: Path
    settings: PreprocessSettings
    preparation: Preparation
    unreadable: Collection[str]
    stop: Callable[[], None] | None

    def items(self, names: Sequence[str]) -> Items[str]:
        """Return the images, and what to do with each."""
        return Items(
            names,
            name=str,
            work=self._work,
            is_whole=self._is_whole,
            stop=self.stop,
            outputs=lambda name: [] if name in self.unreadable else [self.outdir / name],
            extra=_EXTRA,
            fingerprints=Fingerprints(
                version=[READING, record_check(), self.preparation.to_json()],
                present=self.source.stamp_text,
                past=_past_state,
                keys=_keys,
            ),
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
        is_unchanged = self.source.stamp(name) == stamp and is_checked(earlier.extra)
        is_current = earlier.extra.get("reading") == READING
        return is_unchanged and is_current and trims.is_same_trim(self.preparation, earlier.extra)

    def _read(self, name: str, path: Path) -> DecodedImage:
        rate = self.settings.frame_rate
        frame = parse_frame(name) if rate else None
        if frame is not None:
            return videos.read_frame(path, frame.number, rate, self.preparation)
        if is_video(name):
            raise videos.explain_rejection(path)
        return read_image(path, self.preparation)

    def _prepare(self, name: str) -> Product:
        check_name(name)
        with self.source.original(name) as path:
            # Taken before reading: a file that is changed meanwhile is done again by the next run.
            return self._make(name, path, files.find_stamp(path))

    def _make(self, name: str, path: Path, stamp: dict[str, int] | None) -> Product:
        decoded = self._read(name, path)
        image, capture = decoded.image, decoded.capture
        extra = {
            **vars(capture),
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
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if final.is_file() and not final.is_symlink() and final.read_bytes() == content:
            return OutputFile(final, digest=digest)
        unfinished = files.unfinished_path(final, self.scratch)
        files.write_bytes(unfinished, content)
        return OutputFile(final, unfinished, digest)


def _past_state(outcome: Outcome) -> str:
    return files.text_of_stamp(outcome.extra["original"])


def _keys(outcome: Outcome) -> tuple[str, ...]:
    return moment_keys(outcome.extra) if outcome.row.reason is None else ()


# The types of what later runs and the table need of an outcome.
_EXTRA = {**dict.fromkeys(PROPERTIES[1:], (str, int)), "original": (dict,)}


def _properties_row(outcome: Outcome) -> list[Any]:
    values = {"filepath": outcome.row.output, **outcome.extra}
    return [values[column] for column in PROPERTIES]


if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
