"""Archives of images on their way between components: a few tar files, not an object per image.

A cluster moves artifacts file by file, so that 80,000 images would take hours. Next to the
tar files is `manifest.json`, written last, by which the next component detects missing files.

Each tar file belongs to one part, such as the shard `3/24`, so that a component that is handed
several shards can take one after the other.
"""

import hashlib
import json
import shutil
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Any

from autofocus.containers.tars import BROKEN_HEADER, IMPOSSIBLE_NAME
from autofocus.errors import InputDataError
from autofocus.runs import files
from autofocus.runs.progress import Progress
from autofocus.runs.wording import shown

MANIFEST = "manifest.json"
# The size at which a tar file is closed (bytes).
TAR_BYTES = 1 << 30


@dataclass(frozen=True)
class Tar:
    """One tar file of an archive.

    Attributes:
        name: its file's name.
        files: how many files it holds.
        sha256: the digest of its bytes, as hex digits.
        part: what the files are of, such as the shard ``3/24``; empty in an archive that isn't
            divided.
    """

    name: str
    files: int
    sha256: str
    part: str = ""


def pack(
    folder: Path, names: Sequence[str], outdir: Path, *, part: str = "", tar_bytes: int = TAR_BYTES
) -> list[Tar]:
    """Move files into tar files, with equal bytes for equal files.

    The files are removed as they are packed, so that the disk holds them once.

    Args:
        folder: where the files are; links are followed.
        names: their paths relative to the folder, with `/` between parts.
        outdir: the folder for the tar files: a new one, or an archive of other parts.
        part: what the files are of, such as the shard ``3/24``.
        tar_bytes: how large a tar file gets.

    Returns:
        The new tar files.
    """
    outdir.mkdir(parents=True, exist_ok=True)
    tars = read_manifest(outdir) if (outdir / MANIFEST).exists() else []
    first = len(tars)
    with Progress("pack", len(names), "file") as progress:
        for number, inside in enumerate(_divide(folder, names, tar_bytes), first):
            name = _name(number)
            with (outdir / name).open("wb") as file:
                hashing = _Hashing(file)
                _write_tar(hashing, folder, inside, progress)
            tars.append(Tar(name, len(inside), hashing.hexdigest(), part))
    _write_manifest(outdir, tars)
    return tars[first:]


def join(archives: Sequence[Path], outdir: Path) -> list[Tar]:
    """Move the tar files of archives into one archive, in the order of the archives.

    Args:
        archives: folders that `pack` wrote, on the same disk; they are removed.
        outdir: a new folder.

    Raises:
        InputDataError: an archive is incomplete.
    """
    outdir.mkdir(parents=True)
    tars: list[Tar] = []
    for archive in archives:
        for tar in read_manifest(archive):
            name = _name(len(tars))
            (archive / tar.name).replace(outdir / name)
            tars.append(replace(tar, name=name))
        shutil.rmtree(archive)
    _write_manifest(outdir, tars)
    return tars


def parts(archives: Sequence[Path]) -> list[str]:
    """Return the parts of archives, each once, in the order in which they come.

    Args:
        archives: folders that `pack` or `join` wrote.

    Raises:
        InputDataError: an archive is incomplete.
    """
    tars = [tar for archive in archives for tar in read_manifest(archive)]
    return list(dict.fromkeys(tar.part for tar in tars))


def _name(number: int) -> str:
    return f"part-{number:05}.tar"


def _write_manifest(outdir: Path, tars: Sequence[Tar]) -> None:
    files.write_json(outdir / MANIFEST, {"tars": [asdict(tar) for tar in tars]}, outdir)


def _divide(folder: Path, names: Sequence[str], tar_bytes: int) -> Iterator[list[str]]:
    """Yield the files of each tar file; an empty archive has one empty tar file."""
    inside: list[str] = []
    size = 0
    for name in names:
        inside.append(name)
        size += (folder / name).stat().st_size
        if size >= tar_bytes:
            yield inside
            inside, size = [], 0
    if inside or not names:
        yield inside


def _write_tar(file: "_Hashing", folder: Path, names: Sequence[str], progress: Progress) -> None:
    with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as tar:  # type: ignore[call-overload]
        for name in names:
            path = folder / name
            member = tarfile.TarInfo(name)
            member.size = path.stat().st_size
            with path.open("rb") as content:
                tar.addfile(member, content)
            path.unlink()
            progress.advance()


def unpack(archives: Sequence[Path], folder: Path, part: str | None = None) -> int:
    """Unpack archives into one folder.

    Args:
        archives: folders that `pack` or `join` wrote.
        folder: where the files go.
        part: the part to unpack, such as ``3/24``; by default all parts.

    Returns:
        How many files there were.

    Raises:
        InputDataError: an archive is incomplete, or two hold different files of the same name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    number = 0
    for archive in archives:
        for tar in read_manifest(archive):
            if part is None or tar.part == part:
                number += _unpack_tar(archive / tar.name, tar, folder)
    return number


def read_manifest(archive: Path) -> list[Tar]:
    """Read which tar files an archive has.

    Raises:
        InputDataError: there is no manifest, so that the archive is incomplete.
    """
    path = archive / MANIFEST
    if not path.exists():
        raise InputDataError(
            f"{archive} has no {MANIFEST}: it is no archive of images, or incomplete."
        )
    tars: list[Tar] = []
    # Reading a pipe would block.
    if path.is_file():
        with suppress(ValueError, KeyError, TypeError, RecursionError):
            tars = [Tar(**tar) for tar in json.loads(path.read_text(encoding="utf-8"))["tars"]]
    if tars and all(map(_is_valid, tars)):
        return tars
    raise InputDataError(f"{path} can't be read: run the component that made it again.")


def _is_valid(tar: Tar) -> bool:
    """Tell whether what a manifest says of a tar file may be true, whoever wrote it."""
    values: tuple[Any, ...] = (tar.name, tar.files, tar.sha256, tar.part)
    if [type(value) for value in values] != [str, int, str, str]:
        return False
    return PurePosixPath(tar.name).name == tar.name and "\0" not in tar.name


def _unpack_tar(path: Path, expected: Tar, folder: Path) -> int:
    broken = InputDataError(
        f"{path} is incomplete or damaged: run the component that made it again."
    )
    # Reading a pipe would block.
    if not path.is_file():
        raise broken
    try:
        with path.open("rb") as file:
            hashing = _Hashing(file)
            with tarfile.open(fileobj=hashing, mode="r|") as tar:  # type: ignore[call-overload]
                number = sum(_unpack_member(tar, member, folder) for member in tar)
            hashing.drain()
    except InputDataError:
        raise
    except (tarfile.TarError, *BROKEN_HEADER):
        raise broken from None
    except OSError as error:
        if error.errno not in IMPOSSIBLE_NAME:
            raise
        raise broken from None
    if hashing.hexdigest() != expected.sha256 or number != expected.files:
        raise broken
    return number


def _unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> int:
    path = PurePosixPath(member.name)
    # A file with holes may be larger than any disk.
    if not member.isreg() or member.issparse() or not _leads_inside(path):
        raise InputDataError(
            f"An archive holds {shown(member.name)}, which is no file below its folder: only "
            "archives that this project packed are unpacked."
        )
    final = folder / path
    content = tar.extractfile(member)
    if content is None:  # not for regular files
        raise tarfile.ReadError(member.name)
    if final.exists():
        if files.digest_file(final) != hashlib.sha256(content.read()).hexdigest():
            raise InputDataError(
                f"Two shards hold different files named {shown(member.name)}: preprocess all of "
                "them with the same settings, and give each shard once."
            )
        return 1
    final.parent.mkdir(parents=True, exist_ok=True)
    with final.open("wb") as file:
        shutil.copyfileobj(content, file)
    return 1


def _leads_inside(path: PurePosixPath) -> bool:
    # Not by the first part: that of a path that begins with two slashes is `//`.
    is_relative = bool(path.parts) and not path.is_absolute()
    return is_relative and ".." not in path.parts and "\0" not in str(path)


class _Hashing:
    """A file for `tarfile` of which a digest is taken on the way."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        return self._file.write(data)

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self._digest.update(data)
        return data

    def drain(self) -> None:
        """Read what is behind the last member."""
        while self.read(files.CHUNK):
            pass

    def hexdigest(self) -> str:
        return self._digest.hexdigest()
