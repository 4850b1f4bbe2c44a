"""Cropping and resizing an image, and measuring infrared light and brightness."""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from autofocus.errors import InputDataError, RejectedImageError, SettingError
from autofocus.images.names import AUTO, PREPARATION_NAME
from autofocus.options.settings import require
from autofocus.runs.ledger import Reason
from autofocus.runs.wording import shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from autofocus.images.decoding import OpenImage

# Maximum ratio of the result's sides: what is left above a footer is a strip beyond it, no scene.
MAX_STRETCH = 40
# Maximum mean difference between the channels of an infrared image, 0 to 255 (measurements in
# docs/preprocessing.md).
NIGHT_TOLERANCE = 2.0
Trim = int | Literal["auto"]
# Pixels; no image is larger.
_LARGEST = 1_000_000
_CAMERA_TRIM = re.compile(r"([^=@]*)(?:@(\d+)x(\d+))?=(\d+)(?:,(\d+))?")


@dataclass(frozen=True)
class CameraTrim:
    """The pixels to crop from the images of a camera make.

    Attributes:
        make: the manufacturer in the EXIF data; case does not matter.
        trim_bottom: pixels to crop from the bottom of the upright original.
        trim_top: pixels to crop from its top.
        width: of the upright originals that are meant, in pixels; 0: those of any size.
        height: of these originals, in pixels; 0: those of any size.
    """

    make: str
    trim_bottom: int
    trim_top: int = 0
    width: int = 0
    height: int = 0

    @property
    def camera(self) -> tuple[str, int, int]:
        """Make, width and height, to compare."""
        return self.make.casefold(), self.width, self.height

    @classmethod
    def parse(cls, text: str) -> "CameraTrim":
        """Read the form of the command line, `MAKE=BOTTOM`, with `,TOP` and `@WIDTHxHEIGHT`.

        Raises:
            SettingError: it has another form.
        """
        match = _CAMERA_TRIM.fullmatch(text.strip())
        # A camera without a make in its EXIF data is told by its images' size alone.
        if match is None or not (match[1].strip() or match[2]):
            raise SettingError(
                "trim_by_camera: write MAKE=BOTTOM or MAKE=BOTTOM,TOP in pixels, such as "
                f"RECONYX=32,32 or RECONYX@2048x1440=32,32, not {text!r}."
            )
        make, *numbers = match.groups()
        width, height, bottom, top = (int(number or 0) for number in numbers)
        return cls(make.strip(), bottom, top, width, height)

    def __str__(self) -> str:
        """Return the form of the command line."""
        size = f"@{self.width}x{self.height}" if self.width else ""
        top = f",{self.trim_top}" if self.trim_top else ""
        return f"{self.make}{size}={self.trim_bottom}{top}"


@dataclass(frozen=True)
class Preparation:
    """How images are cropped and resized; stored in a model, which needs all images the same way.

    Attributes:
        trim_top: pixels to crop from the top of the upright original; `auto`: as detected.
        trim_bottom: pixels to crop from its bottom, where cameras print a footer, or `auto`.
        min_side: the shorter side of the result, in pixels.
        cameras: other numbers for some cameras, given or detected.
    """

    trim_top: Trim = 0
    trim_bottom: Trim = 198
    min_side: int = 256
    cameras: tuple[CameraTrim, ...] = ()

    @property
    def is_auto(self) -> bool:
        """Whether the pixels to crop are detected for cameras that `cameras` lacks."""
        return AUTO in (self.trim_top, self.trim_bottom)

    @property
    def is_cropping(self) -> bool:
        """Whether rows may be cropped from any image."""
        own = self.trim_top or self.trim_bottom
        return bool(own) or any(one.trim_top or one.trim_bottom for one in self.cameras)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; `cameras` only if there are any, as in earlier versions."""
        values = asdict(self)
        cameras = values.pop("cameras")
        return {**values, "cameras": list(cameras)} if cameras else values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Preparation":
        """Read what `to_json` of this or an earlier version returned.

        Raises:
            TypeError: a key is unknown.
        """
        cameras = tuple(CameraTrim(**camera) for camera in values.get("cameras", ()))
        return cls(**{**values, "cameras": cameras})

    @classmethod
    def from_file(cls, path: Path) -> "Preparation":
        """Read the file that preprocess_images wrote beside its results.

        Raises:
            InputDataError: the file describes no preparation.
        """
        try:
            preparation = cls.from_json(json.loads(path.read_text(encoding="utf-8")))
            preparation._check()
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise InputDataError(
                f"{path} does not describe how images were preprocessed ({shown(error)}): "
                f"give the {PREPARATION_NAME} that preprocess_images wrote."
            ) from None
        return preparation

    def _check(self) -> None:
        """Check the values that were read from a file (raises ValueError)."""
        numbers = [self.min_side, *(n for one in self.cameras for n in (one.width, one.height))]
        trims: list[Preparation | CameraTrim] = [self, *self.cameras]
        numbers += [n for one in trims for n in (one.trim_top, one.trim_bottom) if n != AUTO]
        if not all(type(number) is int and 0 <= number <= _LARGEST for number in numbers):
            raise ValueError("not all numbers of pixels are possible")
        if self.min_side == 0 or not all(isinstance(one.make, str) for one in self.cameras):
            raise ValueError("a size or a camera is missing")

    def describe(self) -> str:
        """Return the preparation in words."""
        side = f"shorter side {self.min_side} pixels"
        cameras = ", ".join(map(str, self.cameras))
        if self.is_auto:
            return f"footers cropped as detected (pixels by camera: {cameras or 'none'}), {side}"
        others = f" (other cameras: {cameras})" if cameras else ""
        return (
            f"{self.trim_bottom} pixels cropped from the bottom and {self.trim_top} "
            f"from the top{others}, {side}"
        )

    def find(self, make: str, width: int, height: int) -> CameraTrim | None:
        """Return the numbers for a camera: those of its size, else of any size; None if unknown.

        A camera may save images in several sizes. Of a size that is not listed, the numbers are
        those of the same make, if all its other sizes agree.
        """
        if listed := self.find_listed(make, width, height):
            return listed
        same_make = [
            one for one in self.cameras if make and one.make.casefold() == make.casefold()
        ]
        numbers = {(one.trim_bottom, one.trim_top) for one in same_make}
        return same_make[0] if len(numbers) == 1 else None

    def find_listed(self, make: str, width: int, height: int) -> CameraTrim | None:
        """Return the numbers that are listed for a camera: of its size, else of any size."""
        listed = {one.camera: one for one in self.cameras}
        key = make.casefold()
        return listed.get((key, width, height)) or listed.get((key, 0, 0))

    def for_camera(self, make: str, width: int, height: int) -> "Preparation":
        """Return how the images of a camera are prepared, in numbers alone.

        Args:
            make: the manufacturer in the EXIF data; empty if unknown.
            width: of the upright original, in pixels.
            height: of the upright original, in pixels.
        """
        if camera := self.find(make, width, height):
            return Preparation(camera.trim_top, camera.trim_bottom, self.min_side)
        return Preparation(_number(self.trim_top), _number(self.trim_bottom), self.min_side)

    def agrees_with(self, other: "Preparation") -> bool:
        """Return whether both prepare the images of the cameras that they list in the same way."""
        if _without_cameras(self) != _without_cameras(other):
            return False
        for camera in (*self.cameras, *other.cameras):
            one, two = self.find(*camera.camera), other.find(*camera.camera)
            if self.is_auto and (one is None or two is None):
                continue
            if self.for_camera(*camera.camera) != other.for_camera(*camera.camera):
                return False
        return True

    def output_size(self, width: int, height: int) -> tuple[int, int]:
        """Return width and height of the result, in pixels.

        Args:
            width: of the upright original, in pixels.
            height: of the upright original, in pixels.

        Raises:
            RejectedImageError: too few rows are left.
        """
        top, bottom = _number(self.trim_top), _number(self.trim_bottom)
        rows = height - top - bottom
        sides = (width, rows)
        if rows < 1 or max(sides) > MAX_STRETCH * min(sides):
            raise RejectedImageError(
                Reason.TOO_SHORT_TO_TRIM,
                f"{width} x {height} pixels leave {max(rows, 0)} rows "
                f"after {top + bottom} are trimmed",
            )
        scale = self.min_side / min(sides)
        return math.floor(width * scale + 0.5), math.floor(rows * scale + 0.5)


def require_different(cameras: Sequence[CameraTrim]) -> None:
    """Check that no camera is given twice.

    Raises:
        SettingError: one is.
    """
    times = Counter(one.camera for one in cameras)
    for one in cameras:
        require(times[one.camera] == 1, f"trim_by_camera: {one.make} is given twice.")


def _number(trim: Trim) -> int:
    """Return the pixels to crop from a camera of which nothing is known."""
    return 0 if trim == "auto" else trim


def _without_cameras(preparation: Preparation) -> Preparation:
    return replace(preparation, cameras=())


def prepare(opened: "OpenImage", preparation: Preparation) -> "Image.Image":
    """Decode, crop and resize an image.

    Args:
        opened: an open image.
        preparation: how to crop and resize, in numbers alone (see `Preparation.for_camera`).

    Returns:
        An upright image in mode RGB, or L if the file has one channel.

    Raises:
        RejectedImageError: the file is broken, or too short to crop.
    """
    # Only here, as options are read without them.
    from PIL import Image

    from autofocus.images.decoding import decode

    size = preparation.output_size(opened.width, opened.height)
    top_rows, bottom_rows = _number(preparation.trim_top), _number(preparation.trim_bottom)
    rows = opened.height - top_rows - bottom_rows
    # Of three rows of a reduced image, at least one holds no part of a cropped row.
    image, fraction = decode(opened, shrink=max(size[0] / opened.width, 3 / rows))
    top, bottom = _scene_rows(opened, image, fraction, top_rows, bottom_rows)
    return image.crop((0, top, image.width, bottom)).resize(size, Image.Resampling.BICUBIC)


def _scene_rows(
    opened: "OpenImage", image: "Image.Image", fraction: float, trim_top: int, trim_bottom: int
) -> tuple[int, int]:
    """Return the first row of the scene in a reduced image, and the one after its last.

    Rows that hold any part of a cropped row are left out, so that no footer remains.
    """
    # The last stored row (or column) may extend beyond the edge. In an image that is turned over
    # it is the first row, and all rows are shifted down by as much.
    over = image.height / fraction - opened.height if opened.is_turned_over else 0.0
    top = math.ceil((trim_top + over) * fraction)
    bottom = math.floor((opened.height - trim_bottom + over) * fraction)
    return top, bottom


def colourfulness(image: "Image.Image") -> float:
    """Return the mean over pixels of max - min of R, G, B, 0 to 255."""
    import numpy as np

    if image.mode == "L":
        return 0.0
    red, green, blue = map(_values, image.split())
    highest = np.maximum(np.maximum(red, green), blue)
    lowest = np.minimum(np.minimum(red, green), blue)
    return _mean(highest - lowest)


def mean_brightness(image: "Image.Image") -> float:
    """Return the mean of the image in greyscale (ITU-R 601-2 luma), 0 to 255."""
    return _mean(_values(image.convert("L")))


def _values(channel: "Image.Image") -> "NDArray[np.uint8]":
    import numpy as np

    return np.frombuffer(channel.tobytes(), np.uint8)


def _mean(values: "NDArray[np.uint8]") -> float:
    import numpy as np

    # Of whole numbers, which add up fast and without error.
    return int(values.sum(dtype=np.int64)) / values.size
