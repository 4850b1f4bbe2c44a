"""Claims about parameter files, whatever stages they are for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from autofocus.errors import AutofocusError, InputDataError, MissingInputError, SettingError
from autofocus.options.parameter_file import ParameterFile, Section, read_parameter_file
from autofocus.options.settings import Kind, option, require


@dataclass(frozen=True)
class GetSettings:
    """Settings of the first stage."""

    pace: Literal["fast", "slow"] = option("fast", "the pace")
    paths: tuple[str, ...] = option(("a",), "paths")


@dataclass(frozen=True)
class TrainSettings:
    """Settings of the second stage."""

    learning_rate: float = option(0.1, "the rate")
    steps: int = option(3, "the steps")
    flip: bool = option(False, "flip")
    cache: Path | None = option(None, "a folder")

    def __post_init__(self) -> None:
        require(self.learning_rate > 0, "learning_rate must be above 0.")


SECTIONS = {
    "get_it": Section(GetSettings, {"bucket": Kind(str)}, ("bucket",), replaced_by="local_data"),
    "train": Section(TrainSettings),
}
BUCKET = "get_it: {bucket: b}\n"
# Nine lists, each of nine of the one before it.
BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)


def read(folder: Path, text: str) -> ParameterFile:
    path = folder / "run.yaml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return read_parameter_file(path, SECTIONS, {"local_data": Kind(Path)})


def test_what_is_left_out_has_the_command_line_s_defaults(tmp_path: Path) -> None:
    """A section that is absent or empty is as a command without options."""
    for text in ("", "train:\n", "train: {}\n"):
        parameters = read(tmp_path, BUCKET + text)
        assert parameters.settings == {"get_it": GetSettings(), "train": TrainSettings()}
        assert parameters.arguments == {"get_it": {"bucket": "b"}, "train": {}}


def test_dashes_are_as_good_as_underscores(tmp_path: Path) -> None:
    """Sections and keys may be written as commands and options are."""
    parameters = read(tmp_path, "get-it: {bucket: b}\ntrain: {learning-rate: 5}\n")
    assert parameters.settings["train"] == TrainSettings(learning_rate=5.0)
    assert parameters.arguments["get_it"] == {"bucket": "b"}


def test_paths_lead_from_the_file(tmp_path: Path) -> None:
    """A relative path is taken from the folder of the file, an absolute one as it is."""
    parameters = read(tmp_path, BUCKET + "train: {cache: ../c}\nlocal_data: /d\n")
    assert parameters.settings["train"].cache == tmp_path / "../c"
    assert parameters.values == {"local_data": Path("/d")}


def test_numbers_with_an_exponent_are_numbers(tmp_path: Path) -> None:
    """YAML takes `1e-3` for text; a person means a number."""
    assert read(tmp_path, BUCKET + "train: {learning_rate: 1e-3}").settings["train"] == (
        TrainSettings(learning_rate=0.001)
    )


def test_a_key_can_replace_a_stage(tmp_path: Path) -> None:
    """With the key that replaces a stage nothing in its section is required, or in the result."""
    for text in ("local_data: d\n", "local_data: d\nget_it: {bucket: b}\n"):
        assert list(read(tmp_path, text).settings) == ["train"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("trian: {}\n", "run.yaml: unknown key 'trian'; known keys are get_it, train, local"),
        ("train: {learning_rat: 1}\n", "train in run.yaml: unknown key 'learning_rat'; known"),
        ("get_it: {nonsense: 1}\n", "get_it in run.yaml: unknown key 'nonsense'; known keys"),
        ("local_data: d\nget_it: {nonsense: 1}\n", "get_it in run.yaml: unknown key 'nonsense'"),
        ("get_it: {}\ntrain: {x: 1}\n", "train in run.yaml: unknown key 'x'"),
        ("get_it: {}\ntrain: 3\n", "train in run.yaml must hold keys and values, not 3."),
        ("get_it: {}\n", "get_it in run.yaml: bucket is missing."),
        ("train: {}\n", "get_it in run.yaml: bucket is missing."),
        ("", "get_it in run.yaml: bucket is missing."),
        ("# all is commented out\n", "get_it in run.yaml: bucket is missing."),
        ("get_it: {bucket: }\n", "get_it in run.yaml: bucket must be text, not null."),
        ("local_data: d\nget_it: {pace: brisk}\n", "pace must be one of fast, slow, not 'brisk'."),
        (BUCKET + "train: false\n", "train in run.yaml must hold keys and values, not false."),
        (BUCKET + "train: []\n", "train in run.yaml must hold keys and values, not []."),
        (BUCKET + "train: ''\n", "train in run.yaml must hold keys and values, not ''."),
        (BUCKET + "train: [steps]\n", "must hold keys and values, not ['steps']."),
        (BUCKET + "train: {steps: many}\n", "steps must be a whole number, not 'many'."),
        (BUCKET + "train: {steps: true}\n", "steps must be a whole number, not true."),
        (BUCKET + "train: {steps: 1.0}\n", "steps must be a whole number, not 1.0."),
        (BUCKET + "train: {steps: }\n", "steps must be a whole number, not null."),
        (BUCKET + "train: {steps: {a: 1}}\n", "steps must be a whole number, not {'a': 1}."),
        (BUCKET + "train: {flip: 1}\n", "flip must be true or false, not 1."),
        (BUCKET + "train: {cache: ''}\n", "cache must be a path, not ''."),
        (BUCKET + "train: {learning_rate: .nan}\n", "train in run.yaml: learning_rate must be"),
        (BUCKET + "train: {learning_rate: -1}\n", "train in run.yaml: learning_rate must be"),
        ("get_it: {bucket: 3}\n", "bucket must be text, not 3."),
        ("get_it: {bucket: b, paths: a}\n", "paths must be a list, not 'a'."),
        ("get_it: {bucket: b, paths: [a, 1]}\n", "paths must be text, not 1."),
        ("get_it: {bucket: b, 1: x}\n", "get_it in run.yaml: unknown key '1'; known keys"),
        ("get_it: {bucket: b, on: x}\n", "get_it in run.yaml: unknown key 'on'; known keys"),
        ("? [1]\n: x\n", "line 1: not valid YAML (found unhashable key)."),
        ("null: x\n", "run.yaml: unknown key 'null'; known keys"),
        ("get-it: {}\nget_it: {}\n", "run.yaml: get_it is given twice, once with - and once"),
        (BUCKET + "train: {learning-rate: 1, learning_rate: 1}\n", "once with - and once with _."),
        ("local_data: \n", "run.yaml: local_data must be a path, not null."),
        ("local_data: ''\n", "run.yaml: local_data must be a path, not ''."),
        ("local_data: false\n", "run.yaml: local_data must be a path, not false."),
        ("local_data: [d]\n", "run.yaml: local_data must be a path, not ['d']."),
    ],
)
def test_what_can_t_be_used_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    """Unknown, missing and mistyped keys are each reported, the unknown ones before all others."""
    with pytest.raises(AutofocusError) as caught:
        read(tmp_path, text)
    assert sentence in str(caught.value).replace(f"{tmp_path}/", "")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("just words\n", "must hold keys and values, such as a section retrain:, not 'just wo"),
        ("- train\n", "run.yaml must hold keys and values"),
        ("train: [\n", "run.yaml, line 2: not valid YAML ("),
        ("train:\n\tsteps: 3\n", "run.yaml, line 2: not valid YAML (found character '\\t' that"),
        ("train:\n\tsteps: 3\n", "; indent with spaces)."),
        ("train: {}\n---\ntrain: {}\n", "run.yaml, line 2: not valid YAML ("),
        ("train: !!python/name:os.system\n", "line 1: not valid YAML (could not determine"),
        ("train: {steps: 1}\ntrain: {steps: 2}\n", "run.yaml, line 2: train is given twice."),
        ("train:\n  steps: 1\n  steps: 2\n", "run.yaml, line 3: steps is given twice."),
        ("train: " + "[" * 3000 + "]" * 3000, "is not valid YAML (it is nested too deeply)."),
        ("train: \x00\n", "run.yaml is no text in UTF-8"),
        ("train: \x07\n", "run.yaml, line 1: not valid YAML (unacceptable character \\x07)."),
        ("a: &a [*a]\n", "is not valid YAML (the alias a stands for itself)."),
        (BOMB, "is not valid YAML (it stands for more than 20,000 values: write it without"),
    ],
)
def test_what_is_no_such_file_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    """A file that isn't YAML with keys and values is one clear error, with the line."""
    with pytest.raises(InputDataError) as caught:
        read(tmp_path, text)
    assert sentence in str(caught.value).replace(f"{tmp_path}/", "")
    assert "\n" not in str(caught.value)


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    """What Windows' editors put before the first key is no part of it."""
    assert read(tmp_path, "\ufeff" + BUCKET).arguments["get_it"] == {"bucket": "b"}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that isn't there is named, with the option that named it."""
    with pytest.raises(MissingInputError, match=r"none\.yaml \(--params\)"):
        read_parameter_file(tmp_path / "none.yaml", SECTIONS, {})


def test_merged_keys_are_no_doubles(tmp_path: Path) -> None:
    """A key may override one that YAML's `<<` brings in."""
    text = "get_it: &g {bucket: b, pace: slow}\n"
    path = tmp_path / "run.yaml"
    path.write_text(text + "other: {<<: *g, pace: fast}\n")
    sections = {"get_it": SECTIONS["get_it"], "other": SECTIONS["get_it"]}
    assert read_parameter_file(path, sections, {}).settings["other"] == GetSettings(pace="fast")
    with pytest.raises(SettingError):
        read_parameter_file(path, {**sections, "other": SECTIONS["train"]}, {})
