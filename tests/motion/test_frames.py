"""Claims about the frames in memory."""

import numpy as np
from PIL import Image

from autofocus.motion.frames import SmallFrames


class Photographs:
    """Counts how often each photograph is read."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, name: str) -> Image.Image:
        self.read.append(name)
        return Image.new("RGB", (64, 48), (int(name), 90, 60))


def test_memory_holds_no_more_than_is_allowed() -> None:
    """However many frames are asked for, few stay."""
    frames = SmallFrames(Photographs(), 32, kept=5)
    for number in range(40):
        frames.get(str(number))
        assert len(frames) <= 5


def test_what_was_asked_for_last_is_not_read_again() -> None:
    """Neighbours that overlap cost one reading each."""
    photographs = Photographs()
    frames = SmallFrames(photographs, 32, kept=3)
    for name in ("1", "2", "3", "1", "4", "1"):
        frames.get(name)
    assert photographs.read == ["1", "2", "3", "4"]


def test_the_longer_side_is_as_asked() -> None:
    """A frame keeps its shape."""
    small = SmallFrames(Photographs(), 32).get("1")
    assert small is not None
    assert small.contrast.shape == (24, 32)
    assert small.contrast.dtype == np.float32
