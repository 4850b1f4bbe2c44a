"""TensorFlow, imported when it is needed and without its log messages."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from autofocus.errors import need
from autofocus.runs.parallel import cores


@cache
def tensorflow(extra: str = "train") -> Any:
    """Import TensorFlow.

    Its messages about the processor and missing GPUs are held back, unless the import fails. GPU
    memory is allocated as it is needed.

    Args:
        extra: the extra of this project that installs it for the caller.

    Raises:
        MissingDependencyError: it isn't installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _quiet_stderr():
        tf = need("tensorflow", extra)
        _configure(tf)
    return tf


@cache
def _configure(tf: Any) -> None:
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)
    # TensorFlow ignores a container's limit, and would start a thread for each processor.
    if cores() < (os.cpu_count() or 1):
        tf.config.threading.set_intra_op_parallelism_threads(cores())


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Hold back what native code writes to the process's standard error, unless the body fails.

    Python's `redirect_stderr` doesn't affect native code, and before TensorFlow is initialised
    none of its settings do.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except Exception:
            os.dup2(kept, 2)
            held.seek(0)
            os.write(2, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
