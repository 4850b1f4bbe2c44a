"""Stages that make their outputs from all inputs together, such as a join of tables.

A stage says what its inputs are and how to make the outputs. `make_jointly` reuses outputs that
are intact and made from the same inputs; otherwise it makes them and writes the ledger.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofocus.errors import InputDataError
from autofocus.runs import files, marks
from autofocus.runs.journal import in_same_run
from autofocus.runs.ledger import Counts, LedgerWriter, Row, Status, read_ledger
from autofocus.runs.records import DamagedRecordError, damaged, read_record, write_record
from autofocus.runs.workspace import Workspace

# What the last run recorded of its inputs and outputs.
MEMORY_NAME = "inputs.json"


@dataclass(frozen=True)
class JointOutcome:
    """What a stage returns when it has made its outputs.

    Attributes:
        rows: the rows of the ledger, one per input, or what writes them.
        notes: what people should know, one sentence each.
        error: why there are no outputs; the ledger is written nevertheless, and then it is raised.
    """

    rows: Iterable[Row] | Callable[[LedgerWriter], None]
    notes: tuple[str, ...] = ()
    error: InputDataError | None = None


def make_jointly(
    workspace: Workspace,
    ledger: Path,
    outputs: Sequence[Path],
    make: Callable[[Mapping[Path, Path]], JointOutcome],
    inputs: Any = None,
) -> tuple[Counts, tuple[str, ...]]:
    """Make a stage's outputs, or reuse them, and write its ledger.

    Args:
        workspace: the stage's memory; it must have been entered.
        ledger: the path of the ledger.
        outputs: the files to write.
        make: writes the outputs; it is given the path to write to for each of `outputs`.
        inputs: plain JSON values that differ if the outputs would differ, such as digests of the
            inputs; None: the outputs are made anew by every run.

    Returns:
        The counts of the ledger, and the notes.

    Raises:
        OutputConflictError: a file stands there that the stage did not write.
    """
    workspace.claim([*outputs, ledger], ledger)
    record = workspace.folder / MEMORY_NAME
    memory = _reusable(workspace, inputs)
    counts = _mark_reused(workspace, ledger, memory) if memory else None
    if memory is not None and counts is not None:
        return counts, tuple(memory["notes"])
    record.unlink(missing_ok=True)
    unfinished = {path: files.unfinished_path(path, workspace.scratch) for path in outputs}
    outcome = make(unfinished)
    counts = _write(workspace, ledger, outcome.rows)
    if outcome.error is not None:
        files.put_in_place(workspace.scratch / "ledger", ledger)
        workspace.forget()
        raise outcome.error
    recorded = {
        files.relative_to_folder(path, workspace.root): marks.mark_of(unfinished[path])
        for path in outputs
    }
    for path in outputs:
        files.put_in_place(unfinished[path], path)
    files.put_in_place(workspace.scratch / "ledger", ledger)
    value = {"inputs": inputs, "notes": list(outcome.notes), "outputs": recorded}
    _write_memory(workspace, value, ledger, counts)
    return counts, outcome.notes


def _write_memory(
    workspace: Workspace, memory: Mapping[str, Any], ledger: Path, counts: Counts
) -> None:
    """Record what was made, and the ledger about it."""
    value = {
        **memory,
        "ledger": counts.inputs,
        "counts": [counts.ok, counts.reused, dict(counts.reasons)],
        "ledger_mark": marks.mark_of(ledger),
    }
    write_record(workspace.folder / MEMORY_NAME, value, workspace.scratch)


def read_memory(workspace: Workspace) -> dict[str, Any]:
    """Return what the last run recorded of its inputs and outputs; empty if nothing is known.

    Raises:
        DamagedRecordError: it was edited or damaged.
    """
    memory = read_record(workspace.folder / MEMORY_NAME, dict) or {}
    # Older versions recorded no outputs.
    outputs = memory.setdefault("outputs", {})
    is_sound = isinstance(outputs, dict) and isinstance(memory.setdefault("notes", []), list)
    if not (is_sound and all(map(files.is_below, outputs))):
        raise damaged(workspace.folder / MEMORY_NAME)
    return memory


def _reusable(workspace: Workspace, inputs: Any) -> dict[str, Any] | None:
    """Return the memory of the earlier run if its outputs are intact and of the same inputs."""
    if inputs is None:
        return None
    try:
        memory = read_memory(workspace)
    except DamagedRecordError:
        return None
    outputs, check = memory["outputs"], workspace.trust.check
    is_intact = all(check(workspace.root / name, mark) for name, mark in outputs.items())
    is_same = memory.get("inputs") == json.loads(json.dumps(inputs))
    return memory if outputs and is_intact and is_same else None


def _mark_reused(workspace: Workspace, ledger: Path, memory: Mapping[str, Any]) -> Counts | None:
    """Write into the ledger that inputs were reused; None if it is damaged."""
    kept = _kept_counts(workspace, ledger, memory)
    if kept is not None and (kept.ok == 0 or in_same_run()):
        return kept
    try:
        rows = (row for _, row in read_ledger(ledger))
        if not in_same_run():
            rows = (
                row._replace(status=Status.REUSED) if row.status is Status.OK else row
                for row in rows
            )
        counts = _write(workspace, ledger, rows)
    except (FileNotFoundError, InputDataError):
        return None
    # Earlier versions did not count the rows.
    if counts.inputs != memory.get("ledger", counts.inputs):
        return None
    files.put_in_place(workspace.scratch / "ledger", ledger)
    _write_memory(workspace, memory, ledger, counts)
    return counts


def _kept_counts(workspace: Workspace, ledger: Path, memory: Mapping[str, Any]) -> Counts | None:
    """Return the counts of a ledger that is as the last run left it; None if it isn't."""
    try:
        ok, reused, reasons = memory["counts"]
        counts = Counts(ok, reused, sum(reasons.values()), Counter(reasons))
        is_known = counts.inputs == memory["ledger"]
        is_same = is_known and workspace.trust.check(ledger, memory["ledger_mark"]) is not None
    except (KeyError, TypeError, ValueError, AttributeError):
        # Earlier versions recorded none.
        return None
    return counts if is_same else None


def _write(
    workspace: Workspace, ledger: Path, rows: Iterable[Row] | Callable[[LedgerWriter], None]
) -> Counts:
    """Write an unfinished ledger, and return its counts."""
    ledger.parent.mkdir(parents=True, exist_ok=True)
    writer = LedgerWriter(workspace.scratch / "ledger", workspace.name)
    try:
        if callable(rows):
            rows(writer)
        else:
            for row in rows:
                writer.write(row)
    finally:
        writer.close()
    return writer.counts
