"""Processors and memory, as pipelines take them: quantities of Kubernetes, such as 500m or 16Gi.

They are parameters of type text, as the cluster's driver fills in text only. A wrong one would be
rejected when the task's pod is made, which may be hours after the run began.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from autofocus.errors import SettingError
from autofocus.options.settings import shown
from pipelines.interface import ParameterValue, PipelineInterface

Parse = Callable[[str, str], Decimal]

# The decimal kilo is a small letter: Kubernetes knows no K.
_POWERS = {
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", 1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}
_NUMBER = r"(\d+\.?\d*|\.\d+)"
_CPU = re.compile(rf"{_NUMBER}(m?)", re.ASCII)
_MEMORY = re.compile(rf"{_NUMBER}(?:({'|'.join(_POWERS)})|[eE]([+-]?\d\d?))?", re.ASCII)
_LEAST_MEMORY = 1024**2
# Parameters of type text that people write as numbers, other than processors and memory.
_NUMBERS = ("accelerator_count", "cache_salt")


def parse_cpu(name: str, text: str) -> Decimal:
    """Return a number of processors.

    Args:
        name: the value's name in messages.
        text: a number, or a number of thousandths with `m` behind it.

    Raises:
        SettingError: it is neither.
    """
    match = _CPU.fullmatch(text)
    if match is None:
        raise SettingError(
            f"{name} must be a number of processors such as 2, 0.5 or 500m, not {shown(text)}."
        )
    return Decimal(match[1]) / (1000 if match[2] else 1)


def parse_memory(name: str, text: str) -> Decimal:
    """Return an amount of memory in bytes.

    Args:
        name: the value's name in messages.
        text: a number with a unit (`k` to `E`, `Ki` to `Ei`) or an exponent behind it.

    Raises:
        SettingError: it is no such text, or so few bytes that the unit must have been forgotten.
    """
    match = _MEMORY.fullmatch(text)
    if match is None:
        raise SettingError(
            f"{name} must be an amount of memory such as 512Mi, 16Gi or 16G, not {shown(text)}."
        )
    number, unit, exponent = match.groups()
    size = Decimal(f"{number}e{exponent or 0}") * _POWERS.get(unit, 1)
    if 0 < size < _LEAST_MEMORY:
        raise SettingError(
            f"{name} must be at least 1Mi, not {shown(text)}: write a unit, as in 16Gi."
        )
    return size


_PARSERS: Mapping[str, Parse] = {"cpu": parse_cpu, "memory": parse_memory}


@dataclass(frozen=True)
class _Quantity:
    """The value of a parameter.

    Attributes:
        text: as it is written.
        size: as a number.
        where: who gave it; for a default, the pipeline's file.
    """

    text: str
    size: Decimal
    where: str


def complete_resources(
    interface: PipelineInterface, values: Mapping[str, ParameterValue]
) -> dict[str, ParameterValue]:
    """Check processors and memory, and complete the values of a run.

    Args:
        interface: the pipeline.
        values: the given values by parameter.

    Returns:
        The values. Numbers that were given for these parameters are text, and where a limit was
        given that is below the pipeline's default of the request, the request is the same.

    Raises:
        SettingError: a quantity can't be used, or a request is above its limit.
    """
    limits = dict(_limits(interface))
    names = {*_NUMBERS, *limits, *map(_request, limits)}
    completed = {
        name: _as_text(given) if name in names else given for name, given in values.items()
    }
    for name, parse in limits.items():
        _complete(interface, completed, name, parse)
    return completed


def _limits(interface: PipelineInterface) -> Iterator[tuple[str, Parse]]:
    """Yield the names of the limits that a pipeline takes, and how to parse them."""
    for stage in sorted(interface.components):
        for resource, parse in _PARSERS.items():
            name = f"{stage}_{resource}"
            if name in interface.parameters:
                yield name, parse


def _request(limit: str) -> str:
    return f"{limit}_request"


def _as_text(given: ParameterValue) -> ParameterValue:
    """Return a number as text: in a file, YAML reads 4 as a number."""
    if isinstance(given.value, bool) or not isinstance(given.value, int | float):
        return given
    return replace(given, value=given.text or str(given.value))


def _complete(
    interface: PipelineInterface, values: dict[str, ParameterValue], name: str, parse: Parse
) -> None:
    """Check a limit and its request, and lower the request where it is the pipeline's default."""
    limit = _read(interface, values, name, parse)
    request = _read(interface, values, _request(name), parse)
    if limit is None:
        return
    if limit.size == 0:
        raise SettingError(f"{limit.where}: {name} must be above 0.")
    if request is None or request.size <= limit.size:
        return
    if _is_given(values, _request(name)):
        raise SettingError(
            f"{request.where}: {_request(name)} ({request.text}) must not be above "
            f"{name} ({limit.text})."
        )
    values[_request(name)] = ParameterValue(limit.text, limit.where)


def _read(
    interface: PipelineInterface, values: Mapping[str, ParameterValue], name: str, parse: Parse
) -> _Quantity | None:
    """Return a quantity; None if there is none, or a value that the interface will reject."""
    parameter = interface.parameters.get(name)
    if parameter is None:
        return None
    given = values[name] if _is_given(values, name) else ParameterValue(parameter.default, "")
    if not isinstance(given.value, str):
        return None
    where = given.where or str(interface.path)
    try:
        return _Quantity(given.value, parse(name, given.value), where)
    except SettingError as error:
        raise SettingError(f"{where}: {error}") from None


def _is_given(values: Mapping[str, ParameterValue], name: str) -> bool:
    return name in values and values[name].value is not None
