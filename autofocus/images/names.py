"""Names and endings of files, for stages without Pillow, too."""

from collections.abc import Iterable
from typing import Literal

# Beside preprocessed images, and with whatever is made of them: how they were preprocessed.
PREPARATION_NAME = "preparation.json"
# In place of a number of pixels: as detected in the images of each camera.
AUTO: Literal["auto"] = "auto"
AUTO_IN_SHARDS = (
    "a shard does not see all images of a camera; give numbers, and those of cameras that differ "
    "as trim_by_camera (autofocus init proposes them)"
)

# The endings of image files, and the format that such a file is saved in (a name of Pillow's).
# A file is read by its content, so that one named .heic may well hold a JPEG.
IMAGE_FORMATS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".mpo": "JPEG",
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
    ".bmp": "BMP",
    ".gif": "GIF",
    ".heic": "JPEG",
    ".heif": "JPEG",
}

# The extensions of the images that are processed unless others are given.
DEFAULT_EXTENSIONS = ("JPG", "JPEG", "PNG", "TIF", "TIFF", "WEBP", "HEIC", "HEIF")
# What earlier versions recorded with their outputs: other extensions are other inputs, no other
# outputs of the same inputs.
FREE = ("extensions",)


def suffix_of(extension: str) -> str:
    """Return the suffix of file names, in lower case, of an extension such as `JPG` or `.jpg`."""
    return "." + extension.lower().lstrip(".")


def suffixes_of(extensions: Iterable[str]) -> set[str]:
    """Return the suffixes of several extensions; see `suffix_of`."""
    return set(map(suffix_of, extensions))
