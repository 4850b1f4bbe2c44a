"""Tests of image files that are read once into memory, or as they are needed."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autofocus.errors import RejectedImageError
from autofocus.images import content
from autofocus.images.content import Content
from autofocus.images.preparing import Preparation
from autofocus.images.reading import DecodedImage, read_image
from autofocus.runs.ledger import Reason
from tests.images.pictures import encoded, hills

FORMATS = ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"]
PREPARATION = Preparation(trim_bottom=10, min_side=40)
# A file whose pixels end too early.
CUT = 0.6


@pytest.fixture(params=FORMATS)
def whole(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return an image in one of the formats."""
    path = tmp_path / "image"
    path.write_bytes(encoded(hills(160, 120), picture_format=request.param))
    return path


@pytest.fixture
def cut(whole: Path) -> Path:
    """Return one whose pixels end too early."""
    data = whole.read_bytes()
    whole.write_bytes(data[: int(CUT * len(data))])
    return whole


def seen(decoded: DecodedImage) -> object:
    return (np.asarray(decoded.image).tolist(), decoded.capture, decoded.width, decoded.height)


def rejection(source: Path | Content) -> tuple[str, str]:
    with pytest.raises(RejectedImageError) as caught:
        read_image(source, PREPARATION)
    return caught.value.reason, caught.value.detail


def test_bytes_are_read_like_their_file(whole: Path) -> None:
    """An image that was never on the disk is prepared like its file."""
    from_file = read_image(whole, PREPARATION)
    from_bytes = read_image(Content.of_bytes(whole.read_bytes()), PREPARATION)
    assert seen(from_bytes) == seen(from_file)


def test_large_files_are_read_like_others(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image too large to be kept in memory is prepared like one that isn't."""
    from_memory = read_image(whole, PREPARATION)
    monkeypatch.setattr(content, "_MAX_IN_MEMORY", 100)
    assert Content.of_file(whole).data is None
    assert seen(read_image(whole, PREPARATION)) == seen(from_memory)


def test_bytes_are_rejected_like_their_file(cut: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged image is rejected in the same words, wherever its bytes are."""
    from_file = rejection(cut)
    assert rejection(Content.of_bytes(cut.read_bytes())) == from_file
    monkeypatch.setattr(content, "_MAX_IN_MEMORY", 100)
    assert rejection(cut) == from_file


def test_no_bytes_are_an_empty_file() -> None:
    """Nothing is rejected like a file without bytes."""
    with pytest.raises(RejectedImageError) as caught:
        Content.of_bytes(b"")
    assert caught.value.reason is Reason.EMPTY_FILE


def test_a_header_takes_no_whole_file(tmp_path: Path) -> None:
    """Where only the header is needed, the pixels are not read."""
    path = tmp_path / "image.JPG"
    Image.new("RGB", (400, 300)).save(path)
    assert Content.of_file(path, whole=False).data is None
