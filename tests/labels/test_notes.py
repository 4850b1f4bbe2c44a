"""Tests of notes on labels."""

import pytest

from autofocus.labels.notes import note_labelmap, note_rules, note_separators
from autofocus.labels.priority import parse_rules


def test_a_label_map_that_matches_all_is_not_noted() -> None:
    """Neither a label that is mapped, in any spelling, nor one that it maps to needs a note."""
    assert note_labelmap(["Coyote", "Animal"], {"coyote": "animal"}) == ()
    assert note_labelmap(["coyote"], {}) == ()
    rules = parse_rules("* > Empty", "rules")
    assert note_labelmap(["coyote", "empty"], {"coyote": "animal"}, rules) == ()


def test_what_a_label_map_leaves_and_what_it_does_not_match() -> None:
    """Labels that the map does not name, and entries that no image has, are named."""
    left, unused = note_labelmap(["coyote", "deer", "fox"], {"coyote": "animal", "wolf": "animal"})
    assert left == "The label map does not name, so that they stay as they are: deer, fox."
    assert unused == "The label map names labels that no image has: wolf."


def test_a_note_names_twelve_labels() -> None:
    """Of many labels, the rest is a number."""
    (note,) = note_labelmap([f"{n:02}" for n in range(20)], {"00": "00"})
    assert note.endswith("11, 12 and 7 more.")


def test_labels_of_rules_that_no_image_has() -> None:
    """They are named once, in the spelling of the rules."""
    rules = parse_rules("Human > *\nwolf > fox\nwolf > human", "rules")
    assert note_rules(["human", "fox"], rules) == ("Rules name labels that no image has: wolf.",)


@pytest.mark.parametrize(
    ("label", "separator"), [("deer, coyote", ","), ("Deer|fox", "|"), ("fox / DEER", "/")]
)
def test_two_labels_in_a_cell(label: str, separator: str) -> None:
    """A label of which a part is a label too is suspected to be two."""
    (note,) = note_separators(["deer", label])
    assert note.startswith(f"{label!r} is a class of its own: ")
    assert note.endswith(f"label_separator of clean_detections to {separator!r}.")


@pytest.mark.parametrize("label", ["deer, white-tailed", "deer,", "", "fox and deer"])
def test_one_label_in_a_cell(label: str) -> None:
    """A label whose parts are no labels is one label."""
    assert note_separators(["fox", label]) == ()
