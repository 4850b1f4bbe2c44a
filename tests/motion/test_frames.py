"""Claims about the frames in memory."""

import time
from concurrent.futures import ThreadPoolExecutor

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


def test_threads_that_need_one_frame_read_it_once() -> None:
    """Neighbouring frames are compared with the same others at the same time."""
    read: list[str] = []

    def slowly(name: str) -> Image.Image:
        read.append(name)
        time.sleep(0.02)
        return Image.new("L", (64, 48), 90)

    frames = SmallFrames(slowly, 32)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(frames.get, ["a", "a", "a", "b", "b", "a"]))
    assert sorted(read) == ["a", "b"]
    assert found[0] is found[1] is found[5]
