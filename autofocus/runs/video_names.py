"""Names of videos and of their frames, for stages that know no images, too.

The frames of `cam1/V01.MP4` are named `cam1/V01.MP4/frame_0001.jpg` and so on, so that a video is
a folder of images to all stages after preprocess_images.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

# The endings of video files.
VIDEO_ENDINGS = frozenset(
    (
        ".mp4",
        ".m4v",
        ".mov",
        ".avi",
        ".mkv",
        ".mts",
        ".m2ts",
        ".mpg",
        ".mpeg",
        ".3gp",
        ".asf",
        ".wmv",
    )
)

_FRAME = re.compile(r"frame_(\d+)\.jpg")


@dataclass(frozen=True)
class FrameName:
    """One frame of a video.

    Attributes:
        video: the video's name, relative to the folder of the images.
        number: of the frame, from 1.
    """

    video: str
    number: int

    def __str__(self) -> str:
        """Return the frame's name as an image."""
        return f"{self.video}/frame_{self.number:04d}.jpg"


def is_video(name: str) -> bool:
    """Return whether a file is a video by its ending."""
    return PurePosixPath(name).suffix.lower() in VIDEO_ENDINGS


def parse_frame(name: str) -> FrameName | None:
    """Return the video and the number that an image's name stands for; None for other images."""
    folder, _, file = name.rpartition("/")
    match = _FRAME.fullmatch(file)
    if match is None:
        return None
    video = PurePosixPath(folder).as_posix()
    return FrameName(video, int(match[1])) if is_video(video) else None
