"""Tests of labels that mean emptiness or people."""

import pytest

from autofocus.labels.kinds import is_empty_like, is_human_like, matching_labels


@pytest.mark.parametrize(
    "label", ["empty", "Blank", " NONE ", "Vacía", "vaci\u0301a", "no_animal"]
)
def test_labels_of_images_without_animals_are_recognised(label: str) -> None:
    """Case, accents, their Unicode form and separators don't matter."""
    assert is_empty_like(label)
    assert not is_human_like(label)


@pytest.mark.parametrize("label", ["Human", "PEOPLE", "Homo_sapiens", "personne", "Menschen"])
def test_labels_of_people_are_recognised(label: str) -> None:
    """So are people in other languages, and by their scientific name."""
    assert is_human_like(label)
    assert not is_empty_like(label)


@pytest.mark.parametrize("label", ["raccoon", "empty nest", "Nonesuch", "person-faced owl", ""])
def test_other_labels_are_neither(label: str) -> None:
    """A label that only contains such a word is a species like any other."""
    assert not is_empty_like(label)
    assert not is_human_like(label)


def test_labels_match_a_setting_whatever_their_case() -> None:
    """The spelling of the data is returned."""
    assert matching_labels(["Empty", "deer", "EMPTY "], ["empty"]) == ("Empty", "EMPTY ")
    assert matching_labels(["deer"], ["empty"]) == ()
