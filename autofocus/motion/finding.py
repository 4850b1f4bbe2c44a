"""Motion detection by background subtraction.

A trap camera stands still. The median of a frame's neighbours, pixel by pixel, is its background,
and what differs from that by much more than the neighbours differ among themselves is motion; so
leaves and water, which always move, are not. Frames are compared by their local contrast, so that
a change of the light is not a change of the scene, and are aligned first, because wind shakes
cameras.

A frame is compared with its own sequence first, as shadows and plants change little in seconds.
An animal that stands still in the whole sequence is detected against frames from before and after.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from autofocus.boxes.box import OTHER_TIMES, Box
from autofocus.boxes.crop_shape import CropShape, Edges
from autofocus.grouping.frames import Frame
from autofocus.grouping.sequences import SequenceRule, find_sequences
from autofocus.motion.components import Component, find_components
from autofocus.motion.extent import find_extent, remove_ghosts
from autofocus.motion.filters import Grey, blur, find_shift, median
from autofocus.motion.frames import Small, SmallFrames
from autofocus.motion.neighbours import Neighbourhood
from autofocus.motion.settings import MotionSettings

# The standard deviation of a normal distribution by its median absolute deviation.
_TO_DEVIATION = 1.4826
# Limits of the estimated deviation, in units of local contrast. Few neighbours give a poor
# estimate: within a sequence, an animal in one of them must not count as what always moves; from
# other hours, much differs that they don't show.
_DEVIATIONS, _OF_FEW_IN_BURST, _OF_FEW = (0.2, np.inf), (0.2, 0.3), (0.4, np.inf)
_FEW = 4
# The number of other frames of a sequence that, with the frame itself, show the background in most
# places.
_BURST = 2
# The maximum shake of a camera, as a share of the frame's longer side.
_MOST_SHAKE = 0.04
# The minimum correlation of the local contrast of frames of one scene; a folder may hold several
# scenes, for example if a camera was moved.
_SAME_SCENE = 0.35
# The share of the frame above which a change is of the camera or the light, not an animal.
_ALL = 0.6
# The height of the strips at top and bottom, as a share of the frame's, in which the camera prints
# digits that change: components with their centre of mass there are ignored.
_STRIP = 0.08
# Components of at least this share of the mass of the heaviest are included in the box.
_HEAVY = 0.25
# The mass that scores 0.5: this share of the frame, changed by the high threshold.
_HALF_MASS = 0.02


class MotionFinder:
    """Detects motion in images; safe to use from several threads.

    The result for a frame depends on it and its neighbours alone.

    Args:
        frames: all frames, of any cameras.
        read: reads an image by the name of its frame; where it raises RejectedImageError, the
            image is not compared with others.
        settings: the settings of the detection.
    """

    def __init__(
        self,
        frames: Sequence[Frame],
        read: Callable[[str], Image.Image],
        settings: MotionSettings = MotionSettings(),
    ) -> None:
        self.settings = settings
        self._neighbours = Neighbourhood(frames, settings.neighbours)
        self._bursts = find_sequences(frames, SequenceRule(settings.gap_s))
        self._frames = SmallFrames(read, settings.side)

    @property
    def names(self) -> tuple[str, ...]:
        """The frames camera by camera, in the order in which they were taken."""
        return self._neighbours.names

    def neighbours(self, name: str) -> tuple[str, ...]:
        """Return the frames that a frame may be compared with, the nearest first."""
        return self._neighbours.of(name)

    def box(self, name: str) -> Box:
        """Return the box around motion, or the whole frame and why."""
        small = self._frames.get(name)
        if small is None:
            return Box(detail="the photograph can't be read")
        others = self._comparable(name, small)
        if not others:
            return Box(detail="no other frame of this scene in the same light")
        burst = [other for near, other in others.items() if self._is_of_burst(near, name)]
        if len(burst) >= _BURST:
            change = measure_change(small.contrast, burst, in_burst=True)
            rest = [other for near, other in others.items() if not self._is_of_burst(near, name)]
            if self.settings.tight and len(rest) >= _BURST:
                change = remove_ghosts(change, small.contrast, burst, rest)
            box = self._box(change, len(burst))
            if box.is_found or len(burst) == len(others):
                return box
        every = list(others.values())
        box = self._box(measure_change(small.contrast, every), len(every))
        # Boxes of earlier models, and their table, say nothing of it.
        return replace(box, detail=OTHER_TIMES) if box.is_found and self.settings.tight else box

    def _is_of_burst(self, one: str, other: str) -> bool:
        return bool(self._bursts[one]) and self._bursts[one] == self._bursts[other]

    def _comparable(self, name: str, small: Small) -> dict[str, Grey]:
        """Return the nearest frames of the same scene in the same light, aligned with this one."""
        most = max(1, round(_MOST_SHAKE * max(small.contrast.shape)))
        found: dict[str, Grey] = {}
        for neighbour in self.neighbours(name):
            other = self._frames.get(neighbour)
            if other is None or other.infrared != small.infrared:
                continue
            if other.contrast.shape != small.contrast.shape:
                continue
            laid = _aligned(small, other, most)
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
        left, top, right, bottom = self._edges(change, components[0], moved)
        return Box(
            round(left / width, 4),
            round(top / height, 4),
            round((right - left) / width, 4),
            round((bottom - top) / height, 4),
            round(mass / (mass + _HALF_MASS), 4),
            frames,
            "motion",
        )

    def _edges(self, change: Grey, heaviest: Component, moved: Component) -> Edges:
        """Return the edges of the box, in pixels of the compared frames."""
        if self.settings.tight:
            extent = find_extent(change, heaviest)
            return extent.left, extent.top, extent.right, extent.bottom
        shape = CropShape(self.settings.margin, self.settings.least_side)
        height, width = change.shape
        return shape.square((moved.left, moved.top, moved.right, moved.bottom), (width, height))


def measure_change(frame: Grey, others: Sequence[Grey], *, in_burst: bool = False) -> Grey:
    """Return the difference of each pixel from the background, in usual deviations.

    Args:
        frame: the frame's local contrast, shape (H, W).
        others: that of its neighbours, aligned with it.
        in_burst: whether all are of the same sequence.

    Returns:
        The smoothed difference, shape (H, W).
    """
    stack = np.stack(others)
    # The frame itself is included: of a sequence of three, two show the background everywhere.
    background = median([*others, frame])
    deviation = _TO_DEVIATION * median(np.abs(stack - background))
    # The median over a few frames is a rough estimate for one pixel; its neighbours behave alike.
    deviation = blur(deviation.astype(np.float32), 2)
    least, most = _DEVIATIONS
    if len(others) < _FEW:
        least, most = _OF_FEW_IN_BURST if in_burst else _OF_FEW
    change = np.abs(frame - background) / np.clip(deviation, least, most)
    radius = max(1, max(change.shape) // 96)
    return blur(blur(change.astype(np.float32), radius), radius)


def _correlation(one: Grey, other: Grey) -> float:
    """Return the correlation of two frames, -1 to 1."""
    a, b = one - one.mean(), other - other.mean()
    return float((a * b).sum() / (np.sqrt((a * a).sum() * (b * b).sum()) + 1e-9))


def _aligned(frame: Small, other: Small, most: int) -> NDArray[np.float32]:
    down, right = find_shift(frame.spectrum, other.spectrum, most)
    if not (down or right):
        return other.contrast
    moved = np.roll(other.contrast, (down, right), axis=(0, 1))
    # The pixels that come in at the edges are unknown, and count as unchanged.
    for axis, shift in enumerate((down, right)):
        edge = slice(0, shift) if shift > 0 else slice(shift, None) if shift < 0 else slice(0, 0)
        place = (edge, slice(None)) if axis == 0 else (slice(None), edge)
        moved[place] = frame.contrast[place]
    return moved


def _is_in_strip(one: Component, height: int) -> bool:
    return not _STRIP * height <= one.row <= (1 - _STRIP) * height


def join_heavy(components: Sequence[Component]) -> Component:
    """Return the heaviest component, united with those that are nearly as heavy.

    Args:
        components: the heaviest first.
    """
    moved = components[0]
    for one in components[1:]:
        if one.mass >= _HEAVY * components[0].mass:
            moved = moved.joined(one)
    return moved
