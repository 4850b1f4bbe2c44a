"""Which folder is a camera's: images of one camera must stay together in every stage."""

import re
from collections.abc import Sequence
from functools import lru_cache

from autofocus.runs.video_names import is_video

# Folders that cameras make on their cards by themselves, and begin anew when one is full or after
# 9999 images: DCIM, and three digits from 100 with five characters (the standard DCF), such as
# 100RECNX, 100EK113, 100MEDIA and 100_BTCF. Some people add a folder per visit: Check1.
_MADE = re.compile(r"(?i:DCIM)|[1-9]\d\d[A-Z_][A-Z0-9_]{3,4}|(?i:check)[ _-]?\d+")
# Directly below DCIM there are no others: one with a date is meant, too, and some computers show
# the names on cards in lower case.
_DCIM = "dcim"
_BELOW_DCIM = re.compile(r"(?i:[1-9]\d\d[A-Z0-9_]{4,5})")
# The folders of one card differ in their number alone.
_NUMBERED = re.compile(r"(.*/|)([1-9]\d\d)([A-Z_][A-Z0-9_]{3,4})", re.IGNORECASE)


def camera_folder(path: str) -> str:
    """Return the folder of an image, without the folders that cameras make by themselves.

    A camera writes `DCIM/100RECNX/IMG_9999.JPG` and then `DCIM/101RECNX/IMG_0001.JPG`: both are of
    the camera whose folder holds `DCIM`. The frames of a video lie in a folder of its name, and
    are of the camera whose folder holds the video.

    Args:
        path: the image's path or key, with `/` between components.

    Returns:
        The path of the folder; empty if the image lies in none.
    """
    return _without_made(path.rpartition("/")[0])


@lru_cache(maxsize=1 << 16)
def _without_made(folder: str) -> str:
    components = folder.split("/")
    while components and _is_made(components):
        components.pop()
    return "/".join(components)


def _is_made(components: Sequence[str]) -> bool:
    *above, name = components
    if above and above[-1].lower() == _DCIM and _BELOW_DCIM.fullmatch(name):
        return True
    return _MADE.fullmatch(name) is not None or is_video(name)


def number_on_card(folder: str) -> tuple[str, int] | None:
    """Return what the numbered folders of a card have in common, and a folder's number.

    Args:
        folder: the path of a folder, such as `CAM01/DCIM/101RECNX`.

    Returns:
        Such as `CAM01/DCIM/RECNX` and 101; None for a folder of another kind.
    """
    match = _NUMBERED.fullmatch(folder)
    return (match[1] + match[3], int(match[2])) if match else None
