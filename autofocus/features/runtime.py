"""TensorFlow, imported when it is needed and without its log messages."""

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from autofocus.errors import MissingGpuError, need
from autofocus.runs.parallel import cores

# Set to 1 for tasks that a pipeline puts on a node with a GPU.
NEEDS_GPU_VARIABLE = "AUTOFOCUS_NEEDS_GPU"
# The devices that NVIDIA's container runtime puts into a container, for a GPU each.
_DEVICES = "nvidia[0-9]*"


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


def check_gpu(devices: Path = Path("/dev")) -> None:
    """Make sure that a process which was given a GPU can use it.

    Without the variable `AUTOFOCUS_NEEDS_GPU` nothing is checked, nor TensorFlow imported.

    Args:
        devices: the folder of the system's devices.

    Raises:
        MissingGpuError: TensorFlow sees no GPU.
    """
    if os.environ.get(NEEDS_GPU_VARIABLE) != "1":
        return
    tf = tensorflow()
    if not tf.config.list_physical_devices("GPU"):
        cuda = tf.sysconfig.get_build_info().get("cuda_version", "")
        raise MissingGpuError(
            "This task was put on a node with a GPU, and TensorFlow sees none: "
            f"{_missing_link(devices, cuda)}."
        )


def _missing_link(devices: Path, cuda: str) -> str:
    """Return what most probably keeps TensorFlow from a GPU, and what to do."""
    if not any(devices.glob(_DEVICES)):
        return (
            "the container was given no NVIDIA device, so check that accelerator_type is the "
            "resource of the node's device plugin, and that the node runs NVIDIA's container "
            "toolkit"
        )
    if not cuda or importlib.util.find_spec("nvidia") is None:
        return "its image is without CUDA, so use that of retrain-gpu"
    return (
        f"the node's driver doesn't fit CUDA {cuda} of the image, so compare it with what "
        "nvidia-smi shows on the node, and update the driver"
    )


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
