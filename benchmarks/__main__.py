"""Measure against peers and write RESULTS.md: `make benchmark [ROW=clean,link]`.

A row is a module with `ROW`, its name; `NOTE`, what is said below the table; and `run`, which
takes a folder to measure in and the folder of the peers' commands, and returns comparisons.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, cast

from benchmarks.measure import BenchmarkError, Comparison
from benchmarks.results import Note, record, write

HELP = "Measure against peers and write benchmarks/RESULTS.md."
HERE = Path(__file__).parent
PEERS = HERE.parent / ".venv-peers" / "bin"
# In the order of the table.
MODULES = {
    "download": "downloading",
    "preprocess": "preprocessing",
    "ingest": "ingesting",
    "clean": "tables",
    "link": "linking",
    "resume": "resuming",
    "embed": "embedding",
    "predict": "predicting",
    "head": "head_training",
    "retrain": "training",
    "start": "starting",
    "scale": "scale",
}


class Row(Protocol):
    """A module that measures a row."""

    ROW: str
    NOTE: Note
    run: Callable[[Path, Path], list[Comparison]]


def rows() -> dict[str, Row]:
    """Return the modules of all rows, by the name of the row."""
    there = {row: name for row, name in MODULES.items() if find_spec(f"benchmarks.{name}")}
    return {row: cast("Row", import_module(f"benchmarks.{name}")) for row, name in there.items()}


def chosen_rows(words: str, known: Sequence[str]) -> list[str]:
    """Return the rows that are named, separated by commas; all of them if none is.

    Raises:
        BenchmarkError: there is no such row.
    """
    names = [word.strip() for word in words.split(",") if word.strip()]
    for name in names:
        if name not in known:
            raise BenchmarkError(f"There is no row {name!r}. Rows: {', '.join(known)}.")
    return [name for name in known if name in names] if names else list(known)


def measure_rows(names: Sequence[str], modules: dict[str, Row], results: Path) -> list[str]:
    """Measure rows and keep what each took.

    Returns:
        A sentence per row that failed; the others have been measured.
    """
    failures = []
    for name in names:
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
            try:
                (Path(folder) / "row").mkdir()
                record(name, modules[name].run(Path(folder) / "row", PEERS), results)
            except BenchmarkError as error:
                failures.append(f"Row {name!r} was not measured. {error}")
        print(f"Row {name}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    return failures


def main(words: Sequence[str] | None = None) -> int:
    """Measure what the command line asks for, and write the table.

    Returns:
        The exit status: 0, 1 if a row could not be measured, 2 if the command line is wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=HELP)
    parser.add_argument("--row", default="", help="rows to measure, separated by commas (all)")
    parser.add_argument("--table", action="store_true", help="only write the table anew")
    given = parser.parse_args(words)
    modules = rows()
    try:
        names = chosen_rows(given.row, list(modules))
    except BenchmarkError as error:
        print(f"benchmark: error: {error}", file=sys.stderr)
        return 2
    if not (PEERS / "python").exists() and not given.table:
        print(f"The peers are not installed in {PEERS}: run make benchmark.", file=sys.stderr)
        return 1
    results = HERE / "results.json"
    failures = [] if given.table else measure_rows(names, modules, results)
    notes = {name: module.NOTE for name, module in modules.items()}
    print(write(results, notes, HERE / "RESULTS.md"))
    print("\n".join(failures), end="\n" if failures else "", file=sys.stderr)
    return int(bool(failures))


if __name__ == "__main__":
    raise SystemExit(main())
