"""Parameter files: YAML with a section per stage.

The keys of a section are the options of the stage's command line, written with `-` or `_`, and
the values are checked by the same kinds. A relative path leads from the folder of the file.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autofocus.errors import InputDataError, MissingInputError, SettingError
from autofocus.options import yaml_text
from autofocus.options.printing import MAX_PATH
from autofocus.options.printing import shown as shown_text
from autofocus.options.settings import (
    Kind,
    accept_values,
    check_keys,
    kinds,
    normalise_keys,
    shown,
)
from autofocus.options.text_files import read_text

# The largest parameter file. One that names 1,000 cameras and 1,000 labels is half as large.
MAX_BYTES = 128 * 1024
# So many faults are named.
MAX_FAULTS = 20


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

    All faults are reported at once; but unknown keys first, in whichever section they are, so
    that a misspelt key isn't reported as a missing one.

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
    file = shown_text(path, MAX_PATH)
    given = normalise_keys(read_yaml(path), file)
    faults = _Faults(file)
    with faults.gathered():
        check_keys(given, [*sections, *keys], file)
    contents: dict[str, dict[str, object]] = {}
    for name, section in sections.items():
        with faults.gathered():
            contents[name] = _content(given, name, file)
            check_keys(contents[name], section.kinds, f"{name} in {file}")
    faults.check()
    values: dict[str, Any] = {}
    with faults.gathered():
        values = accept_values(keys, {key: given[key] for key in keys if key in given}, file)
    arguments: dict[str, Mapping[str, Any]] = {}
    settings: dict[str, Any] = {}
    for name, section in sections.items():
        is_replaced = section.replaced_by in given
        with faults.gathered():
            accepted = _read_section(name, section, contents[name], path, is_replaced=is_replaced)
            if not is_replaced:
                arguments[name], settings[name] = accepted
    faults.check()
    return ParameterFile(arguments, settings, _beside(path, values))


@dataclass
class _Faults:
    """Everything that is wrong with a file, to be reported at once."""

    file: str
    sentences: list[str] = field(default_factory=list)

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Keep what is raised in a `with` block."""
        try:
            yield
        except SettingError as error:
            self.sentences += str(error).splitlines()

    def check(self) -> None:
        """Raise a SettingError if there is a fault: its sentence, or a line for each."""
        if len(self.sentences) == 1:
            raise SettingError(self.sentences[0])
        if self.sentences:
            lines = [f"  {sentence}" for sentence in self.sentences[:MAX_FAULTS]]
            number = f"{len(self.sentences)} faults"
            raise SettingError("\n".join([f"{self.file} has {number}:", *lines]))


def _content(given: Mapping[str, object], name: str, file: str) -> dict[str, object]:
    """Return the keys and values of a section; none if it is absent or empty."""
    value, where = given.get(name), f"{name} in {file}"
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise SettingError(f"{where} must hold keys and values, not {shown(value)}.")
    return normalise_keys(value, where)


def _read_section(
    name: str, section: Section, content: Mapping[str, object], path: Path, *, is_replaced: bool
) -> tuple[dict[str, Any], Any]:
    """Return a stage's arguments and settings."""
    where = f"{name} in {shown_text(path, MAX_PATH)}"
    accepted = _beside(path, accept_values(section.kinds, content, where))
    for key in () if is_replaced else section.required:
        if key not in accepted:
            raise SettingError(f"{where}: {key} is missing.")
        given = accepted[key] if section.kinds[key].many else [accepted[key]]
        if not given or not all(str(one).strip() for one in given):
            raise SettingError(f"{where}: {key} must not be empty.")
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
    name = shown_text(path, MAX_PATH)
    if not path.exists():
        raise MissingInputError(f"There is no file {name} (--params).")
    if not path.is_file():
        raise InputDataError(f"{name} is no file (--params).")
    if (size := path.stat().st_size) > MAX_BYTES:
        raise InputDataError(
            f"{name} has {size:,} bytes, which no parameter file needs: give another (--params)."
        )
    content = yaml_text.parse(read_text(path, name), name)
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputDataError(
            f"{name} must hold keys and values, such as a section retrain:, not {shown(content)}."
        )
    return content
