"""Claims about the table of the split."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autofocus.splits.split import Assignment, Split
from autofocus.splits.subsets import Subset
from autofocus.splits.table import write_split
from tests.splits.tables import image

DEER = Assignment(image("deer/1.JPG", location="mill"), "c@t", "location mill", Subset.TEST, "why")
BOTH = Assignment(
    replace(image("dog/2.JPG"), labels=("deer", "dog")),
    "",
    "undated of camera c",
    Subset.TRAINING,
    "so",
)
COPY = Assignment(image("deer/3.JPG", location="lake"), "d@t", "location lake", None, "left out")


def test_each_image_is_a_row(tmp_path: Path) -> None:
    """The table, byte for byte: folds count from 1, and who is left out has neither."""
    folds = {"location mill": 0, "undated of camera c": 2, "location lake": 1}
    write_split(tmp_path / "split.csv", Split((DEER, BOTH, COPY), "location"), folds)
    assert (tmp_path / "split.csv").read_bytes() == (
        b"filepath,label,location,sequence,group,part,fold,reason,original,digest\n"
        b"deer/1.JPG,deer,mill,c@t,location mill,test,1,why,deer/1.JPG,deer/1.JPG\n"
        b"dog/2.JPG,deer; dog,,,undated of camera c,training,3,so,dog/2.JPG,dog/2.JPG\n"
        b"deer/3.JPG,deer,lake,d@t,location lake,,,left out,deer/3.JPG,deer/3.JPG\n"
    )


def test_without_a_cross_validation_there_are_no_folds(tmp_path: Path) -> None:
    """The column stays, and is empty."""
    write_split(tmp_path / "split.csv", Split((DEER,), "location"))
    with (tmp_path / "split.csv").open(newline="") as file:
        assert [row["fold"] for row in csv.DictReader(file)] == [""]


@settings(max_examples=60)
@given(st.lists(st.text(st.characters(exclude_characters="\0")), min_size=1))
def test_any_names_come_back(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    """Quotes, commas, line ends and lone surrogates in names and locations are written out."""
    path = tmp_path_factory.mktemp("any") / "split.csv"
    rows = tuple(
        Assignment(image(name, name, location=name), name, name, Subset.TEST, "") for name in names
    )
    write_split(path, Split(rows, "image"))
    wanted = [name.encode(errors="backslashreplace").decode() for name in names]
    with path.open(encoding="utf-8", newline="") as file:
        found = [row["location"] for row in csv.DictReader(file, strict=True)]
    assert found == wanted
