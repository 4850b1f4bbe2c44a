"""Frames of videos as images: one file becomes several images of one sequence.

The frames of `cam1/V01.MP4` are named `cam1/V01.MP4/frame_0001.jpg` and so on, so that a video is
a folder of images to all later stages. PyAV (FFmpeg) decodes; it is the extra `video`.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autofocus.errors import RejectedImageError, need
from autofocus.images.capture import Capture
from autofocus.images.decoding import MAX_PIXELS, OpenImage, read_start
from autofocus.images.preparing import Preparation, prepare
from autofocus.images.reading import DecodedImage
from autofocus.runs.ledger import Reason
from autofocus.runs.video_names import FrameName, is_video
from autofocus.runs.wording import shown

if TYPE_CHECKING:
    import av.container

# A playlist under a video's name could make FFmpeg open other files or addresses.
_OPTIONS = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,avi,matroska,webm,mpegts,mpeg,mpegvideo,asf",
    "protocol_whitelist": "file",
}
# A longer video is one whose header is broken: no camera trap films for a day.
_MAX_SECONDS = 24 * 60 * 60
_MICROSECOND = Fraction(1, 1_000_000)


def list_frames(indir: Path, names: Sequence[str], rate: float) -> list[str]:
    """Replace the names of videos by those of their frames.

    A video that can't be read keeps its name; see `explain_rejection`.

    Args:
        indir: the folder of the videos.
        names: of images and videos, relative to the folder.
        rate: frames per second of video time.

    Returns:
        The names, sorted.

    Raises:
        MissingDependencyError: PyAV is not installed.
    """
    listed = []
    for name in names:
        count = count_frames(indir / name, rate) if is_video(name) else 0
        listed += [str(FrameName(name, number + 1)) for number in range(count)] or [name]
    return sorted(listed)


def count_frames(path: Path, rate: float) -> int:
    """Return how many frames a video has at a rate in frames per second; 0 if it is unreadable.

    Only the header is read.
    """
    try:
        with _open(path) as container:
            return max(1, math.ceil(_duration(container) * _exact(rate)))
    except RejectedImageError:
        return 0


def read_frame(
    path: Path, number: int, rate: float, preparation: Preparation | None = None
) -> DecodedImage:
    """Decode one frame of a video.

    Its date and time are the video's creation time plus the frame's offset.

    Args:
        path: the video.
        number: of the frame, from 1.
        rate: frames per second of video time.
        preparation: how to crop and resize; None to leave the frame as it is.

    Raises:
        RejectedImageError: the video can't be read, or ends before the frame.
    """
    offset = (number - 1) / _exact(rate)
    with _open(path) as container:
        capture = _capture(container, offset)
        image = _decode(container, offset)
    opened = OpenImage(image, image.width, image.height)
    if preparation is not None:
        preparation = preparation.for_camera(capture.camera_make, opened.width, opened.height)
    prepared = image if preparation is None else prepare(opened, preparation)
    return DecodedImage(prepared, capture, opened.width, opened.height)


def explain_rejection(path: Path) -> RejectedImageError:
    """Return why a video has no frames."""
    try:
        with _open(path):
            return RejectedImageError(Reason.UNREADABLE, "the video has no frames")
    except RejectedImageError as error:
        return error


@contextmanager
def _open(path: Path) -> Iterator["av.container.InputContainer"]:
    """Open a video that has at least one stream of pictures."""
    need("av", "video")
    import av

    read_start(path)
    try:
        with av.open(str(path), options=_OPTIONS) as container:
            _prepare(container)
            yield container
    except RejectedImageError:
        raise
    except av.FFmpegError as error:
        reason = (
            Reason.TRUNCATED
            if isinstance(error, (av.EOFError, av.InvalidDataError))
            else Reason.UNREADABLE
        )
        raise RejectedImageError(reason, f"the video can't be read: {error.strerror}") from None
    except MemoryError:
        raise RejectedImageError(Reason.TOO_LARGE, "not enough memory to decode it") from None
    except Exception as error:
        # PyAV raises almost anything on a video that isn't what its header says.
        detail = f"the video can't be read: {shown(error)}"
        raise RejectedImageError(Reason.UNREADABLE, detail) from None


def _prepare(container: "av.container.InputContainer") -> None:
    """Check what the header says, and let the worker threads decode one video each."""
    if not container.streams.video:
        raise RejectedImageError(Reason.NOT_AN_IMAGE, "the file holds no video")
    codec = container.streams.video[0].codec_context
    # PyAV's types don't tell that there may be none.
    if codec is None or getattr(codec, "codec", None) is None:
        raise RejectedImageError(Reason.UNREADABLE, "the video is of no known kind")
    if codec.width * codec.height > MAX_PIXELS:
        raise RejectedImageError(Reason.TOO_LARGE, f"frames of over {MAX_PIXELS} pixels")
    if _duration(container) > _MAX_SECONDS:
        raise RejectedImageError(Reason.CORRUPT, "by its header, the video lasts for days")
    codec.thread_count = 1


def _exact(rate: float) -> Fraction:
    """Return 1/10 for 0.1, which is a little more in binary."""
    return Fraction(str(rate))


def _duration(container: "av.container.InputContainer") -> Fraction:
    """Return the length in seconds; 0 if the header doesn't tell."""
    stream = container.streams.video[0]
    if stream.duration is not None and stream.time_base is not None:
        return stream.duration * stream.time_base
    return (container.duration or 0) * _MICROSECOND


def _decode(container: "av.container.InputContainer", offset: Fraction) -> Any:
    """Return the first frame at the offset or after it (in seconds), upright, as an RGB image."""
    stream = container.streams.video[0]
    base = stream.time_base or _MICROSECOND
    wanted = (stream.start_time or 0) + math.floor(offset / base)
    if offset:
        # To the key frame before; some formats can't seek and begin at the start.
        container.seek(wanted, stream=stream, backward=True, any_frame=False)
    for frame in container.decode(stream):
        if frame.pts is None or frame.pts >= wanted:
            if frame.is_corrupt:
                raise RejectedImageError(Reason.CORRUPT, "the frame is damaged")
            image = frame.to_image()  # type: ignore[no-untyped-call]
            # FFmpeg states the turn that makes the frame upright, counterclockwise in degrees.
            turn = round(getattr(frame, "rotation", 0) or 0)
            return image.rotate(turn, expand=True) if turn else image
    raise RejectedImageError(Reason.TRUNCATED, "the video ends before this frame")


def _capture(container: "av.container.InputContainer", offset: Fraction) -> Capture:
    metadata = {key.lower(): value for key, value in container.metadata.items()}
    make, model = metadata.get("make", ""), metadata.get("model", "")
    try:
        # Cameras store their own clock's time here, though the format asks for UTC.
        begun = datetime.fromisoformat(metadata["creation_time"].replace("Z", "+00:00"))
    except (KeyError, ValueError):
        return Capture(camera_make=make, camera_model=model)
    moment = begun + timedelta(seconds=math.floor(offset))
    return Capture(
        moment.date().isoformat(),
        moment.time().isoformat("seconds"),
        "creation_time",
        make,
        model,
    )
