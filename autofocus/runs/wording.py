"""Words that several stages use in their messages."""

from collections.abc import Iterable

from autofocus.options.printing import MAX_SHOWN, shown

__all__ = ["MAX_SHOWN", "first_line", "plural", "shown"]


def plural(number: int, noun: str, nouns: str = "") -> str:
    """Return a number with its noun, such as `1 image` or `1,200 images`.

    Args:
        number: how many.
        noun: the name of one.
        nouns: the name of several; by default with an `s`.
    """
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message; the name of its type if that is empty."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def listed(names: Iterable[object], most: int = 20) -> str:
    """Return names of an input for a message, with commas between them, and at most so many."""
    words = [shown(name) for name in names]
    more = f" and {len(words) - most:,} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more
