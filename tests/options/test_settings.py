"""Tests of settings dataclasses: the kinds of their fields, and parameter files."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from autofocus.clean_settings import CleanSettings
from autofocus.demo.make_sample import SampleSettings
from autofocus.download_settings import DownloadSettings
from autofocus.errors import SettingError
from autofocus.link_settings import LinkSettings
from autofocus.options.settings import (
    Kind,
    describe,
    from_mapping,
    kinds,
    option,
    require,
    require_not_negative,
    require_share,
)
from autofocus.predict_settings import PredictSettings
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.publish_labels import PublishSettings
from autofocus.retrain_settings import RetrainSettings


@dataclass(frozen=True)
class Example:
    """A field of every kind."""

    word: str = option("a", "a word")
    rows: int = option(198, "a whole number")
    share: float = option(0.5, "a number")
    flip: bool = option(False, "a choice of two")
    folder: Path | None = option(None, "a path that may be left out")
    names: tuple[str, ...] = option(("JPG",), "several words")
    pace: Literal["fast", "slow"] = option("fast", "one of two words")
    paces: tuple[Literal["fast", "slow"], ...] = option((), "some of two words")
    size: int | Literal["auto"] = option(3, "a whole number, or a word in its place")
    jobs: int = option(0, "threads", affects_output=False)


def test_kinds_of_annotations() -> None:
    """Each annotation that a settings dataclass may have gives its kind, in the fields' order."""
    assert list(kinds(Example).items()) == [
        ("word", Kind(str)),
        ("rows", Kind(int)),
        ("share", Kind(float)),
        ("flip", Kind(bool)),
        ("folder", Kind(Path, optional=True)),
        ("names", Kind(str, many=True)),
        ("pace", Kind(str, choices=("fast", "slow"))),
        ("paces", Kind(str, many=True, choices=("fast", "slow"))),
        ("size", Kind(int, keywords=("auto",))),
        ("jobs", Kind(int)),
    ]


def test_a_word_in_place_of_a_number() -> None:
    """A field that takes a number or a word takes nothing else, from a file or a command line."""
    kind = kinds(Example)["size"]
    assert [kind.accept("auto"), kind.accept(7), kind.parse("auto"), kind.parse("7")] == [
        "auto", 7, "auto", 7
    ]  # fmt: skip
    for read in (kind.accept, kind.parse):
        with pytest.raises(TypeError, match="a whole number or auto, not 'automatic'"):
            read("automatic")


def test_mapping_gives_settings() -> None:
    """Keys of a parameter file become fields, lists become tuples, the rest keeps defaults."""
    values = {
        "rows": 7,
        "flip": True,
        "folder": "a/b",
        "names": ["x", "y"],
        "pace": "slow",
        "paces": ["slow", "fast"],
    }
    made = from_mapping(Example, values, "example in run.yaml")
    assert made == Example(
        rows=7,
        flip=True,
        folder=Path("a/b"),
        names=("x", "y"),
        pace="slow",
        paces=("slow", "fast"),
    )


def test_dashes_stand_for_underscores() -> None:
    """A key may be written as on the command line."""

    @dataclass(frozen=True)
    class Trim:
        trim_bottom: int = option(198, "rows")

    assert from_mapping(Trim, {"trim-bottom": 3}, "here") == Trim(3)


def test_key_given_twice() -> None:
    """A key written both ways is refused, as one of the two values would be lost."""

    @dataclass(frozen=True)
    class Trim:
        trim_bottom: int = option(198, "rows")

    with pytest.raises(SettingError, match="here: trim_bottom is given twice"):
        from_mapping(Trim, {"trim-bottom": 3, "trim_bottom": 4}, "here")


def test_unknown_key_is_named() -> None:
    """An unknown key is refused by name and place, and the known ones are listed."""
    with pytest.raises(SettingError) as caught:
        from_mapping(Example, {"rowz": 1}, "example in run.yaml")
    sentence = str(caught.value)
    assert sentence.startswith("example in run.yaml: unknown key 'rowz'; ")
    assert sentence.endswith(" word, rows, share, flip, folder, names, pace, paces, size, jobs.")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("word", 1, "text, not 1"),
        ("word", None, "text, not null"),
        ("rows", "198", "a whole number, not '198'"),
        ("rows", 1.5, "a whole number, not 1.5"),
        ("rows", True, "a whole number, not true"),
        ("share", "0.5", "a number, not '0.5'"),
        ("share", False, "a number, not false"),
        ("share", float("inf"), "a number that is finite, not inf"),
        ("rows", 10**18 + 1, "a whole number of at most 18 digits, not 1000000000000000001"),
        ("word", "a\0", "text, not 'a\\x00'"),
        ("word", [["x" * 1000]], f"text, not [['{'x' * 96}…"),
        ("flip", 1, "true or false, not 1"),
        ("flip", "perhaps", "true or false, not 'perhaps'"),
        ("folder", 3, "a path, not 3"),
        ("folder", "", "a path, not ''"),
        ("names", "JPG", "a list, not 'JPG'"),
        ("names", ["JPG", 1], "text, not 1"),
        ("names", None, "a list, not null"),
    ],
)
def test_mistyped_value_is_rejected(key: str, value: object, words: str) -> None:
    """A value of another kind is reported with its key, what it must be, and the value itself."""
    with pytest.raises(SettingError) as caught:
        from_mapping(Example, {key: value}, "here")
    assert str(caught.value) == f"here: {key} must be {words}."


@pytest.mark.parametrize(("key", "value"), [("pace", "brisk"), ("paces", ["fast", "brisk"])])
def test_value_outside_choices_is_refused(key: str, value: object) -> None:
    """A word that isn't among the choices is refused with its key and the choices."""
    with pytest.raises(SettingError) as caught:
        from_mapping(Example, {key: value}, "here")
    assert str(caught.value) == f"here: {key} must be one of fast, slow, not 'brisk'."


def test_whole_number_passes_for_a_number() -> None:
    """`1` is taken where a number is wanted, and becomes 1.0."""
    share = from_mapping(Example, {"share": 1}, "here").share
    assert type(share) is float
    assert share == 1.0


def test_none_leaves_an_optional_field_unset() -> None:
    """An empty value of a parameter file is fine where the field may be left out."""
    assert from_mapping(Example, {"folder": None}, "here").folder is None


def test_describe_keeps_what_changes_the_output() -> None:
    """What is remembered is plain JSON, without options such as `jobs`."""
    described = describe(Example(folder=Path("a/b"), names=("x", "y"), jobs=9))
    assert described == {
        "word": "a",
        "rows": 198,
        "share": 0.5,
        "flip": False,
        "folder": "a/b",
        "names": ["x", "y"],
        "pace": "fast",
        "paces": [],
        "size": 3,
    }


def test_require_raises_its_sentence() -> None:
    """A condition that fails ends in the sentence given, one that holds in nothing."""
    require(True, "not said")
    with pytest.raises(SettingError, match=r"^rows must be at least 1$"):
        require(False, "rows must be at least 1")


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan")])
def test_share_outside_0_to_1(value: float) -> None:
    """A share below 0, above 1 or not a number is refused by name."""
    with pytest.raises(SettingError, match="max_rejected must be a share, 0 to 1"):
        require_share("max_rejected", value)


@pytest.mark.parametrize("value", [0, 0.5, 1])
def test_share_from_0_to_1(value: float) -> None:
    """A share may be 0, 1 and all between."""
    require_share("max_rejected", value)


def test_negative_field_is_named() -> None:
    """The first field that is below 0 is named with its value."""
    example: Any = Example(rows=0, jobs=-2)
    with pytest.raises(SettingError, match="jobs must not be negative, but is -2"):
        require_not_negative(example, "rows", "jobs")


@pytest.mark.parametrize(
    "settings",
    [
        CleanSettings, DownloadSettings, LinkSettings, PredictSettings, PreprocessSettings,
        PublishSettings, RetrainSettings, SampleSettings,
    ],
)  # fmt: skip
def test_default_values_are_of_their_kind(settings: type) -> None:
    """A default counts and is written like the same value of a file: 60.0 where 60 is given."""
    known = kinds(settings)
    for field in dataclasses.fields(settings):
        if known[field.name].many:
            assert type(field.default) is tuple
        elif field.default not in (None, dataclasses.MISSING):
            assert isinstance(field.default, known[field.name].base), field.name
