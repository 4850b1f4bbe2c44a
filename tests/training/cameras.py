"""Three cameras' prepared images, of which some have labels, for tests of boxes."""

from pathlib import Path

import numpy as np
from PIL import Image as Pixels

from autofocus.images.capture import Capture, to_exif
from autofocus.link_images_by_label import link_images_by_label

WIDTH, HEIGHT, FRAMES = 64, 48, 12
# A folder of two sites, a camera with the folders of its card, and a plain one.
SITES = ("D03-AMP1", "R05-WWP1")
PATTERN = r"(?P<location>[A-Z]\d\d-[A-Z]{3}\d)"


def name_of(camera: int, number: int) -> str:
    return (
        f"flat/CHIL - {SITES[number % 2]}-JU16_{number:02}.JPG",
        f"north/DCIM/10{number // 6}RECNX/IMG_{number:04}.JPG",
        f"south/{number:02}.JPG",
    )[camera]


def draw(path: Path, number: int, camera: int, *, day: int | None = None) -> None:
    """Write a frame: the camera's ground, a bright stone, and now and then an animal."""
    ground = np.random.default_rng(camera).normal(100, 12, (HEIGHT, WIDTH))
    pixels = ground + np.random.default_rng([camera, number]).normal(0, 2, ground.shape)
    pixels[8:14, 8:14] = 250
    if number % 3 == 1:
        left = 20 + 2 * number
        pixels[24:36, left : left + 14] = 150 + 25 * (np.arange(14) // 2 % 2)
    path.parent.mkdir(parents=True, exist_ok=True)
    date = f"2016-07-{1 + (number // 3 if day is None else day):02}"
    exif = to_exif(Capture(date, f"{6 + number}:00:0{number % 2}", "DateTimeOriginal"))
    grey = np.clip(pixels, 0, 255).astype(np.uint8)
    Pixels.fromarray(grey).convert("RGB").save(path, quality=95, exif=exif)


def make_cameras(root: Path) -> Path:
    """Make prepared images of three cameras, of which a third has labels, and links to those.

    The table gives locations and sequences that nothing but a table can tell.
    """
    folder = root / "prepared"
    rows = ["filepath,label,location,sequence"]
    for camera in range(3):
        for number in range(FRAMES):
            name = name_of(camera, number)
            draw(folder / name, number, camera)
            if number % 3 == 1:
                label = ("fox", "deer")[number % 2]
                rows.append(f"prepared/{name},{label},site {number % 4},burst")
    for name in ("image_properties.csv", "preparation.json"):
        (folder / name).write_text("{}")
    (root / "labels.csv").write_text("\n".join(rows))
    link_images_by_label(root / "labels.csv", root / "links")
    # Of one image without a label the pixels are cut off, and another file is no image.
    path = folder / name_of(2, 5)
    path.write_bytes(path.read_bytes()[:1500])
    (folder / name_of(2, 6)).write_text("text")
    return folder
