"""Claims about what a compiled pipeline takes."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from kfp import compiler, dsl

from autofocus.errors import InputDataError, MissingInputError, SettingError
from pipelines.interface import ParameterValue, read_interface
from tests.pipelines.fake_api import TINY, write_tiny

NEEDED = {"bucket": "photographs", "shards": ["0/1"]}


def check(folder: Path, values: dict[str, Any], **texts: str) -> dict[str, Any]:
    given = {
        name: ParameterValue(value, "run.yaml", texts.get(name)) for name, value in values.items()
    }
    return read_interface(write_tiny(folder)).check(given)


def test_what_kfp_compiles_is_understood(tmp_path: Path) -> None:
    """Name, version, stages, types, defaults and what is required come from kfp's own YAML."""

    def download(bucket: str, shard: str) -> dsl.ContainerSpec:
        return dsl.ContainerSpec("example.org/none:1", ["get"], [bucket, shard])

    component = dsl.container_component(download)

    def real(
        bucket: str,
        shards: list[str],
        labelmap: dict[str, str],
        trim_bottom: int = 198,
        rate: float = 1.0,
        flip: bool = False,
    ) -> None:
        del labelmap, trim_bottom, rate, flip
        with dsl.ParallelFor(shards) as shard:
            component(bucket=bucket, shard=shard)
        component(bucket=bucket, shard="0/1")

    real.__doc__ = "Do it.\n\nArgs:\n    bucket: Where the photographs are.\n"
    pipeline = dsl.pipeline(real, name="autofocus-real", description="What it does.")
    path = tmp_path / "real.yaml"
    compiler.Compiler().compile(pipeline, str(path))
    interface = read_interface(path)
    assert (interface.name, interface.description) == ("autofocus-real", "What it does.")
    assert interface.sdk_version == "2.17.0"
    assert interface.stages == {"download"}
    kinds = {name: (p.kind, p.default, p.required) for name, p in interface.parameters.items()}
    assert kinds == {
        "bucket": ("STRING", None, True),
        "shards": ("LIST", None, True),
        "trim_bottom": ("NUMBER_INTEGER", 198, False),
        "rate": ("NUMBER_DOUBLE", 1.0, False),
        "flip": ("BOOLEAN", False, False),
        "labelmap": ("STRUCT", None, True),
    }
    assert type(interface.parameters["trim_bottom"].default) is int
    assert interface.parameters["bucket"].description == "Where the photographs are."


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("trim_bottom", 3.0, 3),
        ("trim_bottom", 0, 0),
        ("learning_rate", 1, 1.0),
        ("flip_left_right", False, False),
        ("labelmap", {}, {}),
        ("label_priority", (), []),
    ],
)
def test_values_are_sent_as_the_pipeline_takes_them(
    name: str, value: Any, taken: Any, tmp_path: Path
) -> None:
    """A whole number may be written 3.0, a number 1, and values that are false or empty count."""
    checked = check(tmp_path, {**NEEDED, name: value})[name]
    assert (checked, type(checked)) == (taken, type(taken))


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("bucket", 2018, "bucket must be text, not 2018: put it in quotes"),
        ("trim_bottom", 1.5, "trim_bottom must be a whole number, not 1.5"),
        ("trim_bottom", True, "trim_bottom must be a whole number, not true"),
        ("trim_bottom", "many", "trim_bottom must be a whole number, not text ('many')."),
        ("learning_rate", "1e-3", "a number, not text ('1e-3'): YAML reads it as text"),
        ("learning_rate", float("nan"), "can't be sent as JSON"),
        ("flip_left_right", 1, "flip_left_right must be true or false, not 1"),
        ("label_priority", "a > b", "must be a list, not text ('a > b'): write [a > b]"),
        ("labelmap", [1], "labelmap must be a mapping of keys to values, not a list ([1])"),
        ("labelmap", {"since": yaml.safe_load("2018-01-01")}, "can't be sent as JSON"),
    ],
)
def test_a_value_of_another_type_is_refused(
    name: str, value: Any, told: str, tmp_path: Path
) -> None:
    """One sentence names the place, the parameter, what it must be and what was given."""
    with pytest.raises(SettingError) as caught:
        check(tmp_path, {**NEEDED, name: value})
    assert told in str(caught.value)
    assert str(caught.value).startswith(f"run.yaml: {name} ")


def test_an_unknown_parameter_is_refused_with_what_may_be_meant(tmp_path: Path) -> None:
    """A slip of the pen is answered with the parameter that is nearest, and all known ones."""
    with pytest.raises(
        SettingError, match=r"'trim_botom' \(did you mean trim_bottom\?\)"
    ) as error:
        check(tmp_path, {**NEEDED, "trim_botom": 1})
    assert "known are bucket, extensions, flip_left_right" in str(error.value)


def test_missing_parameters_are_named_together(tmp_path: Path) -> None:
    """All that has no default and isn't given is named, also where nothing (None) is given."""
    with pytest.raises(SettingError, match="needs bucket and shards"):
        check(tmp_path, {"bucket": None})


def test_text_of_the_command_line_is_taken_for_what_is_asked(tmp_path: Path) -> None:
    """A bucket called 2018 and a rate of 1e-3 need no quotes there, unlike in a file."""
    values = {**NEEDED, "bucket": 2018, "learning_rate": "1e-3"}
    checked = check(tmp_path, values, bucket="2018", learning_rate="1e-3")
    assert (checked["bucket"], checked["learning_rate"]) == ("2018", 0.001)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "is no YAML"),
        ("", "is no compiled pipeline"),
        ("name: download\n", "is no compiled pipeline"),
        ("pipelineInfo: {}\nroot: {}\n", "that can be read: 'name'"),
        (TINY.replace("STRING", "COLOUR"), "unknown type COLOUR"),
    ],
)
def test_what_is_no_compiled_pipeline_is_refused(text: str, told: str, tmp_path: Path) -> None:
    """One sentence says what the file is not."""
    with pytest.raises(InputDataError) as error:
        read_interface(write_tiny(tmp_path, text))
    assert told in str(error.value)


def test_a_pipeline_that_is_not_there_is_asked_for(tmp_path: Path) -> None:
    """The sentence says how to make it."""
    with pytest.raises(MissingInputError, match=r"python -m pipelines\.compile"):
        read_interface(tmp_path / "train.yaml")
