"""What a stage gives back: its account, and where its outputs are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autofocus.runs.ledger import Counts, Row, Share


@dataclass(frozen=True)
class StageResult:
    """The account of a stage that has ended.

    Attributes:
        stage: its name.
        counts: how many inputs ended in which way.
        ledger: the file with a row for every input.
        outputs: what the stage wrote, each with a word for people.
        notes: what people should know, one sentence each.
        earlier: rows of inputs that an earlier stage rejected, and that this one only lists.
    """

    stage: str
    counts: Counts
    ledger: Path
    outputs: Mapping[str, Path] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    earlier: tuple[Row, ...] = ()

    @property
    def share(self) -> Share:
        """What of its inputs this stage rejected."""
        return self.counts.share(self.earlier)

    def __str__(self) -> str:
        """Return the account as a few lines of text."""
        lines = [f"{self.stage}: {self.counts}"]
        lines += [f"  note: {note}" for note in self.notes]
        lines += [f"  {word + ':':<12} {path}" for word, path in self.outputs.items()]
        lines.append(f"  {'ledger:':<12} {self.ledger}")
        return "\n".join(lines)
