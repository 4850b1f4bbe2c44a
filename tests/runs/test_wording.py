"""Tests of words in messages."""

import pytest

from autofocus.runs.wording import plural, shown


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 images"), (1, "1 image"), (1200, "1,200 images")]
)
def test_a_number_with_its_noun(number: int, text: str) -> None:
    """One is in the singular, all other numbers are in the plural."""
    assert plural(number, "image") == text


def test_an_irregular_plural() -> None:
    """A noun whose plural has no `s` is given with it."""
    assert [plural(n, "class", "classes") for n in (1, 2)] == ["1 class", "2 classes"]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("raccoon", "raccoon"),
        ("a\x1b[2J\n", "a\\x1b[2J\\n"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("x" * 101, "x" * 99 + "…"),
        ("\0" * 50, "\\x00" * 24 + "\\x0…"),
        (12, "12"),
    ],
)
def test_a_text_of_an_input_is_shown_printable_and_short(given: object, text: str) -> None:
    """Control characters are escaped, and a long text is cut."""
    assert shown(given) == text
