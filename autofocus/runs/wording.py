"""Words that several stages use in their messages."""

from autofocus.options.printing import MAX_SHOWN, shown

__all__ = ["MAX_SHOWN", "plural", "shown"]


def plural(number: int, noun: str, nouns: str = "") -> str:
    """Return a number with its noun, such as `1 image` or `1,200 images`.

    Args:
        number: how many.
        noun: the name of one.
        nouns: the name of several; by default with an `s`.
    """
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"
