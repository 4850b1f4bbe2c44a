r"""Which keys may become files, and where.

A key is any text. ``../../etc/passwd`` would leave the folder, ``a`` and ``a/b`` can't both be
files, and ``IMG.JPG`` and ``img.jpg`` are one file on many file systems. Such keys are rejected
in the ledger, so that nothing is written outside the folder or over another file. Empty parts of
a key, as in ``/a//b``, are dropped where that makes no two names one.
"""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autofocus.runs.ledger import LEDGER_NAME, Reason
from autofocus.runs.wording import shown
from autofocus.runs.workspace import HIDDEN
from autofocus.store.listing import StoredObject

# The limit of all common file systems.
_MAX_PART_BYTES = 255
_WINDOWS_FORBIDDEN = re.compile(r'[\x00-\x1f<>:"|?*\\]')
_WINDOWS_DEVICES = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\.|$)", re.IGNORECASE
)


@dataclass(frozen=True)
class Disk:
    """How a file system compares names.

    Attributes:
        folds_case: whether names that differ only by case are one.
        folds_unicode: whether names that differ only by Unicode normalisation are one.
        is_windows: whether Windows' rules for names hold.
    """

    folds_case: bool = False
    folds_unicode: bool = False
    is_windows: bool = os.name == "nt"

    def fold(self, key: str) -> str:
        """Return the same text for all keys that are one name on this file system."""
        plain = unicodedata.normalize("NFD", key) if self.folds_unicode else key
        return plain.casefold() if self.folds_case else plain


def probe(folder: Path) -> Disk:
    """Probe how a file system compares names, by writing a few files into a folder on it."""
    return Disk(
        folds_case=_are_one(folder, "case-probe", "CASE-PROBE"),
        # The letter é as one character, and as e with an accent after it.
        folds_unicode=_are_one(folder, "probe-\u00e9", "probe-e\u0301"),
    )


def _are_one(folder: Path, name: str, other: str) -> bool:
    probe_file = folder / name
    probe_file.touch()
    try:
        return (folder / other).exists()
    finally:
        probe_file.unlink()


@dataclass(frozen=True)
class Rejection:
    """Why a key can't become a file.

    Attributes:
        reason: of the ledger's vocabulary.
        detail: for people.
    """

    reason: Reason
    detail: str


def is_folder(item: StoredObject) -> bool:
    """Tell whether an object only marks a folder, as S3 consoles create them."""
    return item.key.endswith("/") and item.size == 0


def path_of(key: str) -> str:
    """Return the path of a key below a folder: without empty parts, as `//` leaves them.

    It is empty for a key of slashes alone.
    """
    if "//" not in key and not key.startswith("/") and not key.endswith("/"):
        return key
    return "/".join(part for part in key.split("/") if part)


def find_rejections(
    objects: Sequence[StoredObject], disk: Disk, folder: Path
) -> dict[str, Rejection]:
    """Return the keys that can't become files, and why; all others can be written together.

    Args:
        objects: all that are to be written, in rising order of their keys.
        disk: how the folder's file system compares names.
        folder: the folder to write to; only its links are read.
    """
    rejections: dict[str, Rejection] = {}
    links = _Links(folder)
    # The folders of keys in which nothing is wrong: of a file in one only the name is checked.
    sound: set[str] = set()
    for item in objects:
        above, _, name = item.key.rpartition("/")
        if name and above in sound:
            rejection = _check_parts([name], disk, is_top=not above.strip("/"))
        else:
            rejection = _check_name(item, disk) or links.check(item.key)
        if rejection:
            rejections[item.key] = rejection
        elif name:
            sound.add(above)
    possible = [item for item in objects if item.key not in rejections]
    rejections.update(_names_of_others(possible, disk))
    possible = [item for item in possible if item.key not in rejections]
    parents = {item.key.rpartition("/")[0] for item in possible}
    folders = {disk.fold(above) for parent in parents for above in _folders_of(f"{parent}/")}
    rejections.update(_files_in_place_of_folders(possible, folders, disk))
    remaining = (item.key for item in possible if item.key not in rejections)
    rejections.update(_same_names(remaining, disk))
    return rejections


def makes_path(key: str) -> bool:
    """Tell whether a key by itself makes a plain path below a folder."""
    path = path_of(key)
    is_file = path != "" and not key.endswith("/")
    return (
        is_file and key.isprintable() and "\\" not in key and not {".", ".."} & {*path.split("/")}
    )


def by_path(objects: Iterable[StoredObject]) -> dict[str, StoredObject]:
    """Return the objects whose keys make plain paths by these paths, without those that share one.

    A key that is its own path keeps it.
    """
    plain = [item for item in objects if makes_path(item.key)]
    others = {item.key for item in plain} & {*dict(_names_of_others(plain, Disk()))}
    return {path_of(item.key): item for item in plain if item.key not in others}


def folders_above(key: str) -> Iterator[str]:
    """Yield the folders of a key, the outermost first."""
    position = key.find("/")
    while position != -1:
        yield key[:position]
        position = key.find("/", position + 1)


def _folders_of(key: str) -> Iterator[str]:
    path = path_of(key)
    yield from folders_above(f"{path}/" if path and key.endswith("/") else path)


def _check_name(item: StoredObject, disk: Disk) -> Rejection | None:
    """Return what is wrong with a key by itself."""
    key = item.key
    if key.endswith("/") and not is_folder(item):
        return Rejection(
            Reason.FILE_AND_FOLDER, f"its name is a folder's, but it holds {item.size} bytes"
        )
    parts = path_of(key).split("/")
    return _check_parts(parts, disk, is_top=len(parts) == 1)


def _check_parts(parts: Sequence[str], disk: Disk, *, is_top: bool) -> Rejection | None:
    """Return what is wrong with parts of a key.

    Args:
        parts: without the slashes.
        disk: how the folder's file system compares names.
        is_top: whether they are the name of a file in the folder itself.
    """
    for part in filter(None, parts):
        if fault := _fault_of_part(part, disk):
            return Rejection(Reason.UNSAFE_KEY, fault)
    return _check_reserved(parts, disk, is_top=is_top)


def _fault_of_part(part: str, disk: Disk) -> str:
    if part in (".", ".."):
        return f"a part of it is {part!r}, which would lead elsewhere"
    if "\0" in part:
        return "no file name can have a NUL character"
    if len(part.encode("utf-8", "surrogatepass")) > _MAX_PART_BYTES:
        return f"a part of it is longer than {_MAX_PART_BYTES} bytes"
    return _fault_on_windows(part) if disk.is_windows else ""


def _fault_on_windows(part: str) -> str:
    if forbidden := _WINDOWS_FORBIDDEN.search(part):
        return f"Windows allows no {forbidden[0]!r} in names"
    if part.endswith((".", " ")):
        return "Windows drops dots and blanks at the end of names"
    if _WINDOWS_DEVICES.match(part):
        return f"{part} means a device on Windows"
    return ""


def _check_reserved(parts: Sequence[str], disk: Disk, *, is_top: bool) -> Rejection | None:
    folded = [disk.fold(part) for part in parts]
    if is_top and folded == [LEDGER_NAME]:
        return Rejection(Reason.RESERVED_NAME, f"{LEDGER_NAME} is the name of this account")
    if HIDDEN in folded:
        return Rejection(Reason.RESERVED_NAME, f"{HIDDEN} is where stages keep their memory")
    return None


class _Links:
    """Rejects keys that lead through links in the folder; each folder is checked once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, bool] = {}

    def check(self, key: str) -> Rejection | None:
        for above in _folders_of(key):
            if above not in self._known:
                self._known[above] = _is_link(self._folder / above)
            if self._known[above]:
                return Rejection(
                    Reason.UNSAFE_KEY,
                    f"{above} is a link in the local folder, and would lead elsewhere",
                )
        return None


def _is_link(path: Path) -> bool:
    # Windows has a second kind, which Python supports from 3.12.
    is_junction = getattr(path, "is_junction", lambda: False)
    return path.is_symlink() or bool(is_junction())


def _names_of_others(
    objects: Sequence[StoredObject], disk: Disk
) -> Iterator[tuple[str, Rejection]]:
    """Reject keys with empty parts that are the name of another file without them."""
    changed = [item for item in objects if not is_folder(item) and path_of(item.key) != item.key]
    if not changed:
        return
    names = Counter(disk.fold(path_of(item.key)) for item in objects if not is_folder(item))
    for item in changed:
        path = path_of(item.key)
        if names[disk.fold(path)] > 1:
            yield (
                item.key,
                Rejection(
                    Reason.UNSAFE_KEY,
                    f"without its empty parts it is {shown(path)}, and so is another key",
                ),
            )


def _files_in_place_of_folders(
    objects: Iterable[StoredObject], folders: set[str], disk: Disk
) -> Iterator[tuple[str, Rejection]]:
    for item in objects:
        if not is_folder(item) and disk.fold(path_of(item.key)) in folders:
            yield item.key, Rejection(Reason.FILE_AND_FOLDER, "it is a folder of other keys, too")


def _same_names(keys: Iterable[str], disk: Disk) -> Iterator[tuple[str, Rejection]]:
    """Reject all but the first of keys that are one name on this file system."""
    if not (disk.folds_case or disk.folds_unicode):
        return
    first: dict[str, str] = {}
    for key in keys:
        kept = first.setdefault(disk.fold(path_of(key)), key)
        if kept != key and not key.endswith("/"):
            yield key, Rejection(Reason.CASE_COLLISION, f"this disk takes it for {kept}")
