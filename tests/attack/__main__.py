"""Run the long form of the attack suite, and write its counts into docs/reliability.md."""

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from tests.attack.attack import Count, Scale, load, names, run_timed

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- table: python -m tests.attack -->", "<!-- end of the table -->"
HEADER = ["| Part | Fault | Tried | Failed |", "| --- | --- | ---: | ---: |"]
# So many wrong outcomes of an attack are printed.
SHOWN = 20


class Row(NamedTuple):
    """A row of the table."""

    part: str
    fault: str
    tried: int
    failed: int


def main(words: Sequence[str] | None = None) -> int:
    """Run the parts that are asked for; the exit status is 1 if any outcome is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(names())} (default: all)")
    parser.add_argument("--short", action="store_true", help="the form of `make test`")
    parser.add_argument("--seed", type=int, default=0, help="of all random choices (default: 0)")
    parser.add_argument("--jobs", type=int, default=2, help="attacks at once (default: 2)")
    options = parser.parse_args(words)
    if unknown := sorted(set(options.parts) - set(names())):
        parser.error(f"unknown: {', '.join(unknown)}; known are {', '.join(names())}")
    scale = Scale(full=not options.short, seed=options.seed)
    counts = _run_all(options.parts or names(), scale, options.jobs)
    rows = [Row(title, fault, count.tried, len(count.failed)) for title, fault, count in counts]
    print(_table(rows))
    if scale.full and scale.seed == 0:
        _update_page(rows)
    return 1 if any(row.failed for row in rows) else 0


def _run_all(parts: Sequence[str], scale: Scale, jobs: int) -> list[tuple[str, str, Count]]:
    """Run all attacks, several at once, and return their counts in order."""
    loaded = [(part, *load(part)) for part in parts]
    tasks = [
        (part, number, title, attack.fault)
        for part, title, attacks in loaded
        for number, attack in enumerate(attacks)
    ]
    counts = []
    # A process per attack: none may change what another finds.
    with ProcessPoolExecutor(jobs, get_context("spawn"), max_tasks_per_child=1) as pool:
        running = [pool.submit(run_timed, part, number, scale) for part, number, *_ in tasks]
        for (_, _, title, fault), result in zip(tasks, running, strict=True):
            count, seconds = result.result()
            counts.append((title, fault, count))
            _report(f"{title}: {fault}", count, seconds)
    return counts


def _report(name: str, count: Count, seconds: float) -> None:
    print(f"{name}: {count.tried} tried, {len(count.failed)} failed ({seconds:.0f} s)", flush=True)
    for trial in count.failed[:SHOWN]:
        print(f"  {trial.name}: {trial.problem}", file=sys.stderr, flush=True)


def _table(rows: Sequence[Row]) -> str:
    lines = [f"| {row.part} | {row.fault} | {row.tried:,} | {row.failed:,} |" for row in rows]
    tried, failed = sum(row.tried for row in rows), sum(row.failed for row in rows)
    return "\n".join([*HEADER, *lines, f"| All | | {tried:,} | {failed:,} |"])


def _update_page(rows: Sequence[Row]) -> None:
    """Put the rows of the parts that ran in place of their earlier ones."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    table, _, after = rest.partition(END)
    ran = {row.part for row in rows}
    others = [row for row in _read_rows(table) if row.part not in ran]
    merged = sorted([*others, *rows], key=lambda row: row.part.casefold())
    PAGE.write_text(f"{before}{BEGIN}\n\n{_table(merged)}\n\n{END}{after}", encoding="utf-8")


def _read_rows(table: str) -> list[Row]:
    cells = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in table.splitlines()
        if line.startswith("| ") and line not in HEADER and not line.startswith("| All |")
    ]
    return [
        Row(part, fault, *(int(number.replace(",", "")) for number in numbers))
        for part, fault, *numbers in cells
    ]


if __name__ == "__main__":
    raise SystemExit(main())
