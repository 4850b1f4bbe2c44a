"""Tests of what a stage gives back."""

from pathlib import Path

from autofocus.runs.ledger import Counts
from autofocus.runs.result import StageResult


def test_result_as_text() -> None:
    """A result prints its account, its notes and where its outputs and ledger are."""
    result = StageResult(
        "stage_x",
        Counts(ok=2),
        Path("o/ledger.csv"),
        {"table": Path("o/t.csv")},
        ("Dates are US dates.",),
    )
    assert str(result).splitlines() == [
        "stage_x: 2 inputs = 2 ok + 0 reused + 0 rejected",
        "  note: Dates are US dates.",
        "  table:       o/t.csv",
        "  ledger:      o/ledger.csv",
    ]
