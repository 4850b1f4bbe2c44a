"""Claims about the report in a real browser, Chromium without a window."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from autofocus.boxes.box import Box
from autofocus.reporting.report import Report
from tests.reporting import example
from tests.reporting.browsing import Browser

PHONE, TABLET, DESKTOP = 360, 768, 1280
LONG = "Cryptoprocta_ferox_" * 4


def worst_names() -> dict[str, Any]:
    """Return figures with thirty classes, whose names are longer than a phone is wide."""
    metrics = example.full()
    labels = [f"{LONG}{number}" for number in range(30)]
    one = metrics["test"]["per_class"][0]
    metrics["labels"] = labels
    metrics["images"] = dict.fromkeys(labels, metrics["images"]["bird"])
    metrics["test"] |= {
        "per_class": [{**one, "label": label} for label in labels],
        "confusion_matrix": [[5] * 30 for _ in labels],
        "most_common_class": [labels[0], 0.03],
    }
    metrics["test"]["slices"][0]["rows"][1]["value"] = LONG
    metrics["warnings"] = [f"{LONG} is rare."]
    return metrics


def optimistic() -> dict[str, Any]:
    metrics = example.full()
    metrics["split"]["level"] = metrics["test"]["group_kind"] = "image"
    return metrics


def render(metrics: dict[str, Any], folder: Path) -> str:
    wrong = example.mistakes(folder / "photographs", 14)
    box = Box(0.3, 0.5, 0.3, 0.4, 0.5, 5, "motion", "")
    return Report(
        example.typed(metrics), example.context(folder, wrong, boxes={wrong[0].name: box})
    ).render()


@pytest.mark.parametrize(
    ("metrics", "dark"),
    [
        (example.full, False),
        (example.full, True),
        (example.minimal, False),
        (example.multilabel, False),
        (optimistic, False),
        (optimistic, True),
        (worst_names, False),
    ],
)
def test_it_can_be_read_on_a_phone_and_on_a_desk(
    browser: Browser, tmp_path: Path, metrics: Callable[[], dict[str, Any]], dark: bool
) -> None:
    """At no width does the page scroll sideways; no text is cut, small or faint."""
    report = render(metrics(), tmp_path)
    for found in browser.probe(report, [PHONE, TABLET, DESKTOP], dark=dark):
        assert found["dark"] is dark
        assert found["needed"] <= found["width"]
        assert found["texts"] > 60
        assert found["faintest"]["contrast"] >= 4.5, found["faintest"]
        assert found["smallest"] >= 11.5
        assert found["cut"] == []
        assert all(width >= 250 for width in found["pictures"])


@pytest.mark.parametrize("dark", [False, True])
def test_it_opens_by_itself(browser: Browser, tmp_path: Path, dark: bool) -> None:
    """As a file it is shown in the scheme that is asked for, and nothing goes wrong."""
    picture, console = browser.look(render(example.full(), tmp_path), dark=dark)
    assert console == []
    with Image.open(picture) as screenshot:
        pixels = np.asarray(screenshot.convert("L"))
    assert pixels.shape == (1000, 1280)
    assert pixels.std() > 10
    assert np.median(pixels) < 40 if dark else np.median(pixels) > 215
