"""Parameter files: YAML with a section per stage.

The keys of a section are the options of the stage's command line, written with `-` or `_`, and
the values are checked by the same kinds. A relative path leads from the folder of the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autofocus.errors import InputDataError, MissingInputError, SettingError, need
from autofocus.options.settings import (
    Kind,
    accept_values,
    check_keys,
    kinds,
    normalise_keys,
    shown,
)

# Sections, their keys, and mappings among their values.
_LEVELS = 3


@dataclass(frozen=True)
class Section:
    """The section of a stage.

    Attributes:
        settings: the stage's settings dataclass.
        arguments: further keys: arguments of the stage's function.
        required: the arguments that must be given.
        replaced_by: a key outside all sections that makes the stage unnecessary. With it, the
            section is checked, but nothing in it is required, and it isn't among the results.
    """

    settings: type[Any]
    arguments: Mapping[str, Kind] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    replaced_by: str = ""

    @property
    def kinds(self) -> dict[str, Kind]:
        """The kind of each key."""
        return {**self.arguments, **kinds(self.settings)}


@dataclass(frozen=True)
class ParameterFile:
    """The content of a parameter file.

    Attributes:
        arguments: the arguments of each stage by name.
        settings: the settings of each stage.
        values: the values of keys outside all sections.
    """

    arguments: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, Any]
    values: Mapping[str, Any]


def read_parameter_file(
    path: Path, sections: Mapping[str, Section], keys: Mapping[str, Kind]
) -> ParameterFile:
    """Read and check a parameter file.

    Unknown keys are reported first, in whichever section they are, so that a misspelt key isn't
    reported as a missing one.

    Args:
        path: the file.
        sections: the sections that it may have, by name; one that is absent or empty stands for
            the defaults.
        keys: keys that it may have outside all sections, and their kinds.

    Raises:
        MissingInputError: there is no such file.
        InputDataError: it isn't YAML with keys and values.
        SettingError: a key is unknown, missing or given twice, or a value can't be used.
    """
    given = normalise_keys(read_yaml(path), str(path))
    check_keys(given, [*sections, *keys], str(path))
    contents = {name: _content(given, name, path) for name in sections}
    for name, section in sections.items():
        check_keys(contents[name], section.kinds, f"{name} in {path}")
    values = {name: given[name] for name in keys if name in given}
    values = _beside(path, accept_values(keys, values, str(path)))
    arguments: dict[str, Mapping[str, Any]] = {}
    settings: dict[str, Any] = {}
    for name, section in sections.items():
        is_replaced = section.replaced_by in values
        accepted = _read_section(name, section, contents[name], path, is_replaced=is_replaced)
        if not is_replaced:
            arguments[name], settings[name] = accepted
    return ParameterFile(arguments, settings, values)


def _content(given: Mapping[str, object], name: str, path: Path) -> dict[str, object]:
    """Return the keys and values of a section; none if it is absent or empty."""
    value, where = given.get(name), f"{name} in {path}"
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise SettingError(f"{where} must hold keys and values, not {shown(value)}.")
    return normalise_keys(value, where)


def _read_section(
    name: str, section: Section, content: Mapping[str, object], path: Path, *, is_replaced: bool
) -> tuple[dict[str, Any], Any]:
    """Return a stage's arguments and settings."""
    where = f"{name} in {path}"
    accepted = _beside(path, accept_values(section.kinds, content, where))
    for key in () if is_replaced else section.required:
        if key not in accepted:
            raise SettingError(f"{where}: {key} is missing.")
    arguments = {key: accepted.pop(key) for key in section.arguments if key in accepted}
    try:
        return arguments, section.settings(**accepted)
    except SettingError as error:
        raise SettingError(f"{where}: {error}") from None


def _beside(path: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """Let relative paths lead from the folder of the file."""
    return {
        key: path.parent / value if isinstance(value, Path) else value
        for key, value in values.items()
    }


def read_yaml(path: Path) -> dict[Any, object]:
    """Read a YAML file that holds keys and values, no key twice, or nothing at all.

    Raises:
        MissingInputError: there is no such file.
        InputDataError: it isn't such a file; the message names the line.
    """
    if not path.is_file():
        raise MissingInputError(f"There is no file {path} (--params).")
    yaml = need("yaml", "run")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputDataError(f"{path} is not in UTF-8: save it as UTF-8.") from None
    try:
        _check_no_key_twice(yaml.compose(text, Loader=yaml.SafeLoader), path)
        content = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}, line {mark.line + 1}" if mark else str(path)
        raise InputDataError(f"{where}: not valid YAML ({_problem(error)}).") from None
    except RecursionError:
        raise InputDataError(f"{path} is not valid YAML (it is nested too deeply).") from None
    except (yaml.YAMLError, ValueError) as error:
        # A ValueError: of a date or a time that does not exist.
        reason = " ".join(str(error).split())
        raise InputDataError(f"{path} is not valid YAML ({reason}).") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputDataError(
            f"{path} must hold keys and values, such as a section retrain:, not {shown(content)}."
        )
    return content


def _problem(error: Any) -> str:
    problem = " ".join(str(error.problem or error.context).split())
    return f"{problem}; indent with spaces" if r"'\t'" in problem else problem


def _check_no_key_twice(node: Any, path: Path, levels: int = _LEVELS) -> None:
    """Raise an error for a key that is given twice, of which PyYAML would take the last."""
    if node is None or node.id != "mapping" or not levels:
        return
    names = set()
    for key, value in node.value:
        if key.id == "scalar" and key.value in names:
            raise InputDataError(
                f"{path}, line {key.start_mark.line + 1}: {key.value} is given twice."
            )
        names.add(key.value if key.id == "scalar" else key)
        _check_no_key_twice(value, path, levels - 1)
