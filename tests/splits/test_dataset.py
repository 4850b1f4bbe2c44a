"""Claims about the images of a training."""

from dataclasses import replace
from pathlib import Path

import pytest

from autofocus.errors import InputDataError
from autofocus.splits.dataset import SplitSettings, make_dataset
from autofocus.splits.subsets import Subset
from tests.features.small import dataset, photograph, places

LABELS = ("left", "right")


def test_targets_are_one_a_row_or_as_many_as_there_are() -> None:
    """An image with two labels is two rows, or one with two targets if that is asked for."""
    both = replace(
        photograph("left/a.PNG", 1, place=0),
        files=("left/a.PNG", "right/a.PNG"),
        labels=("left", "right"),
    )
    others = [photograph(f"left/{n}.PNG", n, place=n, second=900 * n) for n in range(2, 5)]
    single = make_dataset(LABELS, [both, *others], SplitSettings(0, 0))
    assert single.targets(single.rows).sum(axis=1).tolist() == [1] * 5
    several = make_dataset(LABELS, [both, *others], SplitSettings(0, 0, multilabel=True))
    assert several.targets(several.rows).sum(axis=1).tolist() == [1, 1, 1, 2]
    assert {row.image.label for row in several.rows} == {"left", "left; right"}


def test_the_table_counts_each_class_in_each_subset(tmp_path: Path) -> None:
    """All images are counted, each once."""
    made = dataset(tmp_path)
    table = made.table()
    assert sum(sum(subsets.values()) for subsets in table.values()) == len(made.used) == 24
    assert sum(subsets["test"] for subsets in table.values()) == len(made.subset(Subset.TEST))


def test_one_class_in_training_is_an_error_with_its_numbers() -> None:
    """There is nothing to tell apart then, and the percentages are named."""
    images = [photograph(f"left/{n}.PNG", n, place=n) for n in range(4)]
    with pytest.raises(InputDataError, match="lower testing_percentage"):
        make_dataset(LABELS, images, SplitSettings(25, 25))


def test_the_fingerprint_knows_contents_labels_and_subsets(tmp_path: Path) -> None:
    """Another label, or another share, is another training; other names are the same."""
    shots = places(tmp_path)
    before = make_dataset(LABELS, shots, SplitSettings(30, 30)).fingerprint("x")
    assert make_dataset(LABELS, shots, SplitSettings(30, 30)).fingerprint("x") == before
    assert make_dataset(LABELS, shots, SplitSettings(30, 30)).fingerprint("y") != before
    assert make_dataset(LABELS, shots, SplitSettings(60, 10)).fingerprint("x") != before
    other = [replace(shots[0], labels=("right",)), *shots[1:]]
    assert make_dataset(LABELS, other, SplitSettings(30, 30)).fingerprint("x") != before


def test_copies_and_several_labels_are_warned_of() -> None:
    """What makes metrics doubtful is told with its number."""
    shots = [photograph(f"{LABELS[n % 2]}/{n}.PNG", n, place=n, second=900 * n) for n in range(8)]
    copy = replace(photograph("right/z.PNG", 99, place=1), digest=shots[0].digest)
    told = " ".join(make_dataset(LABELS, [*shots, copy], SplitSettings(20, 20)).warnings())
    assert "1 image with several labels" in told
    assert "1 image with the same content as another." in told


def test_images_of_no_sequence_are_counted() -> None:
    """Without a time they count alone, and the sentence names what would join them."""
    images = [
        photograph(f"{label}/{n}.PNG", n, place=n % 6, second=900 * n)
        for n, label in enumerate(LABELS * 6)
    ]
    lone = [replace(one, frame=replace(one.frame, moment=None)) for one in images[:5]]
    made = make_dataset(LABELS, [*lone, *images[5:]], SplitSettings(20, 20))
    (sentence,) = [one for one in made.warnings() if "each counts alone" in one]
    assert sentence.startswith("The sequence of 5 of 12 images is unknown")
