"""Tests of JPEG files that libjpeg decodes and only warns of."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autofocus.errors import RejectedImageError
from autofocus.images.decoding import decode, open_image
from autofocus.images.integrity.jpeg_stream import has_hole, rebuild
from autofocus.runs.ledger import Reason
from tests.images.pictures import encoded, hills

WHOLE = encoded(hills(320, 240), quality=85)


def outcome(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    try:
        with open_image(path) as opened:
            decode(opened)
    except RejectedImageError as error:
        return str(Reason(error.reason).value)
    return "ok"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (WHOLE[: len(WHOLE) // 2] + b"\xff\xd9", "truncated"),
        (WHOLE[:3000] + bytes(512) + WHOLE[3512:], "truncated"),
        (WHOLE[:3000] + b"\xff" * 512 + WHOLE[3512:], "truncated"),
        (WHOLE[:-2], "ok"),
        (WHOLE[:-2] + bytes(200) + WHOLE[-2:], "ok"),
        (WHOLE[:-2] + b"\xff" * 200 + WHOLE[-2:], "ok"),
        (WHOLE[:-2] + b"\x12" + WHOLE[-2:], "ok"),
        (WHOLE + b"\xff\xd8 a second image", "ok"),
        (WHOLE[:20] + b"garbage" + WHOLE[20:], "ok"),
    ],
)
def test_warnings(tmp_path: Path, content: bytes, expected: str) -> None:
    """Lost pixels are damage; fill bytes, a missing end and stray bytes are not."""
    assert outcome(tmp_path / "x.jpg", content) == expected


def test_holes() -> None:
    """A run of zeros among the coded pixels is a hole; behind them it is not."""
    assert has_hole(WHOLE[:3000] + bytes(512) + WHOLE[3512:])
    assert not has_hole(WHOLE[:-2] + b"\xff\xd9" + bytes(512))


def test_dark_images_of_zeros_are_sound(tmp_path: Path) -> None:
    """Where the code of a flat block is all zeros, a run of zeros is no hole."""
    black = encoded(np.zeros((400, 2000), dtype=np.uint8), optimize=True)
    assert bytes(64) in black
    assert outcome(tmp_path / "x.jpg", black) == "ok"


@pytest.mark.parametrize("shrink", [1.0, 0.5, 0.25, 0.125])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("how", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
def test_pixels_are_those_of_pillow(
    tmp_path: Path, shrink: float, mode: str, how: dict[str, object]
) -> None:
    """The decoder that warns gives the pixels that Pillow gives, at any scale."""
    path = tmp_path / "x.jpg"
    Image.fromarray(hills(331, 243)).convert(mode).save(path, **how)  # type: ignore[arg-type]
    with open_image(path) as opened:
        ours = decode(opened, shrink)[0]
    with Image.open(path) as image:
        image.draft(None, tuple(int(np.ceil(side * shrink)) for side in image.size))  # type: ignore[arg-type]
        theirs = image.convert("L" if mode == "L" else "RGB")
    assert ours.size == theirs.size
    assert ours.tobytes() == theirs.tobytes()


def test_missing_scans(tmp_path: Path) -> None:
    """A progressive file that ends between two scans is truncated, though nothing warns of it."""
    whole = encoded(hills(320, 240), progressive=True)
    last = whole.rfind(b"\xff\xc4")
    assert outcome(tmp_path / "x.jpg", whole[:last] + b"\xff\xd9") == "truncated"


def test_rebuilt_files_show_the_same() -> None:
    """What is left out of a rebuilt file is nothing that its pixels need."""
    with Image.open(io.BytesIO(WHOLE)) as one, Image.open(io.BytesIO(rebuild(WHOLE))) as two:
        assert one.tobytes() == two.tobytes()


def test_what_pillow_knows_of_a_file_is_kept(tmp_path: Path) -> None:
    """A comment goes on into what is made of an image, as it does with Pillow's decoder."""
    path = tmp_path / "x.jpg"
    path.write_bytes(encoded(hills(64, 48), comment=b"from a camera"))
    with open_image(path) as opened:
        assert decode(opened)[0].info["comment"] == b"from a camera"
