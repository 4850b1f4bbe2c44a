"""Settings: one frozen dataclass per stage, which defines options, YAML keys and their checks.

A field made by `option` has a help text, and says whether it affects what the stage writes. The
command line (`options.command`) and parameter files (`options.parameter_file`) are made from the
fields, so each option is defined once. `Kind` is the one system of types: it reads words of the
command line as well as values of YAML and JSON files.
"""

import dataclasses
import math
import os
import re
import types
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from autofocus.errors import SettingError
from autofocus.options import printing
from autofocus.redaction import public_url

S = TypeVar("S")
# Headings in `--help` that several commands have.
CONNECTION = "connection"
IMAGES = "images"
LIMITS = "resources and limits"


def option(
    default: Any,
    help: str,  # noqa: A002 - the word that argparse uses for the same thing
    *,
    affects_output: bool = True,
    metavar: str | None = None,
    alias: str | None = None,
    group: str = "",
) -> Any:
    """Declare a field of a settings dataclass.

    Args:
        default: the default value.
        help: the text for `--help`.
        affects_output: False for options such as `jobs`, which may differ when an interrupted
            run is continued.
        metavar: the placeholder in `--help`.
        alias: a second name of the option on the command line.
        group: the heading in `--help` under which it stands, of a command with many options.
    """
    metadata = {
        "help": help, "affects_output": affects_output, "metavar": metavar, "alias": alias,
        "group": group,
    }  # fmt: skip
    return dataclasses.field(default=default, metadata=metadata)


def option_of(settings: Any, name: str) -> Any:
    """Declare a field as another settings dataclass declares it, text and default included."""
    field = settings.__dataclass_fields__[name]
    return dataclasses.field(default=field.default, metadata=field.metadata)


def jobs_option() -> Any:
    """Declare the field `jobs`: the number of worker threads."""
    return option(
        0, "worker threads (0: one per core)", affects_output=False, metavar="N", group=LIMITS
    )


def endpoint_option() -> Any:
    """Declare the field `endpoint_url` of a stage that uses a bucket."""
    return option(
        None,
        "URL of S3-compatible storage, such as http://localhost:8333 (default: AWS_ENDPOINT_URL, "
        "else Amazon S3)",
        affects_output=False,
        metavar="URL",
        group=CONNECTION,
    )


def request_payer_option() -> Any:
    """Declare the field `request_payer` of a stage that reads a bucket."""
    return option(
        False,
        "pay for the requests and transfers, as requester-pays buckets require",
        affects_output=False,
        group=CONNECTION,
    )


def patience_option(server: str = "the object store", group: str = CONNECTION) -> Any:
    """Declare the field `patience` of a stage that uses a server.

    Args:
        server: the name of the server in `--help`.
        group: see `option`.
    """
    return option(
        300.0,
        f"seconds to keep retrying while {server} does not answer (0: do not retry)",
        affects_output=False,
        metavar="SECONDS",
        group=group,
    )


def max_rejected_option() -> Any:
    """Declare the field `max_rejected` of a stage that processes images."""
    return option(
        0.1,
        "maximum share of rejected images (0 to 1); above it the run fails",
        affects_output=False,
        metavar="SHARE",
        group=LIMITS,
    )


class Pair(str):
    """A name and a value such as `label=Species`; in YAML, several can be a mapping."""

    def __new__(cls, text: str) -> "Pair":
        """Return the text as a pair.

        Raises:
            ValueError: it has no `=`, or nothing before it.
        """
        if not text.partition("=")[0].strip() or "=" not in text:
            raise ValueError(text)
        return super().__new__(cls, text)


@dataclasses.dataclass(frozen=True)
class Kind:
    """The kind of values that an option takes.

    Attributes:
        base: the type of one value: str, int, float, bool or Path.
        many: whether it takes several values.
        optional: whether it may be unset (None).
        choices: the allowed values; empty if any is allowed.
        keywords: texts that are allowed beside values of the type, such as ``auto``.
    """

    base: type
    many: bool = False
    optional: bool = False
    choices: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What one value must be, in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        return " or ".join([_WORDS[self.base], *self.keywords])

    def accept(self, value: object) -> Any:
        """Return a value of a YAML or JSON file as one of this kind.

        Raises:
            TypeError: the value is of another kind; the message is what it must be, and the
                value, such as `a whole number, not 'x'`.
        """
        if value is None and self.optional:
            return None
        if self.many:
            if self.base is Pair and isinstance(value, dict):
                value = pairs_of(value)
            if not isinstance(value, list):
                raise TypeError(f"a list, not {shown(value)}")
            return tuple(dataclasses.replace(self, many=False).accept(item) for item in value)
        return self._accept_one(value)

    def _accept_one(self, value: object) -> Any:
        if value in self.keywords:
            return value
        if self.base is bool and isinstance(value, str) and value.lower() in _BOOLEANS:
            return _BOOLEANS[value.lower()]  # of YAML 1.1
        if self.base is float and isinstance(value, str) and _EXPONENT.fullmatch(value):
            value = float(value)  # YAML takes 1e-3 for text
        if self.base is float and type(value) is int and abs(value) <= MAX_INT:
            value = float(value)
        # `type(...) is`, as True would pass for an int and 1 for a bool.
        expected = str if self.base in (Path, Pair) else self.base
        if type(value) is not expected or (self.choices and value not in self.choices):
            raise TypeError(f"{self.words}, not {shown(value)}")
        return self.parse(value) if isinstance(value, str) else self._bounded(value, value)

    def parse(self, word: str) -> Any:
        """Return a word of the command line as one value of this kind.

        Raises:
            TypeError: the word is of another kind; see `accept`.
        """
        if word in self.keywords:
            return word
        wrong = TypeError(f"{self.words}, not {shown(word)}")
        # No file has a null in its name, and no text that makes sense.
        if "\0" in word or (self.base is Path and not word):
            raise wrong
        try:
            os.fsencode(word)  # raises a ValueError for half a character
            value = self.base(word)
        except ValueError:
            raise wrong from None
        return self._bounded(value, word)

    def _bounded(self, value: Any, given: object) -> Any:
        """Return a number that computers can work with."""
        if isinstance(value, float) and not math.isfinite(value):
            raise TypeError(f"{self.words} that is finite, not {shown(given)}")
        if isinstance(value, int) and abs(value) > MAX_INT:
            raise TypeError(f"{self.words} of at most 18 digits, not {shown(given)}")
        return value


def pairs_of(mapping: Mapping[object, object]) -> list[str]:
    """Return the pairs of a mapping; of a list behind a name, one for each value.

    Raises:
        TypeError: a value is neither text nor a number; see `Kind.accept`.
    """
    pairs = []
    for name, values in mapping.items():
        for value in values if isinstance(values, list) else [values]:
            if type(value) not in (str, int, float):
                raise TypeError(f"text or a number for {shown(name)}, not {shown(value)}")
            pairs.append(f"{name}={value}")
    return pairs


_WORDS: dict[type, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    Path: "a path",
    Pair: "a name and a value with = between",
}
# So many unknown keys are named.
_MAX_KEYS = 5
_EXPONENT = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+")


# YAML's other words for true and false.
_BOOLEANS = {"yes": True, "on": True, "no": False, "off": False}
# A number that all computers and formats can hold.
MAX_INT = 10**18


def shown(value: object) -> str:
    """Return a value of a YAML or JSON file as a person would write it there, but not too long."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    try:
        return printing.shown(repr(value))
    except ValueError:
        return "a number of thousands of digits"


def kinds(settings: type) -> dict[str, Kind]:
    """Return the kind of each field of a settings dataclass, in order."""
    hints = typing.get_type_hints(settings)
    return {field.name: _kind(hints[field.name]) for field in dataclasses.fields(settings)}


def _kind(hint: Any) -> Kind:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        first, *others = (_kind(item) for item in arguments if item is not type(None))
        # Beside another type, a Literal is a word with a meaning of its own.
        keywords = tuple(word for other in others for word in other.choices)
        is_optional = type(None) in arguments
        return dataclasses.replace(first, optional=is_optional, keywords=keywords)
    if origin is tuple:
        return dataclasses.replace(_kind(arguments[0]), many=True)
    if origin is typing.Literal:
        return Kind(str, choices=arguments)
    return Kind(hint)


def from_mapping(settings: type[S], values: Mapping[Any, object], where: str) -> S:
    """Make settings from the keys and values of a mapping.

    Args:
        settings: the dataclass to make.
        values: its fields by name; `-` may stand for `_`.
        where: what to call the mapping in messages, such as ``preprocess_images in run.yaml``.

    Raises:
        SettingError: a key is unknown or given twice, or a value can't be used.
    """
    known = kinds(settings)
    given = normalise_keys(values, where)
    check_keys(given, known, where)
    return settings(**accept_values(known, given, where))


def normalise_keys(values: Mapping[Any, object], where: str) -> dict[str, object]:
    """Return a mapping with `_` for `-` in its keys.

    Raises:
        SettingError: a key is no text, or is given twice.
    """
    given: dict[str, object] = {}
    for key, value in values.items():
        if not isinstance(key, str):
            raise SettingError(f"{where}: unknown key {shown(key)}: keys are text.")
        name = key.replace("-", "_")
        if name in given:
            raise SettingError(
                f"{where}: {printing.shown(name)} is given twice, once with - and once with _."
            )
        given[name] = value
    return given


def check_keys(values: Iterable[str], known: Iterable[str], where: str) -> None:
    """Raise a SettingError if a key isn't among those known."""
    names = list(known)
    unknown = [shown(key) for key in values if key not in names]
    if unknown:
        keys = "key" if len(unknown) == 1 else "keys"
        more = ", ..." if len(unknown) > _MAX_KEYS else ""
        raise SettingError(
            f"{where}: unknown {keys} {', '.join(unknown[:_MAX_KEYS])}{more}; "
            f"known keys are {', '.join(names)}."
        )


def accept_values(
    known: Mapping[str, Kind], values: Mapping[str, object], where: str
) -> dict[str, Any]:
    """Return values as those of their kinds.

    Raises:
        SettingError: a value is of another kind.
    """
    accepted, faults = {}, []
    for key, value in values.items():
        try:
            accepted[key] = known[key].accept(value)
        except TypeError as error:
            faults.append(f"{where}: {key} must be {error}.")
    if faults:
        raise SettingError("\n".join(faults))
    return accepted


def describe(settings: Any) -> dict[str, Any]:
    """Return the settings that affect what a stage writes, as plain JSON values."""
    return {
        field.name: _plain(getattr(settings, field.name))
        for field in dataclasses.fields(settings)
        if field.metadata.get("affects_output", True)
    }


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        # A URL may hold a password; settings are stored and shown.
        return public_url(value)
    return str(value) if isinstance(value, Path) else value


def require(condition: bool, sentence: str) -> None:
    """Raise a SettingError with this sentence unless the condition holds."""
    if not condition:
        raise SettingError(sentence)


def require_share(name: str, value: float) -> None:
    """Raise a SettingError unless the value is a share, 0 to 1."""
    require(0 <= value <= 1, f"{name} must be a share, 0 to 1, not {value}.")


def require_not_negative(settings: Any, *names: str) -> None:
    """Raise a SettingError if one of these fields is below 0."""
    for name in names:
        value = getattr(settings, name)
        require(value >= 0, f"{name} must not be negative, but is {value}.")
