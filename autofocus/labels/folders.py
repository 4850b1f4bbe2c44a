"""Names of label folders and links: safe on every file system, and never two the same.

A label may be called anything. In a folder's name, what a file system could take for something
else is written as in a URL: `a/b` becomes `a%2Fb`. So no name leads out of its folder, two labels
never share one, and the label can be read back.
"""

import hashlib
from pathlib import PurePosixPath
from urllib.parse import quote, unquote

# Bytes; file systems allow 255, and links and copies are written under longer names at first.
_LONGEST_LABEL = 150
_LONGEST_STEM = 150
# What stands unchanged, besides letters and digits of any script, and `_.-~`.
_SAFE = " !#$&'()+,;=@[]{}^`"
# Windows takes these for devices, whatever the extension.
_DEVICES = {
    "con", "prn", "aux", "nul",
    *(f"{kind}{number}" for kind in ("com", "lpt") for number in range(1, 10)),
}  # fmt: skip
_DIGITS = 10
# Of the label without a letter; in all other names, two digits follow a `%`.
_NAMELESS = "%"


def label_to_folder(label: str) -> str:
    """Return the name of a label's folder.

    Very long labels are shortened and told apart by a digest; those can't be read back.
    """
    name = "".join(letter if letter.isalnum() else quote(letter, safe=_SAFE) for letter in label)
    if name.startswith("."):
        name = "%2E" + name[1:]
    if name.endswith((".", " ")):
        name = f"{name[:-1]}%{ord(name[-1]):02X}"
    if name.split(".")[0].lower() in _DEVICES:
        name = f"%{ord(name[0]):02X}{name[1:]}"
    if not name:
        name = _NAMELESS
    if len(name.encode()) > _LONGEST_LABEL:
        name = f"{_cut(name, _LONGEST_LABEL - _DIGITS - 1)}-{_digest(label)}"
    return name


def folder_to_label(name: str) -> str:
    """Return the label that a folder is named after: the reverse of `label_to_folder`."""
    return "" if name == _NAMELESS else unquote(name, errors="surrogateescape")


def link_name(filepath: str) -> str:
    """Return the name of the link to a photograph.

    It is the file's own name with a digest of its path, so that two cameras' `IMG_0001.JPG` both
    stay, and a link keeps its name when others are added.

    Args:
        filepath: the photograph's path, relative to the folder of its table.
    """
    path = PurePosixPath(filepath)
    return f"{_cut(path.stem, _LONGEST_STEM)}-{_digest(filepath)}{_cut(path.suffix, 20)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:_DIGITS]


def _cut(text: str, size: int) -> str:
    """Shorten to a number of bytes, at a letter's border."""
    return text.encode("utf-8", "surrogateescape")[:size].decode("utf-8", "ignore")
