"""Which folder is a camera's: images of one camera must stay together in every stage."""

import re
from functools import lru_cache

from autofocus.runs.video_names import is_video

# Folders that cameras make on their cards by themselves, and begin anew when one is full or after
# 9999 images: DCIM, and three digits from 100 with five characters (the standard DCF), such as
# 100RECNX, 100EK113, 100MEDIA and 100_BTCF. Some people add a folder per visit: Check1.
_MADE = re.compile(r"DCIM|[1-9]\d\d[A-Z_][A-Z0-9_]{3,4}|(?i:check)[ _-]?\d+")


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
    while components and (_MADE.fullmatch(components[-1]) or is_video(components[-1])):
        components.pop()
    return "/".join(components)
