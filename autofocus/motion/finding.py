"""Finding what moved on a photograph.

A trap camera stands still. The median of a frame's neighbours, pixel by pixel, is its background;
what differs from that by much more than the neighbours differ among themselves has moved: leaves
and water, which always move, differ always. Frames are compared by their local contrast, so that a
change of light is none of the scene, and laid over each other first, as wind shakes cameras.

The frames of the same burst go first, as seconds change neither shadows nor plants. What stood
still in all of them is looked for against frames from before and after.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from autofocus.grouping.frames import Frame
from autofocus.grouping.sequences import find_sequences
from autofocus.motion.boxes import Box
from autofocus.motion.components import Component, find_components
from autofocus.motion.filters import Grey, blur, find_shift
from autofocus.motion.frames import Small, SmallFrames
from autofocus.motion.neighbours import Neighbourhood
from autofocus.motion.settings import MotionSettings

# A normal distribution's deviation is so many times its median deviation.
_TO_DEVIATION = 1.4826
# The deviations that are believed, in units of local contrast, from least to most. Few neighbours
# tell little: within a burst, an animal that is on one of them is not to be taken for what always
# moves; from other hours, much differs that they don't tell of.
_DEVIATIONS, _OF_FEW_IN_BURST, _OF_FEW = (0.2, np.inf), (0.2, 0.3), (0.4, np.inf)
_FEW = 4
# With itself, so many others of a burst show at most places the background.
_BURST = 2
# Cameras shake by so much of the frame's longer side at most.
_MOST_SHAKE = 0.04
# Frames of one scene are at least so much alike in their local contrast; a folder may hold several
# scenes, as when a camera was moved.
_SAME_SCENE = 0.35
# What differs on so much of the frame is no animal, but the camera or the light.
_ALL = 0.6
# Digits in a strip of so much of the height at the top or the bottom change each second; what has
# its centre of mass there is no animal.
_STRIP = 0.08
# Parts that are at least so heavy, of the heaviest, are looked at as well.
_HEAVY = 0.25
# So much of the frame, changed by the high threshold, is half a mass.
_HALF_MASS = 0.02


class MotionFinder:
    """Finds what moved on photographs; several threads may ask at once.

    What is found on a frame depends on it and its neighbours alone.

    Args:
        frames: all that there are, of any cameras.
        read: gives a photograph by the name of its frame; where it raises RejectedImageError,
            the photograph is no neighbour.
        settings: how to look.
    """

    def __init__(
        self,
        frames: Sequence[Frame],
        read: Callable[[str], Image.Image],
        settings: MotionSettings = MotionSettings(),
    ) -> None:
        self.settings = settings
        self._neighbours = Neighbourhood(frames, settings.neighbours)
        self._bursts = find_sequences(frames, settings.gap_s)
        self._frames = SmallFrames(read, settings.side)

    def neighbours(self, name: str) -> tuple[str, ...]:
        """Return with which others a frame is compared, the nearest first."""
        return self._neighbours.of(name)

    def box(self, name: str) -> Box:
        """Return where something moved, or the whole frame and why."""
        small = self._frames.get(name)
        if small is None:
            return Box(detail="the photograph can't be read")
        others = self._alike(name, small)
        if not others:
            return Box(detail="no other frame of this scene in the same light")
        burst = [other for near, other in others.items() if self._is_of_burst(near, name)]
        if len(burst) >= _BURST:
            box = self._box(measure_change(small.contrast, burst, in_burst=True), len(burst))
            if box.status == "motion" or len(burst) == len(others):
                return box
        every = list(others.values())
        return self._box(measure_change(small.contrast, every), len(every))

    def _is_of_burst(self, one: str, other: str) -> bool:
        return bool(self._bursts[one]) and self._bursts[one] == self._bursts[other]

    def _alike(self, name: str, small: Small) -> dict[str, Grey]:
        """Return the nearest frames that show the same scene in the same light, laid over it."""
        most = max(1, round(_MOST_SHAKE * max(small.contrast.shape)))
        found: dict[str, Grey] = {}
        for neighbour in self.neighbours(name):
            other = self._frames.get(neighbour)
            if other is None or other.infrared != small.infrared:
                continue
            if other.contrast.shape != small.contrast.shape:
                continue
            laid = _laid_over(small, other, most)
            if _correlation(small.contrast, laid) >= _SAME_SCENE:
                found[neighbour] = laid
            if len(found) == self.settings.compared:
                break
        return found

    def _box(self, change: Grey, frames: int) -> Box:
        settings = self.settings
        height, width = change.shape
        if (change > settings.low).mean() > _ALL:
            return Box(frames=frames, detail="nearly all differs: the camera or the light changed")
        components = [
            one
            for one in find_components(change, settings.low, settings.high)
            if not _is_in_strip(one, height)
        ]
        if not components:
            return Box(frames=frames, detail="nothing moved")
        moved = join_heavy(components)
        mass = moved.mass / (settings.high * change.size)
        left, top, right, bottom = _square(moved, width, height, settings)
        return Box(
            round(left / width, 4),
            round(top / height, 4),
            round((right - left) / width, 4),
            round((bottom - top) / height, 4),
            round(mass / (mass + _HALF_MASS), 4),
            frames,
            "motion",
        )


def measure_change(frame: Grey, others: Sequence[Grey], *, in_burst: bool = False) -> Grey:
    """Return how much each pixel differs from the background, in units of its usual deviation.

    Args:
        frame: the frame's local contrast, shape (H, W).
        others: that of its neighbours, laid over it.
        in_burst: whether they were all taken within the same seconds.

    Returns:
        Shape (H, W), smoothed.
    """
    stack = np.stack(others)
    # With itself among them: of three frames of a burst, at each place two show the background.
    background = np.median(np.concatenate([stack, frame[None]]), axis=0)
    deviation = _TO_DEVIATION * np.median(np.abs(stack - background), axis=0)
    # One pixel's median over a few frames is rough; its surroundings behave alike.
    deviation = blur(deviation.astype(np.float32), 2)
    least, most = _DEVIATIONS
    if len(others) < _FEW:
        least, most = _OF_FEW_IN_BURST if in_burst else _OF_FEW
    change = np.abs(frame - background) / np.clip(deviation, least, most)
    radius = max(1, max(change.shape) // 96)
    return blur(blur(change.astype(np.float32), radius), radius)


def _correlation(one: Grey, other: Grey) -> float:
    """Return how much alike two frames are, -1 to 1."""
    a, b = one - one.mean(), other - other.mean()
    return float((a * b).sum() / (np.sqrt((a * a).sum() * (b * b).sum()) + 1e-9))


def _laid_over(frame: Small, other: Small, most: int) -> NDArray[np.float32]:
    down, right = find_shift(frame.spectrum, other.spectrum, most)
    if not (down or right):
        return other.contrast
    moved = np.roll(other.contrast, (down, right), axis=(0, 1))
    # What came in at the edges is unknown, and counts as unchanged.
    for axis, shift in enumerate((down, right)):
        edge = slice(0, shift) if shift > 0 else slice(shift, None) if shift < 0 else slice(0, 0)
        place = (edge, slice(None)) if axis == 0 else (slice(None), edge)
        moved[place] = frame.contrast[place]
    return moved


def _is_in_strip(one: Component, height: int) -> bool:
    return not _STRIP * height <= one.row <= (1 - _STRIP) * height


def join_heavy(components: Sequence[Component]) -> Component:
    """Return the heaviest part, with others that are nearly as heavy.

    Args:
        components: the heaviest first.
    """
    moved = components[0]
    for one in components[1:]:
        if one.mass >= _HEAVY * components[0].mass:
            moved = moved.joined(one)
    return moved


def _square(
    moved: Component, width: int, height: int, settings: MotionSettings
) -> tuple[float, float, float, float]:
    """Return the square around what moved, with a margin, moved into the frame.

    What is longer than the frame is high keeps its length: it is no square then.
    """
    longer = max(moved.right - moved.left, moved.bottom - moved.top)
    least = settings.least_side * min(width, height)
    side = max(longer * (1 + 2 * settings.margin), least)
    across, down = min(side, width), min(side, height)
    left = min(max((moved.left + moved.right - across) / 2, 0), width - across)
    top = min(max((moved.top + moved.bottom - down) / 2, 0), height - down)
    return left, top, left + across, top + down
