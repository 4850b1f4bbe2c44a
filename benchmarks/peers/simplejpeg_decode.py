"""A peer: decode JPEGs at an eighth of their size, and nothing else. Ours can't be faster.

python simplejpeg_decode.py INDIR THREADS
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

simplejpeg = import_module("simplejpeg")

# That of the eighth of 3264 x 2448 pixels.
SMALL = {"min_width": 408, "min_height": 306}


def decode(path: Path) -> None:
    """Decode as ours does: with exact arithmetic, and the warnings by which damage is found."""
    simplejpeg.decode_jpeg(path.read_bytes(), "RGB", fastdct=False, fastupsample=False, **SMALL)


if __name__ == "__main__":
    with ThreadPoolExecutor(int(sys.argv[2])) as executor:
        for _ in executor.map(decode, sorted(Path(sys.argv[1]).rglob("*.JPG"))):
            pass
