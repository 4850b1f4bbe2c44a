"""Words that several stages use in their messages."""


def plural(number: int, noun: str, nouns: str = "") -> str:
    """Return a number with its noun, such as `1 image` or `1,200 images`.

    Args:
        number: how many.
        noun: the name of one.
        nouns: the name of several; by default with an `s`.
    """
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


# So much of an input is repeated in a message.
MAX_SHOWN = 100


def shown(text: object, limit: int = MAX_SHOWN) -> str:
    """Return a text of an input for a message: on one line, printable, and not too long.

    Control characters, and others that a terminal might act on, are escaped.

    Args:
        text: what a person or program gave; anything that can be made a text.
        limit: the largest number of characters.
    """
    given = str(text)
    # Escapes may make it longer, never shorter: what is beyond is cut in any case.
    escaped = "".join(map(_printable, given[: limit + 1]))
    return escaped if len(escaped) <= limit else escaped[: limit - 1] + "…"


def _printable(letter: str) -> str:
    return letter if letter.isprintable() else ascii(letter)[1:-1]
