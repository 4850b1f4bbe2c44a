"""Reading weights in PyTorch's legacy format, without PyTorch.

The format: five pickles (a magic number, a version, facts about the system, the state dictionary,
the list of storage keys), then for each key the number of elements (int64) and the raw data. Only
the few classes that a state dictionary needs are allowed, as a pickle can run any code otherwise.
"""

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from autofocus.errors import InputDataError

_MAGIC = 0x1950A86A20F9469CFC6C
_VERSION = 1001
_STORAGES = {"FloatStorage": "<f4", "LongStorage": "<i8", "DoubleStorage": "<f8"}
_WHAT = "weights in PyTorch's legacy format"
# The errors of unpickling damaged bytes, according to its documentation.
_UNREADABLE = (
    pickle.UnpicklingError,
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    MemoryError,
    OverflowError,
    TypeError,
    ValueError,
)


@dataclass
class _Storage:
    """A buffer of numbers; its data come after the pickles."""

    dtype: str
    size: int
    data: NDArray[Any] | None = None


@dataclass(frozen=True)
class _Tensor:
    """A view of a storage."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    def read(self) -> NDArray[Any]:
        data = self.storage.data
        if data is None:
            raise ValueError("a storage is missing")
        last = self.offset + sum(
            (size - 1) * step for size, step in zip(self.shape, self.stride, strict=True)
        )
        if min((self.offset, *self.stride, 0)) < 0 or (0 not in self.shape and last >= data.size):
            raise ValueError("a tensor reaches beyond its storage")
        strides = [step * data.itemsize for step in self.stride]
        view = np.lib.stride_tricks.as_strided(data[self.offset :], self.shape, strides)
        return np.array(view)


def _rebuild_tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: object
) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(stride))


_ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    **{("torch", name): name for name in _STORAGES},
}


class _Unpickler(pickle.Unpickler):
    """Unpickles only dictionaries of tensors."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}") from None

    def persistent_load(self, key: Any) -> _Storage:
        _, kind, name, _, size, *_ = key
        return self.storages.setdefault(name, _Storage(_STORAGES[kind], int(size)))


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
    except _UNREADABLE as error:
        raise InputDataError(f"{path} holds no {_WHAT} that can be read ({error}).") from None


def _read(file: BinaryIO) -> dict[str, _Tensor]:
    if _load(file) != _MAGIC or _load(file) != _VERSION:
        raise ValueError("it has another format")
    _load(file)
    unpickler = _Unpickler(file)
    tensors = unpickler.load()
    for name in _load(file):
        _fill(unpickler.storages[name], file)
    if not isinstance(tensors, dict) or not all(isinstance(t, _Tensor) for t in tensors.values()):
        raise ValueError("it is no dictionary of tensors")
    return tensors


def _load(file: BinaryIO) -> Any:
    return _Unpickler(file).load()


def _fill(storage: _Storage, file: BinaryIO) -> None:
    size = int(np.frombuffer(_take(file, 8), "<i8")[0])
    if size != storage.size:
        raise ValueError("a storage has an unexpected size")
    data = _take(file, size * np.dtype(storage.dtype).itemsize)
    storage.data = np.frombuffer(data, storage.dtype)


def _take(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) != count:
        raise ValueError("the file is truncated")
    return data
