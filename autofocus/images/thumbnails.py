"""Thumbnails of images, which reports show."""

import io
from pathlib import Path

from PIL import Image

from autofocus.images.reading import read_image

SIZE = (256, 192)
_QUALITY = 60


def make_thumbnail(image: Image.Image) -> bytes:
    """Return a small copy of an image as the bytes of a JPEG file, without its metadata.

    It has at most `SIZE` pixels, and at most about 6 KB: embeddings hold that of every image.

    Args:
        image: of any size and mode.
    """
    scale = min(SIZE[0] / image.width, SIZE[1] / image.height)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    plain = image if image.mode in ("RGB", "L") else image.convert("RGB")
    small = plain.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    small = small if small.mode == "RGB" else small.convert("RGB")
    content = io.BytesIO()
    # Without what Pillow keeps of the original, such as its comment.
    small.info.clear()
    small.save(content, "JPEG", quality=_QUALITY, optimize=True)
    return content.getvalue()


def read_thumbnail(path: Path) -> bytes:
    """Return the thumbnail of a file.

    Raises:
        RejectedImageError: the file can't be used.
    """
    return make_thumbnail(read_image(path).image)
