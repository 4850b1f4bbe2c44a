"""Names from elsewhere: `Raccoon`, `raccoon ` and `RACCOON` are one label.

Labels, paths, headings and locations come out of tables that several people and programs wrote.
They differ in capitals, in blanks (also in those that a web page or a spreadsheet leaves, such as
no-break and zero-width spaces), in the Unicode form of accents (macOS decomposes them), and in
the width of Latin letters (Japanese and Chinese keyboards have wide ones); none of that makes
another name. Superscripts and ligatures do: `deer²` is not `deer2`.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from autofocus.runs.wording import shown

# Unlike no-break spaces, these are not blanks in the eyes of `str.split`. Some scripts need the
# first ones within a word, so that they are removed from keys but only from the ends of names;
# the others, marks of direction, come with paths that are copied out of a dialog of Windows.
INVISIBLE = (
    "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2066\u2067\u2068\u2069"
)
_FOLDED = dict.fromkeys(map(ord, INVISIBLE), "") | {
    wide: chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F)
}
# A note names this many spellings.
_SHOWN = 5


def clean_name(text: str) -> str:
    """Return a name with its accents composed (NFC) and single blanks between its words."""
    if text.isascii() and text.isalnum():
        return text
    return " ".join(unicodedata.normalize("NFC", text).split()).strip(INVISIBLE + " ")


def fold_name(text: str) -> str:
    """Return what two spellings of the same name have in common."""
    if text.isascii():
        return text.casefold() if text.isalnum() else " ".join(text.casefold().split())
    plain = unicodedata.normalize("NFC", " ".join(text.translate(_FOLDED).split()))
    return unicodedata.normalize("NFC", plain.casefold())


def fold_path(path: str) -> str:
    """Return what two spellings of the same path, with `/` between its components, have in common.

    Blanks at the ends of a component don't count, and no component is removed.
    """
    if path.isascii() and " " not in path:
        return path.casefold()
    return "/".join(map(fold_name, path.split("/")))


def index_folded(paths: Iterable[str]) -> dict[str, str]:
    """Return the paths by what their spellings have in common, without those of several paths."""
    folded = [(fold_path(path), path) for path in dict.fromkeys(paths)]
    counts = Counter(key for key, _ in folded)
    return {key: path for key, path in folded if counts[key] == 1}


@lru_cache(maxsize=64)
def _names_in(folder: Path, changed: int) -> dict[str, str]:  # noqa: ARG001 - for the cache
    """Return the files and folders in a folder, by what the spellings of their names share.

    Args:
        folder: the folder.
        changed: when it was changed, so that an old listing isn't used.
    """
    return index_folded(path.name for path in folder.iterdir())


def find_spelled(folder: Path, path: str) -> Path | None:
    """Return the file that a path from elsewhere leads to in another spelling; None if none does.

    Args:
        folder: what the path is relative to.
        path: with `/` between its components.
    """
    for part in path.split("/"):
        if (folder / part).exists():
            folder = folder / part
        elif folder.is_dir() and (
            name := _names_in(folder, folder.stat().st_mtime_ns).get(fold_path(part))
        ):
            folder = folder / name
        else:
            return None
    return folder if folder.is_file() else None


def merge_spellings(names: Iterable[str]) -> dict[str, str]:
    """Return the spelling that stays for each name: the first one, by `clean_name`.

    Args:
        names: as they are written, in the order in which they occur.
    """
    first: dict[str, str] = {}
    return {
        name: first.setdefault(fold_name(name), clean_name(name)) for name in dict.fromkeys(names)
    }


def describe_merges(
    spellings: Mapping[str, str], counts: Mapping[str, int], noun: str = "label"
) -> tuple[str, ...]:
    """Return a sentence per name that occurs in several spellings.

    Args:
        spellings: the result of `merge_spellings`.
        counts: the number of occurrences of each spelling.
        noun: what the names are of.
    """
    merged: dict[str, list[str]] = {}
    for name, kept in spellings.items():
        if name != kept:
            merged.setdefault(kept, []).append(name)
    return tuple(
        f"{_list(others, counts)} and {_visibly(kept)} differ only in case, blanks or Unicode "
        f"form: they are one {noun}, {shown(kept)}"
        for kept, others in merged.items()
    )


def _list(names: Iterable[str], counts: Mapping[str, int]) -> str:
    words = [f"{_visibly(name)} ({counts[name]})" for name in names]
    more = f", {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more


def _visibly(name: str) -> str:
    """Return a name so that one sees what differs: repr escapes blanks, but no accents."""
    is_plain = unicodedata.is_normalized("NFC", name) and not any(map(_is_wide, name))
    return shown(repr(name) if is_plain else ascii(name))


def _is_wide(letter: str) -> bool:
    return 0xFF01 <= ord(letter) <= 0xFF5E  # noqa: PLR2004 - the block of wide letters
