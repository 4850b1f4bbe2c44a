"""Finished pieces of an unfinished training, kept so that an interrupted one goes on from there.

A piece is what takes long and is small: a fold at all strengths of regularisation, or a head. It
is known by what it was computed from, so that a piece of other images or of another recipe is
never taken for it.
"""

import hashlib
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from autofocus.training.checkpoint import Checkpoint, TrainingState

T = TypeVar("T")
# What took less time (s) is computed anew sooner than it is worth a file.
LEAST_S = 0.2


@dataclass
class PieceCounts:
    """How many pieces there were.

    Attributes:
        restored: those of an interrupted training.
        computed: those that were computed now.
    """

    restored: int = 0
    computed: int = 0


@dataclass(frozen=True)
class Pieces:
    """The finished pieces of a training.

    Attributes:
        folder: of their files; None to keep none.
        scratch: a folder for unfinished files.
        subject: identifies what is trained on which data.
        counts: how many there were; shared by all that `of` returns.
    """

    folder: Path | None = None
    scratch: Path = Path()
    subject: str = ""
    counts: PieceCounts = field(default_factory=PieceCounts)

    def of(self, *parts: object) -> "Pieces":
        """Return the pieces of a part of the training.

        Args:
            parts: identify it, by their `repr`.
        """
        return replace(self, subject=_digest(self.subject, *map(repr, parts)))

    def keep(
        self,
        name: str,
        compute: Callable[[], T],
        pack: Callable[[T], TrainingState],
        unpack: Callable[[TrainingState], T],
    ) -> T:
        """Return a piece: the one of an interrupted training, otherwise one that is computed now.

        Args:
            name: identifies it among those of the same subject.
            compute: computes it.
            pack: returns it as a checkpoint holds it.
            unpack: undoes `pack`; what raises an error is computed anew.
        """
        if self.folder is None:
            return compute()
        subject = _digest(self.subject, name)
        checkpoint = Checkpoint(
            self.folder / f"checkpoint-{subject[:32]}.npz", self.scratch, subject
        )
        # Its parts have checksums, but whoever made it may have had another idea of its form.
        with suppress(KeyError, ValueError, TypeError):
            if (saved := checkpoint.load()) is not None:
                piece = unpack(saved)
                self.counts.restored += 1
                return piece
        began = time.monotonic()
        piece = compute()
        self.counts.computed += 1
        if time.monotonic() - began >= LEAST_S:
            checkpoint.save(pack(piece))
        return piece


def digest_names(names: Iterable[str]) -> str:
    """Return a digest of names in their order, of which there may be millions."""
    digest = hashlib.sha256()
    for name in names:
        digest.update(name.encode(errors="surrogateescape") + b"\0")
    return digest.hexdigest()


def _digest(*parts: str) -> str:
    text = "\n".join(
        hashlib.sha256(part.encode(errors="surrogateescape")).hexdigest() for part in parts
    )
    return hashlib.sha256(text.encode()).hexdigest()
