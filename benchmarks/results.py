"""What was measured, kept in results.json, and RESULTS.md, which is written from it."""

import json
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofocus import __version__
from benchmarks.measure import MB, UNITS, Comparison, Measurement, as_json, from_json, machine

HEADER = (
    "| what | Autofocus | peer | peer's speed | ratio: median (range) | goal "
    "| CPU s: ours, peer's | peak MB: ours, peer's |\n"
    "|---|---:|---|---:|---:|---:|---:|---:|"
)
TEXT = """# Benchmarks

Whole commands, start of the interpreter included unless a row says otherwise, on {machine},
Python {python}, Autofocus {version}. Ours and each peer ran in turn (A B A B …), {runs} counted
runs after one that wasn't. A ratio above 1 says that Autofocus took less: median, and range, of
the ratios pair by pair. CPU seconds are those of a command with all its child processes, peak
memory that of the largest of these processes. `make benchmark` measures all of it,
`make benchmark ROW={example}` some rows.

{table}

{notes}
## Other benchmarks

`python -m benchmarks.NAME` measures what this table does not.

{others}
"""
# From this rate on, no decimals.
WHOLE = 10
OTHERS = {
    "head": "[accuracy and time of the head](HEAD.md)",
    "head_stream FOLDER": "[training on more images than fit in memory](HEAD_STREAM.md)",
    "head_size NUMBER": "time and memory of training a head on so many images (printed)",
    "recipe": "[what each step of training gains at new locations](RECIPE.md)",
    "new_locations": "[rules for locations that no image of training is from](NEW_LOCATIONS.md)",
    "detector": "[what the detector finds](DETECTOR.md)",
    "motion": "[what motion finds](MOTION.md)",
    "predicting": "[prediction on small images, and its memory](PREDICTING.md)",
    "unknown": "[labels that the model was not trained on](UNKNOWN.md)",
    "active_learning": "[how many labels a choice of images saves](ACTIVE_LEARNING.md)",
    "intervals": "[how often confidence intervals hold the truth](INTERVALS.md)",
    "cost": "what runs on a cluster cost, from the rates in `rates.json`; "
    "`--measure` measures the rates first (printed)",
}


@dataclass(frozen=True)
class Note:
    """What is said of a row below the table.

    Attributes:
        text: what the peers leave out, and how the work was made the same.
        floor: where the limit is, if the row's goals are missed.
    """

    text: str = ""
    floor: str = ""


def record(row: str, comparisons: Sequence[Comparison], path: Path) -> None:
    """Put a row's comparisons, with where they were measured, in the place of its older ones."""
    kept = _read(path)
    kept[row] = {
        "machine": machine(),
        "python": platform.python_version(),
        "version": __version__,
        "comparisons": [as_json(comparison) for comparison in comparisons],
    }
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return kept


def write(path: Path, notes: Mapping[str, Note], page: Path) -> str:
    """Write the table of all rows that were measured, in the order of their notes.

    Args:
        path: of results.json.
        notes: of each row.
        page: the Markdown file.

    Returns:
        The text.
    """
    kept = _read(path)
    rows = {
        name: [from_json(comparison) for comparison in kept[name]["comparisons"]]
        for name in notes
        if name in kept
    }
    measured = [comparison for comparisons in rows.values() for comparison in comparisons]
    text = TEXT.format(
        **{
            name: _alternatives(sorted({kept[row][name] for row in rows}))
            for name in ("machine", "python", "version")
        },
        runs=_alternatives(sorted({len(one.ours) for one in measured})),
        example=",".join(list(rows)[:2]),
        table=table(measured),
        notes="".join(_note(name, rows[name], notes[name]) for name in rows),
        others="\n".join(f"- `{name}`: {what}" for name, what in OTHERS.items()),
    )
    page.write_text(text, encoding="utf-8")
    return text


def _alternatives(values: Sequence[object]) -> str:
    """Return values as words: `1, 2 or 3`."""
    *others, last = map(str, values)
    return f"{', '.join(others)} or {last}" if others else last


def _note(name: str, comparisons: Sequence[Comparison], note: Note) -> str:
    """Return what is said of a row: what its peers leave out, and which goals it misses."""
    missed = [
        f"- Missed: {one.what}, against {one.peer}: {ratio(one)}, the goal is {goal(one)}."
        for one in comparisons
        if not one.is_met
    ]
    floor = [note.floor] if missed and note.floor else []
    parts = [part for part in (note.text, "\n".join(missed), *floor) if part]
    return f"**{name}.** " + "\n\n".join(parts) + "\n\n" if parts else ""


def table(comparisons: Sequence[Comparison]) -> str:
    """Return comparisons as a Markdown table."""
    return "\n".join([HEADER, *map(_line, comparisons)])


def _line(one: Comparison) -> str:
    low, high = (_number(one, bound(one.ratios)) for bound in (min, max))
    memory = [
        statistics.median(took.peak for took in runs) / MB for runs in (one.ours, one.theirs)
    ]
    processor = [statistics.median(took.cpu for took in runs) for runs in (one.ours, one.theirs)]
    cells = (
        one.what,
        _rate(one, one.ours, one.units),
        one.peer,
        _rate(one, one.theirs, one.peer_units or one.units),
        f"**{_number(one, one.ratio)}** ({low} to {high})",
        goal(one),
        f"{processor[0]:,.2f}, {processor[1]:,.2f}",
        f"{memory[0]:,.0f}, {memory[1]:,.0f}",
    )
    return f"| {' | '.join(cells)} |"


def _rate(one: Comparison, runs: Sequence[Measurement], units: int) -> str:
    """Return the rate; what was taken, if that is memory or is bounded itself."""
    took = statistics.median(run.by(one.by) for run in runs)
    if one.by == "peak" or one.margin is not None:
        return f"{took:,.0f} MB" if one.by == "peak" else f"{took:.2f} {UNITS[one.by]}"
    rate = units / took
    digits = 0 if rate >= WHOLE else 1
    return f"{rate:,.{digits}f} {one.unit}/{UNITS[one.by]}"


def _number(one: Comparison, value: float) -> str:
    if one.margin is None:
        return f"{value:.2f}"
    return f"{value:+,.0f}" if one.by == "peak" else f"{value:+.2f}"


def ratio(one: Comparison) -> str:
    """Return the median of a comparison's ratios, with the unit of a difference."""
    return _number(one, one.ratio) + ("" if one.margin is None else f" {UNITS[one.by]}")


def goal(one: Comparison) -> str:
    """Return the goal of a comparison."""
    if one.margin is None:
        return f"≥ {one.goal:.2f}"
    return f"≤ {_number(one, one.margin)} {UNITS[one.by]}"
