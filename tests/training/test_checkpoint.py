"""Claims about checkpoints of unfinished training."""

from pathlib import Path

import numpy as np
import pytest

from autofocus.training import checkpoint as checkpoint_module
from autofocus.training.checkpoint import Checkpoint, TrainingState


def save(folder: Path, subject: str) -> Checkpoint:
    checkpoint = Checkpoint(folder / "checkpoint.npz", folder / "tmp", subject)
    checkpoint.save(TrainingState({"step": 3}, {"weights": np.arange(4)}))
    return checkpoint


def test_a_checkpoint_returns_what_was_saved(tmp_path: Path) -> None:
    """Values and arrays come back as they were saved."""
    saved = save(tmp_path, "subject").load()
    assert saved is not None
    assert saved.values == {"step": 3}
    assert saved.arrays["weights"].tolist() == [0, 1, 2, 3]


def test_a_checkpoint_of_another_subject_is_ignored(tmp_path: Path) -> None:
    """Training on other data does not resume from it."""
    save(tmp_path, "subject")
    assert Checkpoint(tmp_path / "checkpoint.npz", tmp_path / "tmp", "other").load() is None


def test_a_checkpoint_is_due_after_its_interval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not due at once, but is with an interval of 0."""
    assert not Checkpoint(tmp_path / "c.npz", tmp_path, "s").is_due
    monkeypatch.setattr(checkpoint_module, "INTERVAL_S", 0.0)
    assert Checkpoint(tmp_path / "c.npz", tmp_path, "s").is_due
