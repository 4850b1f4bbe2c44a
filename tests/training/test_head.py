"""Claims about what is measured of a head, and about checkpoints."""

from pathlib import Path

import numpy as np
import pytest

from autofocus.model.head import Head
from autofocus.training import head as head_module
from autofocus.training.head import Checkpoint, History, Progressed, score
from autofocus.training.samples import Samples
from tests.training.blobs import blobs, nothing, one_hot


def test_score_of_one_label() -> None:
    """Probabilities of 3/4 and 1/4 for the right class: half are right, entropy of their mean."""
    head = Head(np.array([[0, np.log(3)]], np.float32), np.zeros(2, np.float32))
    samples = Samples(
        np.ones((2, 1), np.float32), one_hot(np.array([1, 0]), 2), np.ones(2, np.float32)
    )
    scores = score(head, samples)
    assert scores["accuracy"] == 0.5
    assert scores["cross_entropy"] == pytest.approx(-(np.log(0.75) + np.log(0.25)) / 2)


def test_score_of_several_labels_counts_exact_sets() -> None:
    """Answers (yes, yes) are right for the set of both labels, and wrong for one of them alone."""
    head = Head(np.full((1, 2), np.log(3), np.float32), np.zeros(2, np.float32), multilabel=True)
    targets = np.array([[1, 1], [1, 0]], np.float32)
    scores = score(head, Samples(np.ones((2, 1), np.float32), targets, np.ones(2, np.float32)))
    assert scores["accuracy"] == 0.5
    assert scores["cross_entropy"] == pytest.approx(-(3 * np.log(0.75) + np.log(0.25)) / 4)


def test_history_without_validation_images() -> None:
    """Without validation images only the training part is measured."""
    history = History()
    head = Head(np.zeros((3, 3), np.float32), np.zeros(3, np.float32))
    history.measure(7, head, blobs(), nothing())
    assert set(history.rows[0]) == {"step", "training_accuracy", "training_cross_entropy"}


def keep(folder: Path, subject: str) -> Checkpoint:
    checkpoint = Checkpoint(folder / "checkpoint.npz", folder / "tmp", subject)
    checkpoint.save(Progressed({"step": 3}, {"weights": np.arange(4)}))
    return checkpoint


def test_a_checkpoint_gives_back_what_was_kept(tmp_path: Path) -> None:
    """State and arrays come back as they were saved, until they are removed."""
    checkpoint = keep(tmp_path, "subject")
    kept = checkpoint.load()
    assert kept is not None
    assert kept.state == {"step": 3}
    assert kept.arrays["weights"].tolist() == [0, 1, 2, 3]
    checkpoint.remove()
    assert checkpoint.load() is None


def test_another_subject_does_not_take_the_checkpoint(tmp_path: Path) -> None:
    """A checkpoint of other data is not gone on from."""
    keep(tmp_path, "subject")
    assert Checkpoint(tmp_path / "checkpoint.npz", tmp_path / "tmp", "other").load() is None


def test_a_checkpoint_is_due_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not due at once, but is where no time need pass."""
    assert not Checkpoint(tmp_path / "c.npz", tmp_path, "s").is_due
    monkeypatch.setattr(head_module, "CHECKPOINT_EVERY_S", 0.0)
    assert Checkpoint(tmp_path / "c.npz", tmp_path, "s").is_due
