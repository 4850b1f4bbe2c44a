"""Small components, of which the variable STAGE chooses one, for tests of their frame.

STAGE=good python -m tests.containers.stages --executor_input JSON
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from autofocus.containers.task import Task, main
from autofocus.errors import InputDataError, TooManyRejectedError
from autofocus.runs.ledger import LedgerWriter, Reason, Row, Status, rejected
from autofocus.runs.result import StageResult

NAME = "stages"
# So many that moving them to another disk takes a while.
MANY = 4000


def _result(ledger: Path, rows: Sequence[Row]) -> StageResult:
    writer = LedgerWriter(ledger, NAME)
    for row in rows:
        writer.write(row)
    writer.close()
    return StageResult(NAME, writer.counts, ledger, {"table": ledger.with_name("table.csv")})


def good(task: Task) -> StageResult:
    """Make a folder, a file in it that is an output of its own, and a table."""
    model = task.folder / "model"
    (model / "b").mkdir(parents=True)
    (model / "b" / "1.JPG").write_text("photograph")
    (model / "report.html").write_text("report")
    (model / ".autofocus").mkdir()
    (model / ".autofocus" / "journal.jsonl").write_text("memory")
    (task.folder / "table.csv").write_text("filepath\na\n")
    (Path.cwd() / "mlruns").mkdir()
    task.output("model", model)
    task.output("report", model / "report.html")
    task.output("table", task.folder / "table.csv", {"accuracy": 0.5})
    rows = [
        Row("a"),
        Row("b"),
        Row("c", Status.REUSED),
        rejected("d", Reason.EMPTY_FILE, "it has no bytes"),
        rejected("e", Reason.TRUNCATED),
    ]
    return _result(model / "ledger.csv", rows)


def fails(task: Task) -> StageResult:
    """End with an error when all but the end is done."""
    result = good(task)
    raise InputDataError(f"{result.ledger} can't be used: give another.")


def disk_full(task: Task) -> StageResult:
    """End with an error of the system."""
    good(task)
    raise OSError(28, "No space left on device", "somewhere")


def has_a_bug(task: Task) -> StageResult:
    """End with an error that nobody foresaw."""
    good(task)
    raise ZeroDivisionError


def too_many(task: Task) -> StageResult:
    """End as most inputs were rejected."""
    rows = [rejected(f"IMG_{n:02}.JPG", Reason.EMPTY_FILE, "no bytes") for n in range(23)]
    (task.folder / "out").mkdir()
    result = _result(task.folder / "out" / "ledger.csv", [Row("good.JPG"), *rows])
    raise TooManyRejectedError(f"23 of 24 inputs were rejected: see {result.ledger}.")


def too_many_beside_others(task: Task) -> StageResult:
    """Likewise, with files among the data that only bear a ledger's name."""
    (task.folder / "data" / "folder.ledger.csv").mkdir(parents=True)
    (task.folder / "data" / "my_ledger.csv").write_text("income,expenses\n")
    return too_many(task)


def waits(task: Task) -> StageResult:
    """Say when all but the end is done, and wait for a signal."""
    result = good(task)
    print("ready", flush=True)
    time.sleep(60)
    return result


def many(task: Task) -> StageResult:
    """Make a folder that takes a while to move to another disk."""
    result = good(task)
    for number in range(MANY):
        (task.folder / "model" / f"{number}.JPG").touch()
    return result


if __name__ == "__main__":
    raise SystemExit(main(NAME, globals()[os.environ["STAGE"]]))
