"""Pictures and pages are made if they can be: a training never fails for one of them."""

import errno
import sys
from collections.abc import Callable

from autofocus.redaction import without_secrets
from autofocus.runs.wording import shown

# Errors of the environment, which concern the model and the metrics as well.
_FATAL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}


def attempt(name: str, work: Callable[[], None]) -> bool:
    """Make a file that is for people only; if that fails, report it on standard error.

    Args:
        name: of the file.
        work: writes it.

    Returns:
        Whether it was made.

    Raises:
        OSError: the disk is full, or can't be written to.
    """
    try:
        work()
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _FATAL:
            raise
        reason = shown(f"{type(error).__name__}: {error}")
        print(
            without_secrets(f"note: {name} could not be made ({reason}); all else is complete."),
            file=sys.stderr,
            flush=True,
        )
        return False
    return True
