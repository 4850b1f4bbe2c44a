"""Claims about the report's colours by its style; test_browser.py looks at what comes of it."""

import re
from pathlib import Path

import pytest

from autofocus.reporting import report

CSS = (Path(report.__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")
# What is written on what.
TEXTS = [
    ("ink", "paper"), ("ink", "card"), ("ink", "track"), ("ink", "right-rgb"),
    ("ink", "wrong-rgb"), ("soft", "paper"), ("soft", "card"), ("accent", "paper"),
    ("accent", "card"), ("wrong", "card"), ("alarm", "alarm-paper"), ("alarm", "card"),
    ("note", "note-paper"),
]  # fmt: skip
# What must be told apart to be understood.
SHAPES = [
    ("mark", "track"), ("mark", "right-rgb"), ("mark", "wrong-rgb"), ("accent", "right-rgb"),
    ("accent", "track"), ("wrong", "track"), ("accent", "card"), ("wrong", "card"),
]  # fmt: skip
SCHEMES = ["light", "dark"]


def variables(scheme: str) -> dict[str, tuple[int, ...]]:
    """Return the colours of a scheme; the dark one changes the light one."""
    blocks = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)[: 2 if scheme == "dark" else 1]
    pairs = [pair for block in blocks for pair in re.findall(r"--([a-z-]+): ([^;]+);", block)]
    return {name: channels(value) for name, value in pairs}


def channels(colour: str) -> tuple[int, ...]:
    if colour.startswith("#"):
        return tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return tuple(int(number) for number in colour.split())


def luminance(colour: tuple[int, ...]) -> float:
    """Return the relative luminance of sRGB (WCAG 2.2)."""
    shares = [value / 255 for value in colour]
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: tuple[int, ...], second: tuple[int, ...]) -> float:
    low, high = sorted([luminance(first), luminance(second)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("over", "under"), TEXTS)
def test_text_can_be_read(scheme: str, over: str, under: str) -> None:
    """Every text has the contrast of WCAG's level AA, by day and by night."""
    colours = variables(scheme)
    assert contrast(colours[over], colours[under]) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("one", "other"), SHAPES)
def test_shapes_can_be_told_apart(scheme: str, one: str, other: str) -> None:
    """What a drawing is made of has the contrast that level AA asks of it."""
    colours = variables(scheme)
    assert contrast(colours[one], colours[other]) >= 3


def test_both_schemes_have_their_own_colours() -> None:
    """The dark scheme is another one: its paper is darker than its ink."""
    light, dark = variables("light"), variables("dark")
    assert luminance(light["paper"]) > luminance(light["ink"])
    assert luminance(dark["paper"]) < luminance(dark["ink"])
    assert light.keys() == dark.keys()
