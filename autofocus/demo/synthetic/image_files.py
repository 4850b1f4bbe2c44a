"""The content of image files."""

import io
from datetime import timedelta
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from autofocus.demo.synthetic.broken import spoil
from autofocus.demo.synthetic.camera import FOOTER, HEIGHT, WIDTH, take
from autofocus.demo.synthetic.kinds import BROKEN, Kind
from autofocus.demo.synthetic.plan import Shot, Stream

QUALITY = 85
MAKE = "AUTOFOCUS SYNTHETIC"
DESCRIPTION = (
    "Synthetic camera-trap photograph made by autofocus make-sample; nothing in it is real"
)
_COMMENT = b"SYNTHETIC photograph made by autofocus make-sample"
_SHORT_ROWS = 150
# The clock of a camera after its battery was empty.
_CLOCK_LOST = timedelta(days=5 * 365)
_LYING = 6  # EXIF orientation: the stored rows, from the first, are the columns from the right
_DESCRIPTION, _MAKE, _MODEL, _ORIENTATION, _DATE_TIME = 0x010E, 0x010F, 0x0110, 0x0112, 0x0132
_EXIF_FOLDER, _DATE_TIME_ORIGINAL = 0x8769, 0x9003


def camera_model(site: int) -> str:
    """Return the model of a site's camera."""
    return f"SYNTHETIC TRAILCAM {100 + site}"


def file_bytes(shot: Shot, seed: int) -> bytes:
    """Return the content of a shot's file, good or broken."""
    if shot.kind in BROKEN and shot.kind is not Kind.TOO_SHORT:
        return spoil(shot.kind, lambda: _encoded(shot, take(shot, seed)))
    return _encoded(
        shot, take(shot, seed), np.random.default_rng([seed, Stream.FILE, shot.number])
    )


def _encoded(shot: Shot, photograph: Image.Image, rng: np.random.Generator | None = None) -> bytes:
    kind, file = shot.kind, io.BytesIO()
    how: dict[str, Any] = {"quality": QUALITY, "comment": _COMMENT}
    if kind is not Kind.NO_EXIF:
        how["exif"] = _exif(shot)
    if kind is Kind.PNG:
        how = {"exif": how["exif"], "pnginfo": _png_text(), "compress_level": 4}
    if kind is Kind.MPO:
        # As cameras do it: the image, then a small preview.
        small = photograph.resize((WIDTH // 4, (HEIGHT + FOOTER) // 4))
        how |= {"save_all": True, "append_images": [small]}
    if kind is Kind.PROGRESSIVE:
        how["progressive"] = True
    name = {Kind.PNG: "PNG", Kind.MPO: "MPO"}.get(kind, "JPEG")
    _changed(kind, photograph, rng).save(file, name, **how)
    return file.getvalue()


def _changed(kind: Kind, photograph: Image.Image, rng: np.random.Generator | None) -> Image.Image:
    if kind is Kind.CMYK:
        return photograph.convert("CMYK")
    if kind is Kind.GRAY:
        return photograph.convert("L")
    if kind is Kind.LYING:
        return photograph.transpose(Image.Transpose.ROTATE_90)
    if kind is Kind.TOO_SHORT:
        return photograph.crop((0, HEIGHT, WIDTH, HEIGHT + _SHORT_ROWS))
    if kind is Kind.TINTED and rng is not None:
        return _tinted(photograph, rng)
    return photograph


def _tinted(photograph: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Make one channel a little brighter in a fifth of the scene, as some cameras do."""
    pixels = np.array(photograph)
    top = int(rng.integers(HEIGHT * 3 // 4))
    part = pixels[top : top + HEIGHT // 5, :, int(rng.choice([0, 2]))]
    # A single level would be lost in JPEG's chroma.
    np.copyto(part, np.minimum(part, 253) + 2)
    return Image.fromarray(pixels)


def _exif(shot: Shot) -> Image.Exif:
    taken = shot.taken - (_CLOCK_LOST if shot.kind is Kind.WRONG_CLOCK else timedelta())
    when = f"{taken:%Y:%m:%d %H:%M:%S}"
    exif = Image.Exif()
    exif[_DESCRIPTION] = DESCRIPTION
    exif[_MAKE], exif[_MODEL] = MAKE, camera_model(shot.site)
    exif[_ORIENTATION] = _LYING if shot.kind is Kind.LYING else 1
    exif[_DATE_TIME] = when
    exif.get_ifd(_EXIF_FOLDER)[_DATE_TIME_ORIGINAL] = when
    return exif


def _png_text() -> PngImagePlugin.PngInfo:
    text = PngImagePlugin.PngInfo()
    text.add_text("Description", DESCRIPTION)
    return text
