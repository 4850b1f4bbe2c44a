"""Make the photographs in `input/`; README.md tells what is in each and what must come out.

    python tests/golden/preprocess_images/make_input.py

The scenes are of constant colours which JPEG at quality 95 brings back exactly; this is checked.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
Colour = int | tuple[int, int, int]

INPUT = Path(__file__).parent / "input"
HEADER, FOOTER = 16, 24
MAKE, MODEL, ORIENTATION, DATE_TIME = 0x010F, 0x0110, 0x0112, 0x0132
EXIF_FOLDER, DATE_TIME_ORIGINAL = 0x8769, 0x9003


def scene(rows: int, *stripes: tuple[int, Colour]) -> Pixels:
    """Return stripes beside each other, each so many columns wide, in one colour."""
    parts = [
        np.broadcast_to(np.array(colour, np.uint8), (rows, width, 3)) for width, colour in stripes
    ]
    return np.concatenate(parts, axis=1)


def between_bars(picture: Pixels) -> Pixels:
    """Put a black header above the scene, and below it a white footer with a red logo."""
    header = np.zeros((HEADER, picture.shape[1], 3), np.uint8)
    footer = np.full((FOOTER, picture.shape[1], 3), 255, np.uint8)
    footer[4:20, 4:36] = (230, 0, 0)
    return np.concatenate([header, picture, footer])


def exif(tags: dict[int, Any], original: str | None = None) -> Image.Exif:
    """Return EXIF data with these tags, and DateTimeOriginal where it is given."""
    data = Image.Exif()
    for tag, value in tags.items():
        data[tag] = value
    if original is not None:
        data.get_ifd(EXIF_FOLDER)[DATE_TIME_ORIGINAL] = original
    return data


def encoded(pixels: Pixels | Image.Image, data: Image.Exif | None = None) -> bytes:
    """Return a JPEG file's bytes."""
    file = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(
        file, "JPEG", quality=95, subsampling=0, exif=Image.Exif() if data is None else data
    )
    return file.getvalue()


def write(name: str, content: bytes) -> None:
    """Write one file below `input/`."""
    path = INPUT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def write_photograph(name: str, picture: Pixels, data: Image.Exif | None = None) -> None:
    """Write a scene between bars as JPEG, and check that its colours come back."""
    content = encoded(between_bars(picture), data)
    with Image.open(io.BytesIO(content)) as image:
        decoded = np.asarray(image)[HEADER:-FOOTER]
    if not np.array_equal(decoded, picture):
        raise ValueError(f"{name}: JPEG doesn't bring back these colours; choose others")
    write(name, content)


def make_photographs() -> None:
    """Write the photographs that can be used."""
    two_colours = scene(96, (32, (200, 119, 40)), (96, (39, 80, 160)))
    camera = {MAKE: "RECONYX", MODEL: "HC500 HYPERFIRE"}
    write_photograph(
        "day/two colours.JPG",
        two_colours,
        exif(camera | {DATE_TIME: "2019:01:02 03:04:05"}, "2016:07:05 14:03:09"),
    )
    write_photograph(
        "night/tinted.JPG",
        scene(96, (32, (90, 90, 90)), (96, (100, 100, 102))),
        exif({MAKE: "Moultrie\0\0\0\0", MODEL: "M-990i"}, "2016:07:05 23:59:59"),
    )
    write_photograph(
        "night/at the tolerance.JPG",
        scene(96, (128, (90, 90, 92))),
        exif({DATE_TIME: "0000:00:00 00:00:00"}, "0000:00:00 00:00:00"),
    )
    write_photograph(
        "night/beyond the tolerance.JPG",
        scene(96, (128, (120, 121, 123))),
        exif({DATE_TIME: "2016:07:06 00:00:00"}, "0000:00:00 00:00:00"),
    )
    write_photograph(
        "tall!!/upright.JPG", scene(128, (96, (200, 119, 40))), exif({}, "2016:02:29 12:00:00")
    )


def make_others() -> None:
    """Write the photographs of another mode, format and orientation."""
    gray = Image.fromarray(between_bars(scene(96, (128, 60)))[..., 1])
    write("night/gray.jpeg", encoded(gray, exif({DATE_TIME: "2016:07:04 04:05:06"})))
    plain = between_bars(scene(80, (160, (60, 110, 50))))
    file = io.BytesIO()
    Image.fromarray(plain).save(file, "PNG")
    write("no exif/plain.PNG", file.getvalue())
    upright = between_bars(scene(96, (32, (150, 60, 60)), (96, (60, 110, 49))))
    # EXIF 6: the first stored row is the right side, the first stored column is the top.
    lying = np.ascontiguousarray(upright[:, ::-1].swapaxes(0, 1))
    write("turned/lying.JPG", encoded(lying, exif({ORIENTATION: 6}, "2016:07:05 14:03:10")))


def make_broken() -> None:
    """Write what can't be used."""
    whole = encoded(between_bars(scene(96, (128, (200, 119, 40)))))
    write("broken/cut.JPG", whole[: len(whole) * 2 // 3])
    write("broken/empty.JPG", b"")
    write("broken/text.JPG", b"This is no photograph.\n")
    write("broken/._two colours.JPG", b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ")
    write("broken/short.JPG", encoded(between_bars(scene(0, (128, 0)))))
    write("notes.txt", b"A file that is no input, as its name does not end like a photograph's.\n")


if __name__ == "__main__":
    make_photographs()
    make_others()
    make_broken()
