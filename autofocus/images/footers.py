"""Detection of the bands with text that cameras add above and below their images.

Such a band has a paper of one brightness along whole rows, the same by day and by night, and ends
in a hard, straight edge at the same row in all images of a camera. A scene may have one of these
features (a clipped sky, a black night), but not all of them in most images. Text and logo vary,
so only the share of paper in a row counts. Brightness is used rather than colour, which JPEG
compression stores in blocks that cross the edge. Measurements are in docs/preprocessing.md.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

# Maximum difference from the paper's brightness, 0 to 255: noise of the JPEG compression.
_TOLERANCE = 8
# Minimum share of paper: in the outermost row; in the row before the edge; in a row with text.
_OUTERMOST, _BEFORE_EDGE, _IN_TEXT = 0.8, 0.7, 0.4
# The edge is sharp within this number of rows, and what follows it is scene for so many.
_EDGE_ROWS = 2
_SCENE_ROWS = 6
# Minimum height of a band in pixels; maximum as a share of the image's height.
_MIN_ROWS, _MAX_SHARE = 8, 0.3
# Minimum share of the images that can tell that agree on a height; of fewer than `_MANY`, all.
_MIN_AGREEMENT, _MANY = 0.6, 3
# Maximum difference of the paper's brightness between images of a camera, 0 to 255.
_SAME_PAPER = 10


@dataclass(frozen=True)
class Band:
    """What one image shows at its top or bottom.

    Attributes:
        rows: the height of the band in pixels; 0: none; None: the image can't tell, as the scene
            looks like paper, too.
        paper: the brightness of the outermost rows, 0 to 255.
    """

    rows: int | None
    paper: int


@dataclass(frozen=True)
class Bands:
    """The bands of one image.

    Attributes:
        top: at the top.
        bottom: at the bottom.
    """

    top: Band
    bottom: Band


@dataclass(frozen=True)
class BandHeight:
    """The height of a band in the images of a camera.

    Attributes:
        rows: the height in pixels; 0: none.
        images: the number of images with this height.
        of: the number of images that can tell.
    """

    rows: int
    images: int
    of: int


def measure_bands(image: Image.Image) -> Bands:
    """Measure the bands of an upright image at full resolution."""
    grey = np.asarray(image.convert("L"))
    rows = max(1, int(len(grey) * _MAX_SHARE))
    return Bands(_measure(grey[:rows]), _measure(grey[: -rows - 1 : -1]))


def _measure(grey: npt.NDArray[np.uint8]) -> Band:
    """Measure the band that begins with the first row.

    Args:
        grey: the brightness of the rows in which it may end, of shape (rows, width), 0 to 255.
    """
    paper = int(np.median(grey[:_EDGE_ROWS]))
    share = (np.abs(grey.astype(np.int16) - paper) <= _TOLERANCE).mean(axis=1)
    if share[:_EDGE_ROWS].min() < _OUTERMOST:
        return Band(0, paper)
    return Band(_find_edge(share), paper)


def _find_edge(share: npt.NDArray[np.float64]) -> int | None:
    """Return the number of rows before the first hard edge; 0: none; None: it can't be told.

    Args:
        share: the share of paper in each row.
    """
    for row in range(_MIN_ROWS, len(share) - _SCENE_ROWS):
        if share[row : row + _SCENE_ROWS].max() < _IN_TEXT:
            return row if share[row - _EDGE_ROWS : row].max() >= _BEFORE_EDGE else 0
    # As far as can be seen the scene is like paper: a black night, a clipped sky.
    return None if share.min() >= _IN_TEXT else 0


def find_height(bands: Sequence[Band]) -> BandHeight:
    """Return the height on which the images of a camera agree.

    Args:
        bands: the bands at the same side of several images.
    """
    known = [(band.rows, band.paper) for band in bands if band.rows is not None]
    heights = Counter(rows for rows, _ in known if rows)
    none = BandHeight(0, sum(rows == 0 for rows, _ in known), len(known))
    if not heights:
        return none
    # Compression may blur the edge by a row.
    rows = max(heights, key=lambda height: (_near(heights, height), heights[height], -height))
    papers = [paper for height, paper in known if height and abs(height - rows) <= 1]
    images = sum(_has_likes(paper, papers, len(known)) for paper in papers)
    agreement = _MIN_AGREEMENT if len(known) >= _MANY else 1.0
    return none if images < agreement * len(known) else BandHeight(rows, images, len(known))


def _has_likes(paper: int, papers: Sequence[int], images: int) -> bool:
    """Return whether enough images have the same paper; a camera may print in several colours."""
    return sum(abs(paper - other) <= _SAME_PAPER for other in papers) >= min(images, _MANY)


def _near(heights: Counter[int], height: int) -> int:
    return heights[height - 1] + heights[height] + heights[height + 1]
