"""The code that made a model: the commit, and the image of the container."""

import hashlib
import os
import subprocess
from functools import cache
from pathlib import Path

# Set in images when they are built, and by pipelines for each of their tasks.
COMMIT_VARIABLE, IMAGE_VARIABLE = "AUTOFOCUS_COMMIT", "AUTOFOCUS_IMAGE"
_ROOT = Path(__file__).parents[2]
_PACKAGE = Path(__file__).parents[1]


@cache
def commit() -> str:
    """Return git's commit of the code that runs, with `-dirty` where it was changed since.

    Empty if neither the image has it nor the code is a git checkout of its own.
    """
    if built_from := os.environ.get(COMMIT_VARIABLE):
        return built_from
    if not (_ROOT / ".git").exists():
        return ""
    return _git("describe", "--always", "--abbrev=40", "--dirty", "--exclude=*")


def image() -> str:
    """Return the container's image, with its digest if known; empty outside of a container."""
    return os.environ.get(IMAGE_VARIABLE, "")


def code_digest() -> str:
    """Return a digest of the package's code, which may change while all names stay the same."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _git(*words: str) -> str:
    try:
        git = subprocess.run(  # noqa: S603 - no argument comes from outside
            ["git", "-C", str(_ROOT), *words],  # noqa: S607 - wherever git is installed
            check=True,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return git.stdout.strip()
