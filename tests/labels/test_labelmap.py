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


def test_labels_match_in_any_spelling() -> None:
    """Case, blanks and Unicode form don't matter, and every class has one spelling."""
    labels = ["CAT", "Cafe\u0301", " wolf", "Wolf", "Other"]
    names = map_labels(labels, {"cat ": "other", "caf\u00e9": "bar"})
    assert names == ["other", "bar", "wolf", "wolf", "other"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": "b", "A": "c"}', "in another spelling, to another label"),
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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_files_of_editors_on_windows(tmp_path: Path, encoding: str) -> None:
    """A label map and rules are read in each encoding that Windows' editors save."""
    labels, rules = tmp_path / "map.json", tmp_path / "rules.txt"
    labels.write_text('{"chèvre": "goat"}', encoding=encoding)
    rules.write_text("chèvre > *", encoding=encoding)
    assert read_labelmap(labels) == {"chèvre": "goat"}
    assert [str(rule) for rule in read_rules(rules)] == ["chèvre > *"]


def test_a_file_in_no_known_encoding_is_one_sentence(tmp_path: Path) -> None:
    """Text without a mark that no encoding fits, or with nulls, is reported with what to do."""
    for content in ("human > *".encode("utf-16-le"), b"\x81 > *", b"\xff\xfea"):
        path = tmp_path / "rules.txt"
        path.write_bytes(content)
        with pytest.raises(InputDataError, match=r"rules.txt is no text in UTF-8: save it as"):
            read_rules(path)
        with pytest.raises(InputDataError, match=r"The label map .* is no text in UTF-8: save"):
            read_labelmap(path)
