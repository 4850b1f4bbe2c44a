"""Videos for the tests."""

from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np

RATE = 10
SECONDS = 3


def write_video(path: Path, codec: str = "mpeg4", created: str = "") -> Path:
    """Write a video whose brightness grows by 20 per second, from 20."""
    with av.open(str(path), "w") as container:
        if created:
            container.metadata["creation_time"] = created
        stream = cast("av.VideoStream", container.add_stream(codec, rate=RATE))
        stream.width, stream.height = 64, 48
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = Fraction(1, RATE)
        for number in range(RATE * SECONDS):
            pixels = np.full((48, 64, 3), 20 + 20 * (number // RATE), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return path
