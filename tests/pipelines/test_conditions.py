"""Claims about the conditions of tasks."""

import pytest

from pipelines.conditions import evaluate, is_run

LAYERS = "int(inputs.parameter_values['layers']) == 0"


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        (LAYERS, True),
        (LAYERS.replace("==", "!="), False),
        (f"!({LAYERS})", False),
        ("inputs.parameter_values['name'] == 'fox'", True),
        ("inputs.parameter_values['name'] != 'fox'", False),
        ("!(inputs.parameter_values['name']\n == 'cat')", True),
        ("inputs.parameter_values['on'] == true", True),
        ("inputs.parameter_values['missing'] == 1", None),
        ("inputs.parameter_values['layers'] > 1", None),
        (f"({LAYERS}) && (inputs.parameter_values['on'] == true)", None),
    ],
)
def test_comparisons_with_constants_are_known(condition: str, value: bool | None) -> None:
    """Conditions of these pipelines and of `dsl.If` have their value; others are not known."""
    assert evaluate(condition, {"layers": 0, "name": "fox", "on": True}) is value


def test_a_task_without_a_condition_runs() -> None:
    """Most tasks have none."""
    assert is_run({}, {}) is True
    assert is_run({"triggerPolicy": {"strategy": "ALL_UPSTREAM_TASKS_SUCCEEDED"}}, {}) is True
    assert is_run({"triggerPolicy": {"condition": LAYERS}}, {"layers": 2.0}) is False
