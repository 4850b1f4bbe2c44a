"""Tests of the decision under which labels an image is linked."""

import numpy as np
import pytest

from autofocus.labels.choosing import Choice, Choices, choose
from autofocus.labels.priority import Rule
from autofocus.runs.ledger import Reason
from autofocus.tables.labels import Labelled

LABELS = ["cat", "dog", "human"]
FLAGS = [(1, 0, 0), (1, 1, 0), (0, 0, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1), (1, 1, 0)]


@pytest.fixture
def labelled() -> Labelled:
    """Images of every kind: with a label, with several, without any, and with a problem."""
    present = np.array(FLAGS, bool)
    paths = [f"{number}.JPG" for number in range(len(present))]
    facts = {"location": [f"at {number}" for number in range(len(present))]}
    return Labelled(paths, LABELS, present, facts, {"05.JPG": "is bad", "row 9": "is empty"})


def test_each_image_has_the_decision_of_its_own_labels(labelled: Labelled) -> None:
    """Decided once per combination of labels, each image gets what it gets alone."""
    rules = [Rule("human", "*"), Rule("dog", "cat")]
    together = list(choose(labelled, rules))
    for number, path in enumerate(labelled.filepaths):
        alone = Labelled([path], LABELS, labelled.present[number : number + 1])
        (choice,) = choose(alone, rules)
        (found,) = [one for one in together if one.filepath == path]
        assert found[:4] == choice[:4]
        assert found.facts == {"location": f"at {number}"}


def test_rows_with_problems_stand_among_the_others(labelled: Labelled) -> None:
    """All choices are sorted by path, and a row that can't be used has its reason."""
    choices = choose(labelled, [])
    paths = [choice.filepath for choice in choices]
    assert paths == sorted([*labelled.filepaths, *labelled.problems])
    bad = [choice for choice in choices if choice.reason is Reason.MISSING_FIELD]
    assert [(choice.filepath, choice.detail) for choice in bad] == [
        ("05.JPG", "is bad"),
        ("row 9", "is empty"),
    ]
    assert bad[0].facts == {"location": ""}


def test_choices_are_a_sequence(labelled: Labelled) -> None:
    """A place, a place from the end and a slice give what the iteration gives."""
    choices = choose(labelled, [])
    every = list(choices)
    assert len(choices) == len(every) == 9
    assert [choices[0], choices[-1]] == [every[0], every[-1]]
    assert choices[2:5] == every[2:5]
    with pytest.raises(IndexError):
        choices[9]


def test_sizes_and_folders_are_those_of_linked_images() -> None:
    """What is left out counts under no label, and its folder is none of an image."""
    present = np.array([(1, 0), (1, 1), (1, 0), (0, 1)], bool)
    choices = choose(Labelled(["a/1.JPG", "b/1.JPG", "c/1.JPG", "d.JPG"], LABELS[:2], present), [])
    assert choices.sizes() == {"cat": 2, "dog": 1}
    assert choices.labels == {"cat", "dog"}
    assert choices.folders() == {"a", "c", ""}


def test_tables_of_problems_alone_give_choices() -> None:
    """Where no row can be used, all are rejected, and there are no labels."""
    none = Labelled([], [], np.zeros((0, 0), bool), {}, {"row 2": "filepath is empty"})
    choices = choose(none, [])
    assert isinstance(choices, Choices)
    assert list(choices) == [Choice("row 2", (), Reason.MISSING_FIELD, "filepath is empty")]
    assert choices.labels == set()
