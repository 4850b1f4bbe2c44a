"""Names of label folders and links: unique, and valid on every file system.

A label may be any text. In the name of its folder, the special characters of file systems are
percent-encoded: `a/b` becomes `a%2Fb`. So no name leads out of its folder, no two labels share a
folder, and the label can be recovered from the name.
"""

import hashlib
import os
from functools import lru_cache
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote

from autofocus.images.names import PREPARATION_NAME
from autofocus.runs.ledger import LEDGER_NAME
from autofocus.tables.columns import LINKS_NAME

# Bytes; file systems allow 255, and unfinished links and copies have longer names.
_LONGEST_LABEL = 150
_LONGEST_STEM = 150
_LONGEST_SUFFIX = 20
# Not encoded, besides letters and digits of any script, and `_.-~`.
_SAFE = " !#$&'()+,;=@[]{}^`"
# Devices on Windows, with any extension.
_DEVICES = {
    "con", "prn", "aux", "nul",
    *(f"{kind}{number}" for kind in ("com", "lpt") for number in range(1, 10)),
}  # fmt: skip
# Files that stand beside the folders.
_FILES = {LEDGER_NAME, LINKS_NAME, PREPARATION_NAME}
# Files that stand beside the folders of labels.
_OWN_FILES = {LINKS_NAME, LEDGER_NAME, PREPARATION_NAME}
_DIGITS = 10
# The folder of the empty label; in all other names, two digits follow a `%`.
_NAMELESS = "%"
# What stands behind the last slash of a path and is not its last name.
_NO_NAMES = ("", ".")


@lru_cache(maxsize=4096)
def label_to_folder(label: str) -> str:
    """Return the name of a label's folder.

    Very long labels are shortened and made unique by a digest; those can't be recovered.
    """
    name = "".join(letter if letter.isalnum() else quote(letter, safe=_SAFE) for letter in label)
    if name.casefold() in _OWN_FILES:
        name = f"%{ord(name[0]):02X}{name[1:]}"
    if name.startswith("."):
        name = "%2E" + name[1:]
    if name.endswith((".", " ")):
        name = f"{name[:-1]}%{ord(name[-1]):02X}"
    if name.split(".")[0].lower() in _DEVICES:
        name = f"%{ord(name[0]):02X}{name[1:]}"
    if name.lower() in _FILES:
        name = f"%{ord(name[0]):02X}{name[1:]}"
    if not name:
        name = _NAMELESS
    if len(name.encode()) > _LONGEST_LABEL:
        name = f"{_cut(name, _LONGEST_LABEL - _DIGITS - 1)}-{_digest(label)}"
    return name


def folder_to_label(name: str) -> str:
    """Return the label of a folder: the inverse of `label_to_folder`."""
    return "" if name == _NAMELESS else unquote(name, errors="surrogateescape")


def link_name(filepath: str) -> str:
    """Return the name of the link to an image.

    It is the file's name with a digest of its path, so that the `IMG_0001.JPG` of two cameras have
    different links, and a link keeps its name when others are added.

    Args:
        filepath: the image's path, relative to the folder of the table.
    """
    name = filepath[filepath.rfind("/") + 1 :]
    if name in _NO_NAMES:
        name = PurePosixPath(filepath).name
    dot = name.rfind(".")
    # As of `PurePath`: what begins or ends with its only dot has no suffix.
    at = dot if 0 < dot < len(name) - 1 else len(name)
    stem, suffix = name[:at], name[at:]
    if at > _LONGEST_STEM or len(suffix) > _LONGEST_SUFFIX or not name.isascii():
        stem, suffix = _cut(stem, _LONGEST_STEM), _cut(suffix, _LONGEST_SUFFIX)
    return f"{stem}-{_digest(filepath)}{suffix}"


def split_path(filepath: str) -> tuple[str, str]:
    """Return the folder and the name of an image, as `Path` does, in a fraction of the time.

    Args:
        filepath: the image's path, with `/` between the components.
    """
    folder, slash, name = filepath.rpartition("/")
    if name in _NO_NAMES or os.sep in name or (slash and not folder.strip("/")):
        path = Path(filepath)
        return os.fspath(path.parent), path.name
    return folder, name


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:_DIGITS]


def _cut(text: str, size: int) -> str:
    """Shorten to a number of bytes, at the end of a character."""
    if len(text) <= size and text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape")[:size].decode("utf-8", "ignore")
