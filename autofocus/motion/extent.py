"""The extent of what moved: tight edges around it, and the ghosts of where it was before.

The constants were chosen on the hard synthetic sample, whose true boxes are known, by the mean
intersection over union.
"""

from collections.abc import Sequence

import numpy as np

from autofocus.motion.components import Component, label_components
from autofocus.motion.filters import Grey, blur, median

# A pixel belongs to what moved from a fixed change on, as parts of an animal that are like their
# background change little. Around what stands out the local contrast of the background changes,
# too: from a large change on, so much of what exceeds it is no part of the animal.
_LEAST, _LARGE, _HALO = 1.3, 5.0, 0.5
# It is at least this share of the largest change.
_SHARE = 0.2
# Parts are of one animal if they are this near, as a share of the frame's longer side.
_NEAR = 1 / 16
# Where a frame differs from those of other times by less than this share of the difference that
# its own sequence has from them, the other frames of the sequence show something, and it doesn't.
_GHOST = 0.7


def find_extent(change: Grey, moved: Component) -> Component:
    """Return the component with the edges of everything near it that has changed a little.

    Args:
        change: in usual deviations, shape (H, W).
        moved: what has surely changed.
    """
    inner = change[moved.top : moved.bottom, moved.left : moved.right]
    row, column = np.unravel_index(int(inner.argmax()), inner.shape)
    peak = float(inner.max())
    mask = change > max(_LEAST, _SHARE * peak, _HALO * (peak - _LARGE))
    radius = max(1, round(_NEAR / 2 * max(change.shape)))
    labels = label_components(blur(mask.astype(np.float32), radius) > 0)
    near = mask & (labels == labels[moved.top + row, moved.left + column])
    rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    edges = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    return Component(*edges, moved.mass, moved.row)


def remove_ghosts(
    change: Grey, frame: Grey, sequence: Sequence[Grey], rest: Sequence[Grey]
) -> Grey:
    """Return the change without that of places where only the other frames show something.

    The median of a sequence in which an animal hardly moves shows the animal: a frame that it has
    left differs there from the median, but not from the frames of other times.

    Args:
        change: of the frame, compared with its sequence, shape (H, W).
        frame: its local contrast, shape (H, W).
        sequence: that of the other frames of its sequence, aligned with it.
        rest: that of frames of other times, aligned with it.
    """
    usual, here = median(rest), median([*sequence, frame])
    own, others = (_smooth(np.abs(one - usual)) for one in (frame, here))
    return np.where(own < _GHOST * others, 0, change).astype(np.float32)


def _smooth(difference: Grey) -> Grey:
    radius = max(1, max(difference.shape) // 96)
    return blur(blur(difference.astype(np.float32), radius), radius)
