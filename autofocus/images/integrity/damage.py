"""What is found in a damaged file, and which files have been checked for it."""

from collections.abc import Mapping
from typing import Any

from autofocus.errors import RejectedImageError
from autofocus.runs.ledger import Reason

# Raised when more kinds of damage are found: what an earlier check accepted is read once more.
CHECK = 1
_KEY = "checked"

# A part of a memory card that was lost reads as zeros. Compressed pixels hold no run of so many
# zero bytes, but where the reader of a format says so.
HOLE = bytes(64)


def corrupt(what: str) -> RejectedImageError:
    """Return the rejection of a file in which bytes were changed or lost."""
    return RejectedImageError(Reason.CORRUPT, what)


def truncated(what: str) -> RejectedImageError:
    """Return the rejection of a file whose pixels end too early."""
    return RejectedImageError(Reason.TRUNCATED, what)


def record_check() -> dict[str, int]:
    """Return what to remember of an image that was decoded, as plain JSON values."""
    return {_KEY: CHECK}


def is_checked(extra: Mapping[str, Any]) -> bool:
    """Tell whether an image was checked for all damage that is found today.

    Args:
        extra: what was remembered of it; see `record_check`.
    """
    return bool(extra.get(_KEY) == CHECK)
