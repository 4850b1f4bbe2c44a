"""The pickles in PyTorch's files: dictionaries of tensors, whose numbers are kept elsewhere.

Only the few classes that a state dictionary needs are allowed, as a pickle can run any code
otherwise.
"""

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_STORAGES = {"FloatStorage": "<f4", "LongStorage": "<i8", "DoubleStorage": "<f8"}
# The errors of unpickling damaged bytes, according to its documentation.
UNREADABLE = (
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
class Storage:
    """A buffer of numbers, filled when they have been read.

    Attributes:
        dtype: of a number.
        size: the number of numbers.
        data: the numbers, shape (size,).
    """

    dtype: str
    size: int
    data: NDArray[Any] | None = None

    @property
    def byte_count(self) -> int:
        """The number of bytes."""
        return self.size * np.dtype(self.dtype).itemsize

    def fill(self, data: bytes) -> None:
        """Take the numbers from their bytes."""
        self.data = np.frombuffer(data, self.dtype)


@dataclass(frozen=True)
class Tensor:
    """A view of a storage.

    Attributes:
        storage: the buffer.
        offset: of the first number in it.
        shape: of the tensor.
        stride: the steps in the buffer, one per axis.
    """

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    def read(self) -> NDArray[Any]:
        """Return the numbers.

        Raises:
            ValueError: they are not all there.
        """
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
    storage: Storage, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: object
) -> Tensor:
    return Tensor(storage, offset, tuple(shape), tuple(stride))


_ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    **{("torch", name): name for name in _STORAGES},
}


class Unpickler(pickle.Unpickler):
    """Unpickles only dictionaries of tensors and plain values.

    Attributes:
        storages: each buffer by its key, still without its numbers.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        """Return one of the few allowed classes.

        Raises:
            pickle.UnpicklingError: the pickle names another.
        """
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}") from None

    def persistent_load(self, key: Any) -> Storage:
        """Return the buffer that a reference in the pickle names."""
        _, kind, name, _, size, *_ = key
        return self.storages.setdefault(name, Storage(_STORAGES[kind], int(size)))


def check_tensors(value: object) -> dict[str, Tensor]:
    """Return a dictionary of tensors.

    Raises:
        ValueError: the value is something else.
    """
    if not isinstance(value, dict) or not all(isinstance(t, Tensor) for t in value.values()):
        raise ValueError("it is no dictionary of tensors")
    return value
