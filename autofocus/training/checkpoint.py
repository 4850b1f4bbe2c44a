"""Checkpoints: unfinished training on disk, from which an interrupted run resumes."""

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.runs import files

# Seconds between checkpoints: rare enough to cost nothing, frequent enough to lose little.
INTERVAL_S = 10.0
# The names of all files of checkpoints, as a pattern.
CHECKPOINTS = "checkpoint-*.npz"


@dataclass(frozen=True)
class TrainingState:
    """The state of unfinished training.

    Attributes:
        values: counters and measurements, as plain JSON values.
        arrays: weights, by name.
    """

    values: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


class Checkpoint:
    """A file that keeps the state of unfinished training.

    Args:
        path: the file.
        scratch: a folder for unfinished files.
        subject: identifies what is trained on which data; a checkpoint of another subject is
            ignored.
    """

    def __init__(self, path: Path, scratch: Path, subject: str) -> None:
        self._path = path
        self._scratch = scratch
        self._subject = subject
        self._next = time.monotonic() + INTERVAL_S

    def load(self) -> TrainingState | None:
        """Return the saved state; None if there is none of this subject, or if it is damaged."""
        if not self._path.is_file():
            return None
        # A damaged archive raises errors of many types; its parts have checksums.
        with suppress(Exception), self._path.open("rb") as file, np.load(file) as saved:
            if str(saved["subject"]) != self._subject:
                return None
            arrays = {
                name.removeprefix("array_"): saved[name] for name in saved if name != "subject"
            }
            return TrainingState(json.loads(str(arrays.pop("values"))), arrays)
        return None

    def save(self, state: TrainingState) -> None:
        """Save the state in place of an earlier one."""
        arrays: dict[str, Any] = {
            "subject": self._subject,
            "values": json.dumps(state.values),
            **{f"array_{name}": array for name, array in state.arrays.items()},
        }
        with files.whole_file(self._path, self._scratch) as unfinished, unfinished.open("wb") as f:
            np.savez(f, **arrays)

    @property
    def is_due(self) -> bool:
        """Whether enough time has passed since the last checkpoint to save another."""
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + INTERVAL_S
        return True
