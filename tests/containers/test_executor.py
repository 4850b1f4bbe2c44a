"""Claims about what a pipeline hands to a container and gets back, against kfp's own executor."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kfp import dsl
from kfp.dsl import executor as kfp_executor

from autofocus.containers.executor import Artifact, ExecutorInput, write_output
from autofocus.errors import InputDataError

PARAMETERS = {
    "text": "lpz_data",
    "whole": 3,
    "share": 0.25,
    "flag": True,
    "names": ["JPG", "PNG"],
    "mapping": {"coyote": "not_raccoon"},
}
# What a component learns, as its paths by name, and records.
RECORDED = {"files": 3, "sha256": "ab", "matrix": {"rows": [[1, 0], [0, 2]]}, "word": "süß"}


def artifacts(*uris: str, **more: Any) -> dict[str, Any]:
    return {"artifacts": [{"name": uri.rpartition("/")[2], "uri": uri, **more} for uri in uris]}


def executor_input(folder: Path) -> dict[str, Any]:
    """A message with artifacts in each kind of store."""
    return {
        "inputs": {
            "parameterValues": PARAMETERS,
            "artifacts": {
                "one": artifacts("s3://bucket/v2/one", metadata={"files": 1.0}),
                "several": artifacts("minio://mlpipeline/a b", "gs://bucket/b", str(folder / "c")),
            },
        },
        "outputs": {
            "artifacts": {
                "made": artifacts(
                    "minio://mlpipeline/v2/artifacts/made",
                    type={"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"},
                ),
                "model": artifacts(str(folder / "model")),
            },
            "outputFile": str(folder / "kfp" / "executor_output.json"),
        },
    }


def run_kfp(message: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Let kfp call a function, and return what that was given."""
    seen: dict[str, Any] = {}

    def component(
        text: str,
        whole: int,
        share: float,
        flag: bool,
        names: list,  # type: ignore[type-arg]
        mapping: dict,  # type: ignore[type-arg]
        one: dsl.Input[dsl.Dataset],
        several: dsl.Input[list[dsl.Dataset]],
        made: dsl.Output[dsl.Dataset],
        model: dsl.Output[dsl.Model],
    ) -> None:
        seen.update(locals())
        for artifact in (made, model):
            artifact.metadata.update(RECORDED)

    # It would make folders in this machine's root for what lies in an object store.
    monkeypatch.setattr(kfp_executor, "makedirs_recursively", lambda _: None)
    Path(message["outputs"]["outputFile"]).parent.mkdir(parents=True)
    kfp_executor.Executor(message, component).execute()
    return {name: value for name, value in seen.items() if name != "seen"}


def test_parameters_and_paths_are_those_of_kfp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For one message, kfp's executor and ours see the same values, paths and metadata."""
    message = executor_input(tmp_path)
    seen = run_kfp(message, monkeypatch)
    asked = ExecutorInput.parse(json.dumps(message))
    assert dict(asked.parameters) == {name: seen[name] for name in PARAMETERS}
    for name, found in asked.inputs.items():
        wanted = seen[name] if isinstance(seen[name], list) else [seen[name]]
        assert [str(each.path) for each in found] == [each.path for each in wanted]
        assert [each.metadata for each in found] == [each.metadata for each in wanted]
    for name, artifact in asked.outputs.items():
        assert str(artifact.path) == seen[name].path
    assert set(asked.inputs) | set(asked.outputs) == {"one", "several", "made", "model"}


def test_the_executor_output_is_that_of_kfp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the same metadata, kfp's executor and ours write the same message."""
    message = executor_input(tmp_path)
    run_kfp(message, monkeypatch)
    wanted = json.loads((tmp_path / "kfp" / "executor_output.json").read_text("utf-8"))
    message["outputs"]["outputFile"] = str(tmp_path / "ours" / "executor_output.json")
    asked = ExecutorInput.parse(json.dumps(message))
    write_output(asked, {"made": RECORDED, "model": RECORDED})
    assert json.loads(asked.output_file.read_text("utf-8")) == wanted
    assert [path.name for path in (tmp_path / "ours").iterdir()] == ["executor_output.json"]


@given(st.text("ab/:. é", max_size=12), st.sampled_from(["s3://", "minio://", "gs://", "/", ""]))
def test_every_path_is_that_of_kfp(rest: str, scheme: str) -> None:
    """Wherever an artifact lies, its path is the one that kfp's own class gives."""
    uri = scheme + rest
    assert Artifact("x", uri).path == Path(dsl.Artifact(uri=uri).path)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), values))
def test_every_parameter_equals_kfp_s(parameters: dict[str, Any]) -> None:
    """Whatever JSON a parameter is, its value equals the one that kfp's executor gives."""
    message = {"inputs": {"parameterValues": parameters}, "outputs": {"outputFile": "/tmp/o/x"}}  # noqa: S108
    text = json.dumps(message)
    kfp = kfp_executor.Executor(json.loads(text), lambda: None)
    asked = ExecutorInput.parse(text)
    assert set(asked.parameters) == set(parameters)
    for name, value in asked.parameters.items():
        assert value == kfp.get_input_parameter_value(name)


def test_whole_numbers_are_ints() -> None:
    """What protobuf makes 3.0 of 3 is an int again, at every depth; other values stay."""
    given_values = {"a": 3.0, "b": [1.0, 2.5, True], "c": {"d": {"e": -4.0}}, "f": "3.0", "g": 0.5}
    message = {"inputs": {"parameterValues": given_values}, "outputs": {"outputFile": "x"}}
    found = ExecutorInput.parse(json.dumps(message)).parameters
    assert repr(found) == repr(
        {"a": 3, "b": [1, 2.5, True], "c": {"d": {"e": -4}}, "f": "3.0", "g": 0.5}
    )


def test_a_message_without_inputs_is_fine() -> None:
    """Protobuf leaves out what is empty."""
    asked = ExecutorInput.parse('{"outputs": {"outputFile": "/x/executor_output.json"}}')
    assert (dict(asked.parameters), dict(asked.inputs), dict(asked.outputs)) == ({}, {}, {})


def outputs(**more: Any) -> str:
    return json.dumps({"outputs": {"outputFile": "x", **more}})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{{$}}",
        "3",
        "null",
        "[]",
        "{}",
        '{"outputs": {}}',
        '{"outputs": {"outputFile": 3}}',
        '{"inputs": [], "outputs": {"outputFile": "x"}}',
        '{"inputs": {"parameterValues": 3}, "outputs": {"outputFile": "x"}}',
        '{"inputs": {"artifacts": {"a": 3}}, "outputs": {"outputFile": "x"}}',
        outputs(artifacts={"a": {"artifacts": []}}),
        outputs(artifacts={"a": {"artifacts": ["b"]}}),
        outputs(artifacts={"a": {"artifacts": [{"name": "b"}]}}),
        outputs(artifacts={"a": {"artifacts": [{"uri": 3}]}}),
        outputs(artifacts={"a": {"artifacts": [{"uri": None}]}}),
    ],
)
def test_nonsense_is_one_sentence(text: str) -> None:
    """Whatever isn't an executor input is told as such, with who calls this program."""
    with pytest.raises(
        InputDataError, match=r"is no executor input.*called by a pipeline"
    ) as told:
        ExecutorInput.parse(text)
    assert "\n" not in str(told.value)


def test_numbers_that_json_lacks_are_left_out(tmp_path: Path) -> None:
    """A launcher reads strict JSON, which has no NaN: such a figure is not recorded."""
    message = json.dumps(executor_input(tmp_path))
    asked = ExecutorInput.parse(message.replace('"minio://mlpipeline/v2/', f'"{tmp_path}/'))
    metadata = {
        "accuracy": float("nan"),
        "loss": 0.5,
        "rows": [{"row": [1.0, float("inf")]}],
    }
    write_output(asked, {"made": metadata})
    written = json.loads(asked.output_file.read_text(), parse_constant=pytest.fail)
    (made,) = written["artifacts"]["made"]["artifacts"]
    assert made["metadata"] == {"loss": 0.5, "rows": [{"row": [1.0]}]}
    assert list(written["artifacts"]) == ["made"]
