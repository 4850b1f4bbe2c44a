"""Decodes image files in a process of its own, and tells what they cost.

python -m tests.attack.decoding FILE [FILE ...]
"""

import json
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from autofocus.errors import RejectedImageError
from autofocus.images.preparing import Preparation
from autofocus.images.reading import read_image

# The largest amount of memory that the process has held, in KiB (Linux).
_PEAK = re.compile(r"VmHWM:\s+(\d+)")


def _decode(path: str) -> str:
    try:
        read_image(Path(path), Preparation(0, 0, 256))
    except RejectedImageError as error:
        return str(error.reason.value if hasattr(error.reason, "value") else error.reason)
    return "ok"


def main(paths: list[str]) -> None:
    """Decode all files at once, and print outcomes, seconds of CPU and MiB of memory."""
    start = time.process_time()
    with ThreadPoolExecutor(len(paths)) as executor:
        outcomes = list(executor.map(_decode, paths))
    peak = _PEAK.search(Path("/proc/self/status").read_text(encoding="ascii"))
    memory = int(peak[1]) // 1024 if peak else 0
    json.dump([outcomes, time.process_time() - start, memory], sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
