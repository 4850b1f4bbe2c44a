"""Pillow's own checks, which other packages in the same process may have turned off."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from PIL import ImageFile

_lock = Lock()
_users = 0
_theirs = False


@contextmanager
def strict_pillow() -> Iterator[None]:
    """Let Pillow reject files that end too early, whatever a package has told it.

    The setting is one for the whole process: the first thread changes it, the last one puts it
    back.
    """
    global _users, _theirs  # noqa: PLW0603 - as is what they stand for
    with _lock:
        if not _users:
            _theirs = ImageFile.LOAD_TRUNCATED_IMAGES
            ImageFile.LOAD_TRUNCATED_IMAGES = False
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                ImageFile.LOAD_TRUNCATED_IMAGES = _theirs
