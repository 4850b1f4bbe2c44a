"""The conditions of tasks: which of them a run has, by its values.

An expression is in the Common Expression Language, over the inputs of the task. What is read here
are those of these pipelines, and those that kfp writes for `dsl.If` and `dsl.Else`: a parameter is
equal or not equal to a constant.
"""

import re
from collections.abc import Mapping
from typing import Any

_COMPARISON = re.compile(
    r"(?:int\()?inputs\.parameter_values\['(?P<name>[^']+)'\]\)?\s*(?P<operator>==|!=)\s*"
    r"(?P<constant>'[^']*'|-?\d+(?:\.\d+)?|true|false)"
)
_NEGATION = re.compile(r"!\s*\((?P<inner>.*)\)", re.DOTALL)
_BOOLEANS = {"true": True, "false": False}


def is_run(task: Mapping[str, Any], values: Mapping[str, Any]) -> bool | None:
    """Tell whether a run has a task.

    Args:
        task: the task's specification.
        values: the values of its inputs.

    Returns:
        None if that can't be known before.
    """
    condition = task.get("triggerPolicy", {}).get("condition", "")
    return evaluate(condition, values) if condition else True


def evaluate(condition: str, values: Mapping[str, Any]) -> bool | None:
    """Return the value of a condition; None if it can't be known.

    Args:
        condition: the expression.
        values: the values of the task's inputs.
    """
    text = " ".join(condition.split())
    if negation := _NEGATION.fullmatch(text):
        inner = evaluate(negation["inner"], values)
        return None if inner is None else not inner
    comparison = _COMPARISON.fullmatch(text)
    if comparison is None or comparison["name"] not in values:
        return None
    is_equal = bool(values[comparison["name"]] == _constant(comparison["constant"]))
    return is_equal == (comparison["operator"] == "==")


def _constant(text: str) -> Any:
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    return text[1:-1] if text.startswith("'") else float(text)
