"""Claims about reading PyTorch's zip format."""

import io
import zipfile

import numpy as np
import pytest

from autofocus.errors import InputDataError
from autofocus.torch_files.zipped import read_state

NUMBERS = np.arange(6, dtype="<f4").tobytes()


def checkpoint(data: bytes = NUMBERS, *, keep_data: bool = True, size: int = 6) -> io.BytesIO:
    """Return a checkpoint with {"model": {"w": a tensor}, "optimizer": numbers not there}."""
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
    tensor += b"X\x01\x00\x00\x00%dX\x03\x00\x00\x00cpuK" + bytes([size]) + b"tQK\x00(K\x02K\x03t"
    tensor += b"(K\x03K\x01t\x89ccollections\nOrderedDict\n)RtR"
    body = b"\x80\x02}(X\x05\x00\x00\x00model}X\x01\x00\x00\x00w" + tensor % 0 + b"s"
    body += b"X\x09\x00\x00\x00optimizer" + tensor % 7 + b"u."
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", body)
        if keep_data:
            archive.writestr("archive/data/0", data)
    return file


def test_a_tensor_is_read() -> None:
    """A tensor comes out with its shape and numbers; the optimizer's numbers are not read."""
    state = read_state(checkpoint(), "model", "weights.pth")
    assert state["w"].tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    "file",
    [
        checkpoint(NUMBERS[:-4]),
        checkpoint(NUMBERS + NUMBERS),
        checkpoint(keep_data=False),
        checkpoint(NUMBERS[:8], size=2),
        io.BytesIO(checkpoint().getvalue()[:-30]),
        io.BytesIO(b""),
    ],
)
def test_a_damaged_file_is_refused(file: io.BytesIO) -> None:
    """Numbers that are missing, too many or cut off are one clear error."""
    with pytest.raises(InputDataError, match=r"weights\.pth holds no weights"):
        read_state(file, "model", "weights.pth")


def test_no_other_class_is_built() -> None:
    """A pickle that names a function of the system is rejected by name."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.")
    with pytest.raises(InputDataError, match=r"os\.system"):
        read_state(file, "model", "weights.pth")
