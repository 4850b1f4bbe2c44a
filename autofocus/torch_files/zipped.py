"""Reading weights in PyTorch's zip format, without PyTorch.

The format (since PyTorch 1.6): a zip archive with one folder, in it `data.pkl`, a pickle, and
`data/<key>`, the raw data of each storage.
"""

import io
import zipfile
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from numpy.typing import NDArray

from autofocus.errors import InputDataError
from autofocus.torch_files.pickles import UNREADABLE, Storage, Unpickler, check_tensors

_PICKLE = "data.pkl"
_UNREADABLE = (*UNREADABLE, zipfile.BadZipFile, NotImplementedError, RuntimeError)


def read_state(file: BinaryIO, key: str, name: str) -> dict[str, NDArray[Any]]:
    """Read a state dictionary from a checkpoint.

    Args:
        file: what `torch.save` wrote, opened for reading.
        key: of the state dictionary in the checkpoint; nothing else is read.
        name: of the file, for errors.

    Returns:
        Each tensor by its name.

    Raises:
        InputDataError: the file has another format, is truncated, or names another class.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return _read(archive, key)
    except _UNREADABLE as error:
        raise InputDataError(
            f"{name} holds no weights in PyTorch's zip format that can be read ({error})."
        ) from None


def _read(archive: zipfile.ZipFile, key: str) -> dict[str, NDArray[Any]]:
    folder = _folder(archive)
    unpickler = Unpickler(io.BytesIO(archive.read(str(folder / _PICKLE))))
    tensors = check_tensors(unpickler.load()[key])
    keys = {id(storage): one for one, storage in unpickler.storages.items()}
    for storage in {id(tensor.storage): tensor.storage for tensor in tensors.values()}.values():
        _fill(storage, archive, str(folder / "data" / keys[id(storage)]))
    return {name: tensor.read() for name, tensor in tensors.items()}


def _folder(archive: zipfile.ZipFile) -> PurePosixPath:
    """Return the one folder in the archive."""
    found = [path for path in map(PurePosixPath, archive.namelist()) if path.name == _PICKLE]
    if len(found) != 1:
        raise ValueError("it has another format")
    return found[0].parent


def _fill(storage: Storage, archive: zipfile.ZipFile, name: str) -> None:
    # Checked before it is read: an archive can unpack to any size.
    if archive.getinfo(name).file_size != storage.byte_count:
        raise ValueError("a storage has an unexpected size")
    storage.fill(archive.read(name))
