"""Claims about date and time of images in preprocess_images."""

import struct
from pathlib import Path

from PIL import Image

from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from tests.images.pictures import encoded, hills


def test_images_whose_moment_was_not_understood_are_read_again(tmp_path: Path) -> None:
    """What an earlier version recorded without its moment is read once more, and then reused."""
    note = b"\x01\xf1\x03\0".ljust(0x16, b"\0") + struct.pack("<6H", 31, 8, 9, 5, 7, 2016)
    file = Image.Exif()
    file.get_ifd(0x8769)[0x927C] = note
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.JPG").write_bytes(encoded(hills(64, 64), "JPEG", exif=file))
    (tmp_path / "in" / "b.JPG").write_bytes(encoded(hills(64, 64), "JPEG"))
    settings = PreprocessSettings(trim_bottom=0, min_side=32)
    indir, outdir = tmp_path / "in", tmp_path / "out"
    result = preprocess_images(indir, outdir, settings)
    assert result.notes == ("1 of 2 images has no date and time (EXIF)",)
    assert "a.JPG,2016-05-07,09:08:31" in result.properties.read_text()
    journal = outdir / ".autofocus" / "preprocess_images" / "finished.jsonl"
    before = journal.read_text()
    journal.write_text(before.replace('"reading": 2', '"reading": 1'))
    assert journal.read_text() != before
    assert preprocess_images(indir, outdir, settings).counts.ok == 2
    assert preprocess_images(indir, outdir, settings).counts.reused == 2
