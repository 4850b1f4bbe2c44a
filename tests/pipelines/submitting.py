"""What tests of submissions share."""

from collections.abc import Callable
from typing import Any

import pytest

QUICK = ("--wait", "--poll", "0.01")
Submit = Callable[..., int]


def run(state: str, **more: Any) -> dict[str, Any]:
    """Return a run at one moment; with `workflow`, the workflow behind it."""
    return {"state": state, **more}


def one_sentence(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the only line on standard error, without who says it."""
    (line,) = capsys.readouterr().err.splitlines()
    start = "python -m pipelines.submit: error: "
    assert line.startswith(start)
    return line.removeprefix(start)


def without_times(text: str) -> list[str]:
    """Return the lines of a followed run without the time that each begins with."""
    return [line.split(maxsplit=1)[1] for line in text.splitlines()]
