"""What tests of submissions share."""

from collections.abc import Callable
from typing import Any

import pytest

QUICK = ("--wait", "--poll", "0.01")
Submit = Callable[..., int]


def task(name: str, state: str, **more: Any) -> dict[str, Any]:
    return {"display_name": name, "task_id": name, "state": state, **more}


def run(state: str, *tasks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"state": state, "run_details": {"task_details": list(tasks)}, **more}


def one_sentence(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the only line on standard error, without who says it."""
    (line,) = capsys.readouterr().err.splitlines()
    start = "python -m pipelines.submit: error: "
    assert line.startswith(start)
    return line.removeprefix(start)
