"""The parameters of a compiled pipeline, read from its YAML, and checks of values for them.

The format is the pipeline spec of Kubeflow Pipelines 2 (`schemaVersion` 2.1.0): a first YAML
document with the pipeline, and a second, where there is one, with its specification for
Kubernetes.
"""

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofocus.errors import InputDataError, MissingInputError, SettingError, need
from autofocus.images.names import AUTO, AUTO_IN_SHARDS
from autofocus.options.printing import MAX_PATH, shown
from autofocus.options.settings import MAX_INT, Kind
from autofocus.options.settings import shown as shown_value
from autofocus.options.yaml_text import check_bounds
from components.stages import stages_of

EXTRA = "pipelines"
# Of a compiled pipeline; those of this project have 200 KB.
MAX_BYTES, MAX_DEPTH, MAX_NODES = 5 * 1024 * 1024, 60, 200_000

_MUST_BE = {
    "STRING": "text",
    "NUMBER_INTEGER": "a whole number",
    "NUMBER_DOUBLE": "a number",
    "BOOLEAN": "true or false",
    "LIST": "a list",
    "STRUCT": "a mapping of keys to values",
}
_IS: dict[type, str] = {
    str: "text",
    int: "",
    float: "",
    bool: "",
    list: "a list",
    dict: "a mapping",
}


@dataclass(frozen=True)
class ParameterValue:
    """A value for a parameter, with its source.

    Attributes:
        value: as YAML reads it.
        where: its source, for messages, such as ``retrain in run.yaml``.
        text: how it was written, where it comes from the command line: there, text that looks
            like a number can't easily be put in quotes.
    """

    value: Any
    where: str
    text: str | None = None


@dataclass(frozen=True)
class PipelineParameter:
    """A pipeline's parameter.

    Attributes:
        name: its name.
        kind: its type as the pipeline spec names it, such as ``NUMBER_INTEGER``.
        default: the value where none is given; None where it has none.
        required: whether it must be given.
        description: its description.
    """

    name: str
    kind: str
    default: Any = None
    required: bool = False
    description: str = ""

    def accept(self, given: ParameterValue) -> Any:
        """Return a value as the pipeline takes it: a whole number written 3.0 is 3.

        Raises:
            SettingError: the value is of another type.
        """
        value = _from_text(self.kind, given)
        accepted = _accept(self.kind, value)
        if accepted is None:
            raise SettingError(
                f"{given.where}: {self.name} must be {_MUST_BE[self.kind]}, "
                f"not {_described(value)}{_hint(self.kind, value)}."
            )
        self._check_json(accepted, given.where)
        return accepted

    def _check_json(self, value: Any, where: str) -> None:
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise SettingError(
                f"{where}: {self.name} holds a value that can't be sent as JSON ({error}); "
                "put dates and the like in quotes."
            ) from None


@dataclass(frozen=True)
class PipelineInterface:
    """The interface of a compiled pipeline.

    Attributes:
        name: the pipeline's name.
        path: the file that it was read from.
        description: its description.
        sdk_version: the version of kfp that compiled it, such as ``2.17.0``; may be empty.
        stages: the stages that its components run, such as ``download``.
        parameters: its parameters by name.
        components: the short names of the components, such as ``ingest``.
    """

    name: str
    path: Path
    description: str
    sdk_version: str
    stages: frozenset[str]
    parameters: Mapping[str, PipelineParameter]
    components: frozenset[str] = frozenset()

    def check(self, given: Mapping[str, ParameterValue]) -> dict[str, Any]:
        """Return the values that a run is started with.

        Args:
            given: values by parameter; one that is nothing (None) is as if it weren't given.

        Raises:
            SettingError: a parameter is unknown, missing, or of another type.
        """
        for name, one in given.items():
            if name not in self.parameters:
                raise SettingError(f"{one.where}: {self.unknown(name)}.")
        values = {
            name: self.parameters[name].accept(one)
            for name, one in given.items()
            if one.value is not None
        }
        self._check_complete(values)
        return values

    def _check_complete(self, values: Mapping[str, Any]) -> None:
        missing = [p.name for p in self.parameters.values() if p.required and p.name not in values]
        if missing:
            raise SettingError(
                f"The pipeline {self.name} needs {' and '.join(missing)}: "
                "give it in --params, or by --set NAME=VALUE."
            )

    def unknown(self, name: str) -> str:
        """Return a phrase that there is no such parameter, and which may be meant."""
        near = difflib.get_close_matches(name, self.parameters, 1)
        meant = f" (did you mean {near[0]}?)" if near else ""
        known = ", ".join(sorted(self.parameters)) or "none"
        parameter = f"parameter {shown_value(name)}{meant}"
        return f"the pipeline {self.name} has no {parameter}; known are {known}"


def read_interface(path: Path) -> PipelineInterface:
    """Read the interface of a compiled pipeline.

    Raises:
        MissingInputError: there is no such file.
        InputDataError: it is no compiled pipeline.
    """
    if not path.is_file():
        raise MissingInputError(
            f"There is no compiled pipeline {path} (--pipeline): "
            "python -m pipelines.compile makes those of this project."
        )
    documents = load_documents(path)
    spec = documents[0] if documents else None
    if not isinstance(spec, dict) or not {"pipelineInfo", "root"} <= set(spec):
        raise InputDataError(
            f"{path} is no compiled pipeline: it has no pipelineInfo and root, "
            "as the YAML that python -m pipelines.compile writes."
        )
    try:
        return _interface(spec, path)
    except (AttributeError, KeyError, TypeError) as error:
        raise InputDataError(
            f"{path} is no compiled pipeline that can be read: {error}."
        ) from None


def load_documents(path: Path) -> list[Any]:
    """Read all documents of a YAML file.

    Raises:
        InputDataError: it is no YAML.
    """
    yaml = need("yaml", EXTRA)
    if path.exists() and not path.is_file():
        raise InputDataError(f"{shown(path, MAX_PATH)} is no file.")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputDataError(f"{shown(path, MAX_PATH)} is too large for a compiled pipeline.")
        text = path.read_text(encoding="utf-8")
        # The loader in C, where PyYAML has it, is ten times as fast on a compiled pipeline.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        check_bounds(yaml.parse(text, Loader=loader), MAX_DEPTH, MAX_NODES)
        return list(yaml.load_all(text, Loader=loader))
    except (yaml.YAMLError, LookupError, AttributeError, TypeError, ValueError) as error:
        if isinstance(error, InputDataError):
            raise
        reason = shown(" ".join(str(error).split()), MAX_PATH)
        raise InputDataError(f"{shown(path, MAX_PATH)} is no YAML: {reason}.") from None


def _interface(spec: Mapping[str, Any], path: Path) -> PipelineInterface:
    inputs = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    components = frozenset(map(stage_of, spec.get("deploymentSpec", {}).get("executors", {})))
    return PipelineInterface(
        name=spec["pipelineInfo"]["name"],
        path=path,
        description=spec["pipelineInfo"].get("description", ""),
        sdk_version=spec.get("sdkVersion", "").removeprefix("kfp-"),
        stages=frozenset(stage for name in components for stage in stages_of(name) or (name,)),
        parameters={name: _parameter(name, inputs[name]) for name in inputs},
        components=components,
    )


def stage_of(label: str) -> str:
    """Return the component of an executor or a task.

    The second use of `fine_tune` in a pipeline is ``exec-fine-tune-2``: kfp has no underscores in
    such names.
    """
    return re.sub(r"-\d+$", "", label.removeprefix("exec-")).replace("-", "_")


def _parameter(name: str, definition: Mapping[str, Any]) -> PipelineParameter:
    kind = definition["parameterType"]
    if kind not in _MUST_BE:
        raise TypeError(f"{name} has the unknown type {kind}")
    default = definition.get("defaultValue")
    return PipelineParameter(
        name,
        kind,
        # The spec's numbers are all floating point: 198 is written 198.0.
        default=None if default is None else _accept(kind, default),
        required=default is None and not definition.get("isOptional", False),
        description=definition.get("description", ""),
    )


def _from_text(kind: str, given: ParameterValue) -> Any:
    """Return a value of the command line as the parameter's type, if YAML takes it for another."""
    if given.text is None:
        return given.value
    if kind == "STRING" and not isinstance(given.value, str):
        return given.text
    if kind == "NUMBER_DOUBLE" and isinstance(given.value, str):
        return _number(given.text, given.value)
    return given.value


def _number(text: str, otherwise: Any) -> Any:
    try:
        return float(text)
    except ValueError:
        return otherwise


def _accept_boolean(value: Any) -> bool | None:
    try:
        return bool(Kind(bool).accept(value))
    except TypeError:
        return None


def _accept(kind: str, value: Any) -> Any:
    """Return the value as this type, or None if it is of another."""
    if isinstance(value, bool) or kind == "BOOLEAN":
        return _accept_boolean(value) if kind == "BOOLEAN" else None
    if isinstance(value, int) and abs(value) > MAX_INT:
        return None
    if kind == "NUMBER_INTEGER" and isinstance(value, float):
        return int(value) if value.is_integer() else None
    if kind == "NUMBER_DOUBLE" and isinstance(value, int):
        return float(value)
    if kind == "LIST" and isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, _PYTHON[kind]) else None


_PYTHON: dict[str, type] = {
    "STRING": str,
    "NUMBER_INTEGER": int,
    "NUMBER_DOUBLE": float,
    "LIST": list,
    "STRUCT": dict,
}


def _described(value: Any) -> str:
    kind = _IS.get(type(value), f"a {type(value).__name__}")
    return f"{kind} ({shown_value(value)})" if kind else shown_value(value)


def _hint(kind: str, value: Any) -> str:
    if kind == "NUMBER_INTEGER" and value == AUTO:
        return f": {AUTO_IN_SHARDS}"
    if kind == "STRING":
        return ": put it in quotes"
    if kind == "LIST":
        text = shown(value) if isinstance(value, str) else shown_value(value)
        return f": write [{text}]"
    if kind.startswith("NUMBER") and isinstance(value, str) and _number(value, None) is not None:
        # 1e-3 has no dot and "3" has quotes.
        return ": YAML reads it as text; write it without quotes, and 1e-3 as 1.0e-3"
    return ""
