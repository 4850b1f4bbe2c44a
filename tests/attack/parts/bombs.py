"""Image files that are small, and would take much memory or time."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.attack.attack import Attack, Scale, Trial
from tests.attack.bombs import BOMBS, hollow

PART = "Bombs"
ROOT = Path(__file__).parents[3]
# For an image, in seconds of CPU, and for all threads together, in MiB.
_SECONDS, _MEMORY = 5.0, 1024
_PATIENCE = 600
# Those that are quick to make.
_SHORT = (
    "png of chunks.png",
    "png of false size.png",
    "jpeg of scans.jpg",
    "jpeg of plain scans.jpg",
    "jpeg of comments.jpg",
    "exif in a circle.jpg",
    "tiff of strips.tif",
    "bmp of runs.bmp",
)
# Decoded all at once.
_TOGETHER = ("png colour.png", "png alpha.png", "gif large.gif", "tiff lzw.tif", "png deep.png")


def _bombs(scale: Scale, folder: Path) -> Iterator[Trial]:
    for name in BOMBS if scale.full else _SHORT:
        path = folder / name
        path.write_bytes(BOMBS[name]())
        yield Trial(name, _problem([path], _SECONDS))
        if name not in _TOGETHER:
            path.unlink()
    for ending, start in (
        ("jpg", b"\xff\xd8\xff\xe0"),
        ("png", b"\x89PNG\r\n\x1a\n"),
        ("tif", b"II*\0"),
    ):
        path = folder / f"hollow.{ending}"
        hollow(path, start, 20 << 30)
        yield Trial(f"20 GiB of zeros as {ending}", _problem([path], _SECONDS))
        path.unlink()
    if scale.full:
        paths = [folder / name for name in _TOGETHER] * 2
        yield Trial(f"{len(paths)} at once", _problem(paths, _SECONDS * len(paths)))


def _problem(paths: list[Path], seconds: float) -> str:
    """Decode files in a process of their own, and return what is wrong with how it went."""
    command = [sys.executable, "-m", "tests.attack.decoding", *map(str, paths)]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=_PATIENCE
        )
    except subprocess.TimeoutExpired:
        return f"it takes more than {_PATIENCE} s"
    if done.returncode or "Traceback" in done.stderr:
        return f"it ends with {done.returncode}: {done.stderr[-300:]}"
    _, took, memory = json.loads(done.stdout)
    if took > seconds:
        return f"it takes {took:.1f} s of CPU"
    return f"it takes {memory} MiB" if memory > _MEMORY else ""


ATTACKS = (Attack("an image takes more than 5 s of CPU, or all together 1 GiB of memory", _bombs),)
