"""What a stage returns: the counts of its ledger, notes, and the paths of its outputs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autofocus.runs.ledger import Counts, Row, Share


@dataclass(frozen=True)
class StageResult:
    """The result of a stage.

    Attributes:
        stage: its name.
        counts: its inputs by status.
        ledger: the file with a row for every input.
        outputs: the paths of what the stage wrote, by a short description.
        notes: what people should know, one sentence each.
        earlier: rows of inputs that an earlier stage rejected, and that this one repeats.
    """

    stage: str
    counts: Counts
    ledger: Path
    outputs: Mapping[str, Path] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    earlier: tuple[Row, ...] = ()

    @property
    def share(self) -> Share:
        """The share of its inputs that this stage rejected."""
        return self.counts.share(self.earlier)

    def __str__(self) -> str:
        """Return the result as a few lines of text."""
        lines = [f"{self.stage}: {self.counts}"]
        lines += [f"  note: {note}" for note in self.notes]
        lines += [f"  {word + ':':<12} {path}" for word, path in self.outputs.items()]
        lines.append(f"  {'ledger:':<12} {self.ledger}")
        return "\n".join(lines)
