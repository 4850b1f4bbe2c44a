"""The settings and the command line of `preprocess_images`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from autofocus.grouping.locations import DEFAULT_PATTERN, LocationPattern
from autofocus.images.finding import need_folder
from autofocus.images.names import (
    AUTO,
    AUTO_IN_SHARDS,
    DEFAULT_EXTENSIONS,
    IMAGE_FORMATS,
    suffix_of,
)
from autofocus.images.preparing import (
    NIGHT_TOLERANCE,
    CameraTrim,
    Preparation,
    Trim,
    require_different,
)
from autofocus.images.unkept import check_kept
from autofocus.options.command import Argument, Command, Stage
from autofocus.options.settings import (
    IMAGES,
    LIMITS,
    jobs_option,
    max_rejected_option,
    option,
    require,
    require_not_negative,
    require_share,
)

BOX_OPTIONS = "boxes"


@dataclass(frozen=True)
class PreprocessSettings:
    """The options of `preprocess_images`."""

    extensions: tuple[str, ...] = option(
        DEFAULT_EXTENSIONS,
        "file extensions of the images, in upper or lower case",
        affects_output=False,
        metavar="EXT",
        group=IMAGES,
    )
    trim_bottom: Trim = option(
        198,
        "pixels to crop from the bottom, as of the original; auto: the height of the footer, "
        "detected for each camera make and image size",
        metavar="ROWS",
        group=IMAGES,
    )
    trim_top: Trim = option(
        0,
        "pixels to crop from the top, as of the original, or auto",
        metavar="ROWS",
        group=IMAGES,
    )
    trim_by_camera: tuple[str, ...] = option(
        (),
        "pixels to crop for cameras that differ, by make in the EXIF data: MAKE=BOTTOM or "
        "MAKE=BOTTOM,TOP, such as RECONYX=32,32; MAKE@WIDTHxHEIGHT=... for one image size",
        metavar="CAMERA",
        group=IMAGES,
    )
    min_side: int = option(
        256, "shorter side of the result (pixels)", metavar="PIXELS", group=IMAGES
    )
    night_tolerance: float = option(
        NIGHT_TOLERANCE,
        "an image counts as taken at night (infrared) if the mean of max - min of its channels "
        "is at most this, 0 to 255; 0: the channels are equal",
        metavar="T",
        group=IMAGES,
    )
    boxes: Literal["none", "motion", "detector", "both"] = option(
        "none",
        "write boxes.csv: what motion, the detector (see autofocus weights) or both found in each "
        "image",
        affects_output=False,
        group=BOX_OPTIONS,
    )
    box_drawings: Path | None = option(
        None,
        "folder for copies of the images with the boxes of --boxes drawn on them",
        affects_output=False,
        metavar="DIR",
        group=BOX_OPTIONS,
    )
    boxes_from: Path | None = option(
        None,
        "MegaDetector results (JSON) of the images, whose boxes take the place of the embedded "
        "detector's in boxes.csv",
        affects_output=False,
        metavar="JSON",
        group=BOX_OPTIONS,
    )
    motion_boxes: bool = option(
        False,
        "write motion_boxes.csv: where something moved in each image, compared with the images "
        "that the camera took before and after",
        affects_output=False,
        group=BOX_OPTIONS,
    )
    motion_drawings: Path | None = option(
        None,
        "folder for copies of the images with the motion boxes drawn on them",
        affects_output=False,
        metavar="DIR",
        group=BOX_OPTIONS,
    )
    location_pattern: str = option(
        DEFAULT_PATTERN,
        "regular expression that finds the location in an image's path: motion is detected "
        "among images of the same folder and location",
        affects_output=False,
        metavar="REGEX",
        group=BOX_OPTIONS,
    )
    frame_rate: float = option(
        0.0,
        "frames per second to extract from videos; the frames of a video are images in a folder "
        "of the video's name (0: ignore videos); needs the extra video",
        metavar="N",
        group=IMAGES,
    )
    allow_empty: bool = option(
        False,
        "succeed if there are no images, as in an empty shard",
        affects_output=False,
        group=LIMITS,
    )
    jobs: int = jobs_option()
    max_rejected: float = max_rejected_option()

    def __post_init__(self) -> None:
        require(bool(self.extensions), "extensions: give at least one, such as JPG.")
        require(self.min_side >= 1, f"min_side must be at least 1, not {self.min_side}.")
        numbers = [name for name in ("trim_bottom", "trim_top") if getattr(self, name) != AUTO]
        require_not_negative(self, *numbers, "night_tolerance", "frame_rate", "jobs")
        require_different(self.cameras)
        require_share("max_rejected", self.max_rejected)
        LocationPattern(self.location_pattern)
        require(
            self.boxes_from is None or self.boxes in ("detector", "both"),
            f"boxes_from has no effect on boxes {self.boxes}: set boxes to detector or both.",
        )
        for extension in self.extensions:
            require(
                suffix_of(extension) in IMAGE_FORMATS,
                f"extensions: {extension} is not among those of pictures known here: "
                f"{', '.join(IMAGE_FORMATS)}.",
            )

    @property
    def preparation(self) -> Preparation:
        """How the images are prepared, before cameras are detected."""
        return Preparation(self.trim_top, self.trim_bottom, self.min_side, self.cameras)

    def require_numbers(self) -> None:
        """Check that nothing has to be detected in the images.

        Raises:
            SettingError: the pixels to crop are to be detected.
        """
        for name in ("trim_bottom", "trim_top"):
            require(getattr(self, name) != AUTO, f"{name} must be a number: {AUTO_IN_SHARDS}.")

    @property
    def cameras(self) -> tuple[CameraTrim, ...]:
        """The cameras of which other pixels are cropped."""
        return tuple(map(CameraTrim.parse, self.trim_by_camera))


def _check(indir: Path, settings: PreprocessSettings, **_: Any) -> None:
    """Check what is known without reading an image (raises MissingInputError)."""
    check_kept(indir)
    if not settings.allow_empty:
        need_folder(indir)


COMMAND = Command(
    name="preprocess_images",
    summary="Crop and resize images; tabulate date, time, brightness, and night or day.",
    example="autofocus preprocess_images --indir data/lpz_data --outdir data/preprocessed "
    "--trim-bottom 198",
    function=Stage("preprocess_images"),
    arguments=(
        Argument("indir", "folder with the images, at any depth"),
        Argument("outdir", "folder to write to"),
    ),
    settings=PreprocessSettings,
    check=_check,
)
