"""Settings: one frozen dataclass a stage, from which options, YAML keys and checks are made.

A field made by `option` carries its help text, and whether it changes what a stage writes. The
command line (`autofocus.options.command`) and the parameter file of `autofocus run` both read it,
so a name is written down once.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from autofocus.errors import SettingError

S = TypeVar("S")


def option(
    default: Any,
    help: str,  # noqa: A002 - the word that argparse uses for the same thing
    *,
    affects_output: bool = True,
    metavar: str | None = None,
) -> Any:
    """Declare a field of a settings dataclass.

    Args:
        default: the value where none is given.
        help: one sentence for `--help`.
        affects_output: False for options such as `jobs`, which may differ when an interrupted
            run is started again.
        metavar: the placeholder in `--help`.
    """
    metadata = {"help": help, "affects_output": affects_output, "metavar": metavar}
    return dataclasses.field(default=default, metadata=metadata)


def jobs_option() -> Any:
    """Declare the field `jobs`: how many threads work at once."""
    return option(0, "threads; 0 for one a core", affects_output=False, metavar="N")


def endpoint_option() -> Any:
    """Declare the field `endpoint_url` of a stage that works on a bucket."""
    return option(
        None,
        "the server's address, such as http://localhost:8333, if it isn't Amazon's; "
        "AWS_ENDPOINT_URL does as well",
        affects_output=False,
        metavar="URL",
    )


def patience_option(server: str = "the object store") -> Any:
    """Declare the field `patience` of a stage that works with a server.

    Args:
        server: what the server is called in `--help`.
    """
    return option(
        300.0,
        f"seconds to keep retrying while {server} does not answer (0: do not retry)",
        affects_output=False,
        metavar="SECONDS",
    )


def max_rejected_option() -> Any:
    """Declare the field `max_rejected` of a stage that works on photographs."""
    return option(
        0.1,
        "end with an error where a larger share of photographs is rejected",
        affects_output=False,
        metavar="SHARE",
    )


@dataclasses.dataclass(frozen=True)
class Kind:
    """What values an option takes.

    Attributes:
        base: the type of one value: str, int, float, bool or Path.
        many: whether it takes several.
        optional: whether it may be left unset (None).
        choices: the only values allowed, where there are any.
    """

    base: type
    many: bool = False
    optional: bool = False
    choices: tuple[str, ...] = ()

    def accept(self, value: object) -> Any:
        """Turn a value of a YAML or JSON file into this kind.

        Raises:
            TypeError: the value is of another kind.
        """
        if value is None and self.optional:
            return None
        if self.many:
            if not isinstance(value, list):
                raise TypeError("a list")
            return tuple(dataclasses.replace(self, many=False).accept(item) for item in value)
        return self._accept_one(value)

    def _accept_one(self, value: object) -> Any:
        if self.base is Path and isinstance(value, str):
            return Path(value)
        if self.base is float and type(value) is int:
            return float(value)
        # `type(...) is`, as True would pass for an int and 1 for a bool.
        if type(value) is not self.base:
            raise TypeError(_NAMES[self.base])
        return value


_NAMES: dict[type, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    Path: "a path",
}


def kinds(settings: type) -> dict[str, Kind]:
    """Return the kind of each field of a settings dataclass, in order."""
    hints = typing.get_type_hints(settings)
    return {field.name: _kind(hints[field.name]) for field in dataclasses.fields(settings)}


def _kind(hint: Any) -> Kind:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        inner = next(item for item in arguments if item is not type(None))
        return dataclasses.replace(_kind(inner), optional=True)
    if origin is tuple:
        return dataclasses.replace(_kind(arguments[0]), many=True)
    if origin is typing.Literal:
        return Kind(str, choices=arguments)
    return Kind(hint)


def from_mapping(
    settings: type[S], values: Mapping[str, object], where: str, also: tuple[str, ...] = ()
) -> S:
    """Make settings from the keys of a parameter file.

    Args:
        settings: the dataclass to make.
        values: its fields by name; `-` may stand for `_`.
        where: how to name the place in messages, such as ``preprocess_images in run.yaml``.
        also: keys that are read elsewhere, to be named among the known ones.

    Raises:
        SettingError: a key is unknown or its value is of the wrong kind.
    """
    known = kinds(settings)
    accepted: dict[str, Any] = {}
    for key, value in values.items():
        name = str(key).replace("-", "_")
        if name not in known:
            raise SettingError(
                f"{where}: unknown key {key!r}; known are {', '.join((*also, *known))}."
            )
        if name in accepted:
            raise SettingError(f"{where}: {key} is given twice, once with - and once with _.")
        try:
            accepted[name] = known[name].accept(value)
        except TypeError as error:
            raise SettingError(f"{where}: {key} must be {error}, not {value!r}.") from None
        _check_choice(known[name], f"{where}: {key}", accepted[name])
    return settings(**accepted)


def _check_choice(kind: Kind, name: str, value: Any) -> None:
    for one in value if kind.many else [value]:
        if kind.choices and one is not None and one not in kind.choices:
            raise SettingError(f"{name} must be one of {', '.join(kind.choices)}, not {one!r}.")


def describe(settings: Any) -> dict[str, Any]:
    """Return the settings that change what a stage writes, as plain JSON values."""
    return {
        field.name: _plain(getattr(settings, field.name))
        for field in dataclasses.fields(settings)
        if field.metadata.get("affects_output", True)
    }


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def require(condition: bool, sentence: str) -> None:
    """Raise a SettingError with this sentence unless the condition holds."""
    if not condition:
        raise SettingError(sentence)


def require_share(name: str, value: float) -> None:
    """Raise a SettingError unless the value is a share, 0 to 1."""
    require(0 <= value <= 1, f"{name} is a share, 0 to 1, not {value}.")


def require_not_negative(settings: Any, *names: str) -> None:
    """Raise a SettingError if one of these fields is below 0."""
    for name in names:
        value = getattr(settings, name)
        require(value >= 0, f"{name} must not be negative, but is {value}.")
