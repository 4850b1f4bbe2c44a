"""YAML that people write: read as they mean it, and within bounds.

Its booleans are `true` and `false`, its whole numbers are decimal, and keys are text, as in YAML
1.2: by the rules of 1.1, which PyYAML follows, a label `no` is a boolean, `0123` is 83, `12:30` is
750, and `2016-01-01` is a date.
"""

import re
from collections.abc import Container, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from autofocus.errors import InputDataError, need
from autofocus.options.printing import shown

# Of a parameter file: sections, their keys, and lists and mappings among their values.
MAX_DEPTH = 20
MAX_NODES = 20_000
_TAG = "tag:yaml.org,2002:"
# In the order in which they are tried.
_SCALARS = (
    ("bool", "true|True|TRUE|false|False|FALSE"),
    ("int", "[-+]?(?:0|[1-9][0-9_]*)|0x[0-9a-fA-F]+"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*\.[0-9_]*)(?:[eE][-+]?[0-9]+)?"),
    ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"),
)
_REPLACED = tuple(_TAG + name for name in ("bool", "int", "float", "timestamp", "value"))
_TOO_LARGE = "it stands for more than {most:,} values: write it without aliases"


class _BoundsError(ValueError):
    """A text that is nested too deeply, or whose aliases stand for too much."""


def parse(text: str, where: str) -> object:
    """Return what a YAML text says, as Python's own types.

    Args:
        text: the text.
        where: what to call it in messages, such as ``run.yaml``.

    Raises:
        InputDataError: it isn't YAML, or is nested too deeply, or too large; the message names
            the line where it can.
    """
    yaml = need("yaml", "run")
    try:
        # LibYAML's parser is several times as fast. What isn't YAML is reported below.
        with suppress(yaml.YAMLError, UnicodeError):
            check_bounds(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
        return yaml.load(text, Loader=_loader())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{where}, line {mark.line + 1}" if mark else where
        problem = _problem(error)
        is_whole = problem.endswith("is given twice")
        sentence = f"{problem}." if is_whole else f"not valid YAML ({problem})."
        raise InputDataError(f"{place}: {sentence}") from None
    except yaml.reader.ReaderError as error:
        letter, line = error.character, text.count("\n", 0, error.position) + 1
        name = shown(chr(letter) if isinstance(letter, int) else letter)
        raise InputDataError(
            f"{where}, line {line}: not valid YAML (unacceptable character {name})."
        ) from None
    except RecursionError:
        raise InputDataError(f"{where} is not valid YAML (it is nested too deeply).") from None
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError) as error:
        # The last ones are of values that don't fit the tags before them.
        reason = shown(" ".join(str(error).split()))
        raise InputDataError(f"{where} is not valid YAML ({reason}).") from None


def check_bounds(events: Iterable[Any], depth: int = MAX_DEPTH, most: int = MAX_NODES) -> None:
    """Check how deep a YAML text is nested, and for how many values it stands with its aliases.

    Args:
        events: of PyYAML's parser.
        depth: the most levels.
        most: the largest number of values.

    Raises:
        ValueError: it is nested too deeply, stands for too many values, or an alias for itself.
    """
    bounds = _Bounds(depth, most)
    for event in events:
        kind = type(event).__name__
        if kind in ("MappingStartEvent", "SequenceStartEvent"):
            bounds.begin(event.anchor)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            bounds.end()
        elif kind == "ScalarEvent":
            bounds.add(1, event.anchor)
        elif kind == "AliasEvent":
            bounds.add_alias(event.anchor)


@dataclass
class _Bounds:
    """Counts the values for which a text stands."""

    depth: int
    most: int
    # For how many values an anchor stands.
    _sizes: dict[str, int] = field(default_factory=dict)
    # The anchors and sizes of the lists and mappings that haven't ended yet, and of the whole.
    _open: list[tuple[str | None, int]] = field(default_factory=lambda: [(None, 0)])

    def begin(self, anchor: str | None) -> None:
        self._open.append((anchor, 1))
        if len(self._open) > self.depth + 1:
            raise _BoundsError("it is nested too deeply")

    def end(self) -> None:
        anchor, size = self._open.pop()
        self.add(size, anchor)

    def add_alias(self, name: str) -> None:
        if any(name == anchor for anchor, _ in self._open):
            raise _BoundsError(f"the alias {shown(name)} stands for itself")
        self.add(self._sizes.get(name, 1), None)

    def add(self, size: int, anchor: str | None) -> None:
        if anchor is not None:
            self._sizes[anchor] = size
        outer, before = self._open[-1]
        if before + size > self.most:
            raise _BoundsError(_TOO_LARGE.format(most=self.most))
        self._open[-1] = (outer, before + size)


def _problem(error: Any) -> str:
    problem = shown(" ".join(str(error.problem or error.context).split()))
    return f"{problem}; indent with spaces" if r"'\t'" in problem else problem


@cache
def _loader() -> Any:
    """Return the class of PyYAML's loader that reads text as people mean it."""
    import yaml

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = _without(yaml.SafeLoader.yaml_implicit_resolvers, _REPLACED)

        def compose_mapping_node(self, anchor: Any) -> Any:
            node = super().compose_mapping_node(anchor)
            _check_keys(node)
            return node

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            self.flatten_mapping(node)
            for key, _ in node.value:
                # As it is written: `no`, 1.0 and 0123 are names like others.
                key.tag = f"{_TAG}str"
            return super().construct_mapping(node, deep)

    for name, pattern in _SCALARS:
        Loader.add_implicit_resolver(_TAG + name, re.compile(rf"(?:{pattern})\Z"), None)
    return Loader


def _without(resolvers: Any, left_out: Container[str]) -> dict[Any, Any]:
    return {
        letter: [(tag, pattern) for tag, pattern in pairs if tag not in left_out]
        for letter, pairs in resolvers.items()
    }


def _check_keys(node: Any) -> None:
    """Raise an error for a key that is given twice, of which PyYAML would take the last."""
    from yaml.constructor import ConstructorError

    names = set()
    for key, _ in node.value:
        if key.id != "scalar":
            raise ConstructorError(problem="found unhashable key", problem_mark=key.start_mark)
        if key.value in names:
            problem = f"{shown(key.value)} is given twice"
            raise ConstructorError(problem=problem, problem_mark=key.start_mark)
        names.add(key.value)
