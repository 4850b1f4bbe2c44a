"""A sample of the images of a data set, for what needs no more of them to be known well.

Whole sequences are drawn, from all groups: what is held out is whole groups all the same, and no
location is missed because another one has many images. A sequence is in the sample because of its
name alone, so that it stays there when data are added.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence

from autofocus.splits.split import Assignment

# Images of a longer sequence are drawn one by one.
_LONGEST = 100
_BYTES = 8


def draw_sample(
    rows: Sequence[Assignment], most: int, *, least_per_class: int = 0
) -> list[Assignment]:
    """Return some of the images, in their order.

    Args:
        rows: N images.
        most: about how many to return; all are returned if they are no more.
        least_per_class: of a class that would have fewer, about so many are returned beside them,
            if there are.
    """
    if len(rows) <= most:
        return list(rows)
    sizes = Counter(row.image.labels for row in rows)
    by_class: Counter[str] = Counter()
    for labels, number in sizes.items():
        by_class.update(dict.fromkeys(labels, number))
    share = most / len(rows)
    shares = {
        labels: max([share, *(least_per_class / by_class[label] for label in labels)])
        for labels in sizes
    }
    keys = _keys(rows)
    # A sequence is drawn as a whole, as likely as the rarest of its classes.
    drawn = {
        key
        for key, row in zip(keys, rows, strict=True)
        if _position(key) < shares[row.image.labels]
    }
    return [row for key, row in zip(keys, rows, strict=True) if key in drawn]


def _keys(rows: Sequence[Assignment]) -> list[str]:
    """Return what each image is drawn together with."""
    lengths = Counter(row.sequence for row in rows)
    return [
        row.sequence if row.sequence and lengths[row.sequence] <= _LONGEST else row.image.digest
        for row in rows
    ]


def _position(key: str) -> float:
    """Return a number from 0 to 1 that depends on a name alone."""
    digest = hashlib.sha256(f"sample {key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:_BYTES], "big") / (1 << 8 * _BYTES)
