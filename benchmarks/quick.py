"""Run a command as if all images were the same one, and without waiting for the disk.

It brings a stage to a finished state within seconds, from which a benchmark starts, and leaves of
`preprocess_images` what does not depend on images: `python -m benchmarks.quick COMMAND ...`.
"""

import importlib
import os
import sys
from typing import Any


def _once(function: Any) -> Any:
    """Return a function that always returns what it returned the first time."""
    made: list[Any] = []

    def again(*given: Any) -> Any:
        if not made:
            made.append(function(*given))
        return made[0]

    return again


def _nothing(fd: Any) -> None:
    """Wait for no disk."""


def hurry() -> None:
    """Let this process do without decoding images and without waiting for the disk."""
    os.fsync = _nothing
    stage = importlib.import_module("autofocus.preprocess_images")
    for name in ("read_image", "encode_image", "colourfulness", "mean_brightness"):
        setattr(stage, name, _once(getattr(stage, name)))


def main() -> int:
    """Run the command."""
    hurry()
    from autofocus.cli import main as run

    return run()


if __name__ == "__main__":
    sys.argv[0] = "autofocus"
    raise SystemExit(main())
