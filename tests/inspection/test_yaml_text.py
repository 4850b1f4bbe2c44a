"""Tests of YAML as a person would write it."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from autofocus.inspection.yaml_text import Section, comment, scalar, sequence

# What a parameter file may hold in a line: names of files, labels and patterns.
texts = st.text(st.characters(blacklist_categories=("C", "Zl", "Zp"), blacklist_characters="\x85"))


@settings(max_examples=50)
@given(texts)
def test_text_comes_back(text: str) -> None:
    """Whatever the text, YAML reads it as that text."""
    assert yaml.safe_load(f"key: {scalar(text)}") == {"key": text}
    assert yaml.safe_load(f"key: {sequence([text, 'b'])}") == {"key": [text, "b"]}


@pytest.mark.parametrize(
    "word", ["no", "Yes", "null", "1e3", "2016-05-01", "*", "- x", "a: b", ""]
)
def test_words_that_yaml_takes_otherwise(word: str) -> None:
    """Labels such as `no` stay text."""
    assert yaml.safe_load(f"[{scalar(word)}]") == [word]


@settings(max_examples=50)
@given(st.text())
def test_a_comment_stays_one(text: str) -> None:
    """Nothing in a comment is read as YAML, not even after line breaks in names of files."""
    lines = comment(text, 2)
    assert yaml.safe_load("\n".join(["a:", "  b: 1", *lines])) == {"a": {"b": 1}}


def test_a_section_without_keys_is_empty() -> None:
    """Comments alone make an empty section, as the file's reader expects it."""
    section = Section("predict")
    section.explain("Nothing to set.")
    assert yaml.safe_load("\n".join(section.lines())) == {"predict": {}}
