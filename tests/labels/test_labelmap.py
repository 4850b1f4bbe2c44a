"""Claims about label maps."""

from pathlib import Path

import pytest

from autofocus.errors import InputDataError
from autofocus.labels.labelmap import map_labels, read_labelmap
from autofocus.labels.priority import read_rules

SAMPLE = Path(__file__).parents[2] / "sample_data"


def test_labels_that_are_not_in_the_map_stay() -> None:
    """Mapped labels change, all others stay."""
    assert map_labels(["cat", "wolf"], {"cat": "other"}) == ["other", "wolf"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": "b", "a": "c"}', "twice"),
        ('{"a": 1}', "must map to a label"),
        ('{"a": ""}', "must map to a label"),
        ('["a"]', "must be an object"),
        ('{"a": ', "is not valid JSON"),
    ],
)
def test_a_map_that_can_t_be_used_is_told(tmp_path: Path, text: str, told: str) -> None:
    """What is wrong with a label map is said with its path."""
    path = tmp_path / "map.json"
    path.write_text(text)
    with pytest.raises(InputDataError, match=told):
        read_labelmap(path)


def test_the_sample_map_sets_raccoon_against_all_other_animals() -> None:
    """The shipped map leaves three groups: raccoon, other animals, and people."""
    labelmap = read_labelmap(SAMPLE / "raccoon_labelmap.json")
    assert labelmap["raccoon"] == "raccoon"
    assert labelmap["coyote"] == "not_raccoon"
    assert set(labelmap.values()) == {"raccoon", "not_raccoon", "human"}


def test_the_sample_rules_name_labels_that_the_sample_map_makes() -> None:
    """The shipped rules and the shipped map speak of the same labels."""
    named = {
        side
        for rule in read_rules(SAMPLE / "label_priority.txt")
        for side in (rule.winner, rule.loser)
    }
    made = set(read_labelmap(SAMPLE / "raccoon_labelmap.json").values())
    assert named <= made | {"*", "empty"}
