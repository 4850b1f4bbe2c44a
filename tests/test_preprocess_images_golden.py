"""Tests of preprocess_images on the golden files, whose README shows how each value was found."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.killing import finish, tree

GOLDEN = Path(__file__).parent / "golden" / "preprocess_images"
OPTIONS = "--trim-top 16 --trim-bottom 24 --min-side 48 --night-tolerance 2 --max-rejected 0.5"


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


PHOTOGRAPHS = table(GOLDEN / "expected" / "photographs.csv")


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output for the golden input."""
    out = tmp_path_factory.mktemp("golden") / "out"
    start = [sys.executable, "-m", "autofocus", "preprocess-images"]
    finish([*start, "--indir", GOLDEN / "input", "--outdir", out, *OPTIONS.split()])
    return out


@pytest.mark.parametrize("expected", PHOTOGRAPHS, ids=lambda row: row["filepath"])
def test_golden_input_holds_what_its_readme_says(expected: dict[str, str]) -> None:
    """The scenes of the golden input decode to just the colours from which all was worked out."""
    with Image.open(GOLDEN / "input" / expected["filepath"]) as image:
        upright = np.asarray(image)
    if expected["filepath"] == "turned/lying.JPG":
        upright = upright.swapaxes(0, 1)[:, ::-1]
    scene = upright[16:-24]
    left, right = (np.array(expected[side].split(), np.uint8) for side in ("left", "right"))
    assert (scene[:, :32] == left).all()
    assert (scene[:, 32:] == right).all()


def test_golden_properties(golden: Path) -> None:
    """Date, time, night, brightness, size and camera are, byte for byte, those of the hand."""
    expected = (GOLDEN / "expected" / "image_properties.csv").read_bytes()
    assert (golden / "image_properties.csv").read_bytes() == expected


def test_golden_ledger(golden: Path) -> None:
    """Every golden input has its row, in order, with status and reason as worked out by hand."""
    without_detail = [row | {"detail": ""} for row in table(golden / "ledger.csv")]
    assert without_detail == table(GOLDEN / "expected" / "ledger.csv")


@pytest.mark.parametrize("expected", PHOTOGRAPHS, ids=lambda row: row["filepath"])
def test_golden_photographs(golden: Path, expected: dict[str, str]) -> None:
    """The photographs written have the sizes and, at both ends, the colours of the hand."""
    with Image.open(golden / expected["filepath"]) as image:
        pixels = np.asarray(image).astype(int)
    assert pixels.shape[:2] == (int(expected["height"]), int(expected["width"]))
    for side, column in (("left", 0), ("right", -1)):
        colour = np.array(expected[side].split(), int)
        assert np.abs(pixels[:, column] - colour).max() <= 2


def test_golden_output_holds_nothing_else(golden: Path) -> None:
    """Beside photographs and tables, the output holds only how they were prepared."""
    photographs = {row["filepath"] for row in PHOTOGRAPHS}
    others = {"image_properties.csv", "ledger.csv", "preparation.json"}
    assert set(tree(golden)) == photographs | others
    preparation = json.loads((golden / "preparation.json").read_text(encoding="utf-8"))
    assert preparation == {"trim_top": 16, "trim_bottom": 24, "min_side": 48}
