"""The spelling of labels: `Raccoon`, `raccoon ` and `RACCOON` are one label.

Several people label the images of one project. Their labels differ in capitals, in blanks (also
in those that a web page or a spreadsheet leaves, such as no-break and zero-width spaces) and in
the Unicode form of accents, and none of that makes a label of its own.
"""

import unicodedata
from collections.abc import Iterable, Mapping

# Unlike no-break spaces, these are not blanks in the eyes of `str.split`. Some scripts need them
# within a word, so that they are removed from keys but only from the ends of labels.
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_NOTHING = dict.fromkeys(map(ord, _INVISIBLE))


def clean_label(text: str) -> str:
    """Return a label with its accents composed (NFC) and single blanks between its words."""
    if text.isascii() and text.isalnum():
        return text
    return " ".join(unicodedata.normalize("NFC", text).split()).strip(_INVISIBLE + " ")


def label_key(text: str) -> str:
    """Return what two spellings of the same label have in common."""
    return unicodedata.normalize("NFC", clean_label(text.translate(_NOTHING)).casefold())


def merge_spellings(labels: Iterable[str]) -> dict[str, str]:
    """Return the spelling that stays for each label: the first one, by `clean_label`.

    Args:
        labels: labels as they are written, in the order in which they occur.
    """
    first: dict[str, str] = {}
    return {
        label: first.setdefault(label_key(label), clean_label(label))
        for label in dict.fromkeys(labels)
    }


def describe_merges(spellings: Mapping[str, str], counts: Mapping[str, int]) -> tuple[str, ...]:
    """Return a sentence per label that occurs in several spellings.

    Args:
        spellings: the result of `merge_spellings`.
        counts: the number of occurrences of each spelling.
    """
    merged: dict[str, list[str]] = {}
    for label, kept in spellings.items():
        if label != kept:
            merged.setdefault(kept, []).append(label)
    return tuple(
        f"{_list(others, counts)} and {kept!r} differ only in case, blanks or Unicode form: they "
        f"are one label, {kept}"
        for kept, others in merged.items()
    )


def _list(labels: Iterable[str], counts: Mapping[str, int]) -> str:
    return ", ".join(f"{_visibly(label)} ({counts[label]})" for label in labels)


def _visibly(label: str) -> str:
    """Return a label so that one sees what differs: repr escapes blanks, but no accents."""
    return repr(label) if unicodedata.is_normalized("NFC", label) else ascii(label)
