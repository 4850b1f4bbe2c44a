"""YAML as a person would write it: keys, values, and comments that explain them."""

import re
import textwrap
from collections.abc import Iterable

_WIDTH = 98
_PLAIN = re.compile(r"[A-Za-z_/][\w./*-]*(?: [\w./*-]+)*")
# What YAML takes for something else than text.
_RESERVED = frozenset(("true", "false", "yes", "no", "on", "off", "null", "none", "y", "n"))


def scalar(value: object) -> str:
    """Return one value: text in quotes where YAML would read it otherwise."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return str(value)
    if _PLAIN.fullmatch(value) and value.isascii() and value.lower() not in _RESERVED:
        return value
    return "'" + value.replace("'", "''") + "'"


def sequence(values: Iterable[object]) -> str:
    """Return a list in one line."""
    return "[" + ", ".join(map(scalar, values)) + "]"


def comment(sentence: str, indent: int = 0) -> list[str]:
    """Return a sentence as lines of a comment."""
    start = " " * indent + "# "
    # Names of files may hold line breaks, which would end the comment.
    plain = "".join(letter if letter.isprintable() else "?" for letter in sentence)
    return textwrap.wrap(
        plain,
        _WIDTH,
        initial_indent=start,
        subsequent_indent=start,
        break_long_words=False,
        break_on_hyphens=False,
    )


class Section:
    """A section of a parameter file.

    Args:
        name: its name; empty for keys outside all sections.
    """

    def __init__(self, name: str = "") -> None:
        self._name = name
        self._lines: list[str] = []
        self._has_keys = False

    def explain(self, sentence: str) -> None:
        """Add a comment."""
        self._lines += comment(sentence, self._indent)

    def put(self, key: str, value: str, why: str = "") -> None:
        """Add a key with a value that is YAML already, below a comment."""
        if why:
            self.explain(why)
        self._lines.append(f"{' ' * self._indent}{key}: {value}")
        self._has_keys = True

    @property
    def _indent(self) -> int:
        return 2 if self._name else 0

    def lines(self) -> list[str]:
        """Return the lines of the section."""
        if not self._name:
            return self._lines
        if not self._has_keys:
            return [*(line.strip() for line in self._lines), f"{self._name}: {{}}"]
        return [f"{self._name}:", *self._lines]
