"""TensorFlow, imported when it is needed and without its chatter."""

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
def tensorflow() -> Any:
    """Import TensorFlow.

    Its notes about the processor and about GPUs that aren't there are held back; where the import
    fails, they are printed. GPUs, where there are any, give out memory as it is asked for.

    Raises:
        MissingDependencyError: it isn't installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _quiet_stderr():
        tf = need("tensorflow", "train")
        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)
        # TensorFlow doesn't know a container's limit, and would start a thread for each processor.
        if cores() < (os.cpu_count() or 1):
            tf.config.threading.set_intra_op_parallelism_threads(cores())
    return tf


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Hold back what native code writes to the process's standard error, unless the body fails.

    Python's `redirect_stderr` doesn't reach native code, and before TensorFlow is initialised none
    of its settings do.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(kept, 2)
            held.seek(0)
            os.write(2, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
