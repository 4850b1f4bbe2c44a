"""Reading weights in PyTorch's legacy format, without PyTorch.

The format: five pickles (a magic number, a version, facts about the system, the state dictionary,
the list of storage keys), then for each key the number of elements (int64) and the raw data.
"""

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from autofocus.errors import InputDataError
from autofocus.torch_files.pickles import (
    UNREADABLE,
    Storage,
    Tensor,
    Unpickler,
    check_tensors,
)

_MAGIC = 0x1950A86A20F9469CFC6C
_VERSION = 1001
_WHAT = "weights in PyTorch's legacy format"


def read_state(path: Path) -> dict[str, NDArray[Any]]:
    """Read a state dictionary.

    Args:
        path: a file that `torch.save` wrote in its legacy (not zipped) format.

    Returns:
        Each tensor by its name.

    Raises:
        InputDataError: the file has another format, is truncated, or names another class.
    """
    try:
        with path.open("rb") as file:
            tensors = _read(file)
        return {name: tensor.read() for name, tensor in tensors.items()}
    except UNREADABLE as error:
        raise InputDataError(f"{path} holds no {_WHAT} that can be read ({error}).") from None


def _read(file: BinaryIO) -> dict[str, Tensor]:
    if _load(file) != _MAGIC or _load(file) != _VERSION:
        raise ValueError("it has another format")
    _load(file)
    unpickler = Unpickler(file)
    tensors = unpickler.load()
    for name in _load(file):
        _fill(unpickler.storages[name], file)
    return check_tensors(tensors)


def _load(file: BinaryIO) -> Any:
    return Unpickler(file).load()


def _fill(storage: Storage, file: BinaryIO) -> None:
    size = int(np.frombuffer(_take(file, 8), "<i8")[0])
    if size != storage.size:
        raise ValueError("a storage has an unexpected size")
    storage.fill(_take(file, storage.byte_count))


def _take(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) != count:
        raise ValueError("the file is truncated")
    return data
