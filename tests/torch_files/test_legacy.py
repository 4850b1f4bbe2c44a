"""Claims about reading PyTorch's old format."""

import io
import pickle
import struct
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from autofocus.errors import InputDataError
from autofocus.torch_files.legacy import read_state

MAGIC, VERSION = 0x1950A86A20F9469CFC6C, 1001


def state_file(body: bytes, data: bytes = np.arange(6, dtype="<f4").tobytes()) -> bytes:
    parts = [pickle.dumps(value, 2) for value in (MAGIC, VERSION, {"little_endian": True})]
    return b"".join([*parts, body, pickle.dumps(["0"], 2), struct.pack("<q", 6), data])


def tensor_pickle(shape: tuple[int, int] = (2, 3), stride: tuple[int, int] = (3, 1)) -> bytes:
    """Return the pickle of {"w": a tensor over storage "0"}, written opcode by opcode."""
    out = io.BytesIO()
    out.write(b"\x80\x02ccollections\nOrderedDict\n)R(")
    out.write(b"X\x01\x00\x00\x00w")
    out.write(b"ctorch._utils\n_rebuild_tensor_v2\n(")
    out.write(b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\n")
    out.write(b"X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x06NtQ")
    out.write(b"K\x00(" + bytes([0x4B, shape[0], 0x4B, shape[1]]) + b"t")
    out.write(b"(" + bytes([0x4B, stride[0], 0x4B, stride[1]]) + b"t")
    out.write(b"\x89ccollections\nOrderedDict\n)RtR")
    out.write(b"u.")
    return out.getvalue()


def written(folder: Path, content: bytes) -> Path:
    path = folder / "weights.pth"
    path.write_bytes(content)
    return path


def test_a_tensor_is_read(tmp_path: Path) -> None:
    """A tensor comes out with its name, shape and numbers."""
    state = read_state(written(tmp_path, state_file(tensor_pickle())))
    assert state["w"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_strides_are_honoured(tmp_path: Path) -> None:
    """A transposed tensor over the same storage comes out transposed."""
    state = read_state(written(tmp_path, state_file(tensor_pickle((3, 2), (1, 3)))))
    assert state["w"].tolist() == [[0, 3], [1, 4], [2, 5]]


def test_no_other_class_is_built(tmp_path: Path) -> None:
    """A pickle that names a function of the system runs nothing and is rejected by name."""
    trace = tmp_path / "was_run"
    evil = b"\x80\x02cos\nsystem\nX" + struct.pack("<I", len(f"touch {trace}"))
    evil += f"touch {trace}".encode() + b"\x85R."
    with pytest.raises(InputDataError, match=r"os\.system"):
        read_state(written(tmp_path, state_file(evil)))
    assert not trace.exists()


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    """Whatever byte a file is cut off at, it is one clear error."""
    whole = state_file(tensor_pickle())
    numbers = len(whole) - 8 - 24  # six float32, and their count before them
    for left in range(len(whole)):
        message = "is truncated" if left >= numbers else "can be read"
        with pytest.raises(InputDataError, match=message):
            read_state(written(tmp_path, whole[:left]))


@pytest.mark.parametrize(
    "body", [b"\x80\x02)K\x01a.", b"\x80\x04\x95" + b"\xff" * 8, b"\x80\x02h\x05."]
)
def test_damaged_bytes_are_refused(tmp_path: Path, body: bytes) -> None:
    """Opcodes that don't fit together are the same error, whatever unpickling makes of them."""
    with pytest.raises(InputDataError, match="can be read"):
        read_state(written(tmp_path, state_file(body)))


def test_a_tensor_beyond_its_storage_is_refused(tmp_path: Path) -> None:
    """A tensor that claims more numbers than its storage holds reads no foreign memory."""
    with pytest.raises(InputDataError, match="beyond its storage"):
        read_state(written(tmp_path, state_file(tensor_pickle((4, 3)))))


def test_another_format_is_refused(tmp_path: Path) -> None:
    """A pickle of something else is rejected."""
    with pytest.raises(InputDataError):
        read_state(written(tmp_path, pickle.dumps(OrderedDict(a=1), 2)))
