"""Tests of image formats besides JPEG and PNG in `preprocess_images`."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from tests.images.pictures import DATE_TIME, MAKE, Pixels, exif, hills, write

SETTINGS = PreprocessSettings(trim_bottom=8, min_side=16, jobs=1, max_rejected=1.0)
TAGS = {MAKE: "RECONYX", DATE_TIME: "2016:07:05 14:03:09"}
PICTURE: Pixels = hills(48, 40)


def write_heic(path: Path) -> None:
    import pillow_heif

    path.parent.mkdir(parents=True, exist_ok=True)
    image = pillow_heif.from_pillow(Image.fromarray(PICTURE))
    image.save(path, exif=exif(TAGS).tobytes(), quality=95)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_deflate", "packbits", "jpeg", None])
def test_a_compressed_tiff_is_an_image(tmp_path: Path, compression: str | None) -> None:
    """A TIFF is preprocessed and keeps its time, whatever its compression."""
    how = {"compression": compression, "exif": exif(TAGS)}
    write(tmp_path / "in" / "x.tif", PICTURE, "TIFF", **how)
    result = preprocess_images(tmp_path / "in", tmp_path / "out", SETTINGS)
    (row,) = table(result.properties)
    assert (row["date"], row["time"], row["width"]) == ("2016-07-05", "14:03:09", "48")
    with Image.open(tmp_path / "out" / "x.tif") as image:
        assert (image.format, image.size) == ("TIFF", (24, 16))


def test_other_formats_are_images_without_an_option(tmp_path: Path) -> None:
    """HEIC, HEIF, TIFF and WEBP are inputs by default, with time and camera, under their names."""
    write(tmp_path / "in" / "a.webp", PICTURE, "WEBP", exif=exif(TAGS))
    write(tmp_path / "in" / "b.TIFF", PICTURE, "TIFF", exif=exif(TAGS))
    write_heic(tmp_path / "in" / "c.HEIC")
    write_heic(tmp_path / "in" / "d.heif")
    result = preprocess_images(tmp_path / "in", tmp_path / "out", SETTINGS)
    rows = table(result.properties)
    assert [row["filepath"] for row in rows] == ["a.webp", "b.TIFF", "c.HEIC", "d.heif"]
    assert {(row["date"], row["camera_make"]) for row in rows} == {("2016-07-05", "RECONYX")}
    # Preprocessed again, what Pillow can't write has become a JPEG of the same name.
    with Image.open(tmp_path / "out" / "c.HEIC") as image:
        assert (image.format, image.size) == ("JPEG", (24, 16))
    again = preprocess_images(tmp_path / "out", tmp_path / "again", SETTINGS)
    assert again.counts.ok == 4


def test_a_broken_heic_is_truncated(tmp_path: Path) -> None:
    """Half of a HEIC file is rejected for what it is."""
    write_heic(tmp_path / "in" / "x.heic")
    content = (tmp_path / "in" / "x.heic").read_bytes()
    (tmp_path / "in" / "x.heic").write_bytes(content[: len(content) // 2])
    result = preprocess_images(tmp_path / "in", tmp_path / "out", SETTINGS)
    assert table(result.ledger)[0]["reason"] == "truncated"


def test_without_its_package_a_heic_is_rejected_with_advice(tmp_path: Path) -> None:
    """Without pillow-heif the other images are done, and the ledger says what to install."""
    write_heic(tmp_path / "in" / "a.heic")
    write(tmp_path / "in" / "b.JPG", PICTURE)
    program = (
        "import sys; sys.modules['pillow_heif'] = None; "
        "from autofocus.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    words = ["preprocess_images", "--indir", tmp_path / "in", "--outdir", tmp_path / "out"]
    options = ["--trim-bottom", "8", "--max-rejected", "1"]
    done = [sys.executable, "-c", program, *map(str, words), *options]
    subprocess.run(done, check=True, capture_output=True)
    first, second = table(tmp_path / "out" / "ledger.csv")
    assert (first["reason"], second["status"]) == ("unreadable", "ok")
    assert "pip install 'autofocus[heif]'" in first["detail"]


def test_an_output_of_other_extensions_goes_on(tmp_path: Path) -> None:
    """Images of formats that an earlier run ignored are added, and its own are reused."""
    write(tmp_path / "in" / "a.JPG", PICTURE)
    write(tmp_path / "in" / "b.tif", PICTURE, "TIFF")
    narrow = PreprocessSettings(extensions=("JPG", "JPEG", "PNG"), trim_bottom=8, min_side=16)
    preprocess_images(tmp_path / "in", tmp_path / "out", narrow)
    # As earlier versions recorded it.
    memory = tmp_path / "out" / ".autofocus" / "preprocess_images" / "settings.json"
    recorded = json.loads(memory.read_text())["value"] | {"extensions": ["JPG", "JPEG", "PNG"]}
    memory.write_text(json.dumps(recorded))
    result = preprocess_images(tmp_path / "in", tmp_path / "out", SETTINGS)
    assert (result.counts.reused, result.counts.ok) == (1, 1)
