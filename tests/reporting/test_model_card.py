"""Claims about the model card."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from autofocus.images.preparing import Preparation
from autofocus.reporting.model_card import ModelCard
from tests.reporting import example

HEADINGS = [
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Evaluation data",
    "Training data",
    "Quantitative analyses",
    "Ethical considerations",
    "Caveats and recommendations",
]


def render(metrics: dict[str, Any], people: tuple[str, ...] = ("human", "person")) -> str:
    return ModelCard(example.typed(metrics), "EfficientNet", Preparation(), people).render()


@pytest.mark.parametrize("make", [example.full, example.minimal, example.multilabel])
def test_it_has_the_usual_headings_in_their_order(make: Callable[[], dict[str, Any]]) -> None:
    """Whatever was measured, all sections of a model card are there, none is empty."""
    card = render(make())
    assert re.findall(r"^## (.+)$", card, re.MULTILINE) == HEADINGS
    assert not re.search(r"^## .+\n\n(## |\Z)", card, re.MULTILINE)
    assert "None" not in card
    assert "nan" not in card
    assert card == render(make())


def test_it_is_filled_from_the_training() -> None:
    """Classes, split, metrics, thresholds and warnings are those of the run."""
    card = render(example.full())
    for text in (
        "bird, cat, coyote, deer, empty, human, raccoon and squirrel",
        "EfficientNet, pretrained on ImageNet",
        "the full frame beside the crop around motion",
        "198 from the bottom",
        "806 images from 9 locations, held out by location",
        "3,224 images from 46 locations for training",
        "| deer | 580 | 72 | 145 |",
        "squirrel has 381 images of one location.",
        "Of 100 sequences at locations that it has never seen, expect about 85",
        "Of 100 single images from locations that it has never seen, expect about 76",
        "A box was found in 3,900 images (3,690 by motion and 210 by the detector).",
        "then trained in the same way on all 4,431 images. The project",
        "| 0.1 | 32 % (5 to 98 %) |",
        "The classes human are of people",
    ):
        assert text in card


def test_labels_cannot_break_its_tables() -> None:
    """A label with Markdown's and HTML's characters is shown as it is."""
    metrics = example.full()
    metrics["images"] = {"a|b <i>*x*</i>": {"training": 1, "validation": 0, "test": 0}}
    assert r"| a\|b \<i\>\*x\*\</i\> | 1 | 0 | 0 |" in render(metrics)
