"""What tells which code made a model: the commit, and the image of the container."""

import os
import subprocess
from functools import cache
from pathlib import Path

# Set in images when they are built, and by pipelines for each of their tasks.
COMMIT_VARIABLE, IMAGE_VARIABLE = "AUTOFOCUS_COMMIT", "AUTOFOCUS_IMAGE"
_ROOT = Path(__file__).parents[2]


@cache
def commit() -> str:
    """Return git's commit of the code that runs, with `-dirty` where it was changed since.

    Empty where neither the image tells it nor the code lies in a git checkout of its own.
    """
    if told := os.environ.get(COMMIT_VARIABLE):
        return told
    if not (_ROOT / ".git").exists():
        return ""
    return _git("describe", "--always", "--abbrev=40", "--dirty", "--exclude=*")


def image() -> str:
    """Return the container's image, with its digest where that is known; empty outside of one."""
    return os.environ.get(IMAGE_VARIABLE, "")


def _git(*words: str) -> str:
    try:
        answer = subprocess.run(  # noqa: S603 - no word comes from elsewhere
            ["git", "-C", str(_ROOT), *words],  # noqa: S607 - wherever git is installed
            check=True,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return answer.stdout.strip()
