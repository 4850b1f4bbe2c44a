"""What is measured of a head while it is trained, and checkpoints of unfinished training."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.model.head import Head, to_probabilities
from autofocus.runs import files
from autofocus.training.samples import Samples

Features = NDArray[np.float32]

# Seconds between checkpoints: rare enough to cost nothing, frequent enough to lose little.
CHECKPOINT_EVERY_S = 10.0
_TINY = 1e-12
# From here on a label of several is taken for there.
_HALF = 0.5


def score(head: Head, samples: Samples) -> dict[str, float]:
    """Return accuracy (0 to 1) and mean cross-entropy (natural logarithm) on some images.

    Of several labels, an answer is right if all of them and no others have a probability of half
    or more, and the cross-entropy is the mean over labels.
    """
    return score_logits(head.logits(samples.features), samples, multilabel=head.multilabel)


def score_logits(logits: Features, samples: Samples, *, multilabel: bool) -> dict[str, float]:
    """Return what `score` does, for logits of shape (N, C) that are there already."""
    probabilities = to_probabilities(logits, multilabel=multilabel).astype(np.float64)
    if multilabel:
        there = samples.targets > _HALF
        right = ((probabilities >= _HALF) == there).all(axis=1)
        own = np.where(there, probabilities, 1 - probabilities)
        entropy = -np.log(np.maximum(own, _TINY)).mean(axis=1)
    else:
        own = probabilities[np.arange(len(probabilities)), samples.classes]
        right = probabilities.argmax(axis=1) == samples.classes
        entropy = -np.log(np.maximum(own, _TINY))
    return {"accuracy": float(right.mean()), "cross_entropy": float(entropy.mean())}


@dataclass
class History:
    """What was measured while training.

    Attributes:
        rows: each a step and its accuracies and cross-entropies (natural logarithm).
    """

    rows: list[dict[str, float]] = field(default_factory=list)

    def measure(self, step: int, head: Head, training: Samples, validation: Samples) -> None:
        """Take down how good a layer is after a step."""
        row: dict[str, float] = {"step": step}
        for part, samples in (("training", training), ("validation", validation)):
            if len(samples):
                row |= {f"{part}_{key}": value for key, value in score(head, samples).items()}
        self.rows.append(row)


@dataclass(frozen=True)
class Progressed:
    """Unfinished training.

    Attributes:
        state: where it stands, as plain JSON values.
        arrays: its weights, by name.
    """

    state: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


class Checkpoint:
    """Keeps unfinished training, so that it can be stopped at any moment.

    Args:
        path: the file; a subject's other training is not taken for this one.
        scratch: a folder for unfinished files.
        subject: tells what is trained on what.
    """

    def __init__(self, path: Path, scratch: Path, subject: str) -> None:
        self._path = path
        self._scratch = scratch
        self._subject = subject
        self._next = time.monotonic() + CHECKPOINT_EVERY_S

    def load(self) -> Progressed | None:
        """Return what was kept; None where there is nothing of this subject."""
        if not self._path.exists():
            return None
        with np.load(self._path) as kept:
            if str(kept["subject"]) != self._subject:
                return None
            arrays = {
                name.removeprefix("array_"): kept[name] for name in kept if name != "subject"
            }
            return Progressed(json.loads(str(arrays.pop("state"))), arrays)

    def save(self, progressed: Progressed) -> None:
        """Keep the training."""
        arrays: dict[str, Any] = {
            "subject": self._subject,
            "state": json.dumps(progressed.state),
            **{f"array_{name}": value for name, value in progressed.arrays.items()},
        }
        with files.whole_file(self._path, self._scratch) as unfinished, unfinished.open("wb") as f:
            np.savez(f, **arrays)

    @property
    def is_due(self) -> bool:
        """Whether so much time has passed that it is worth keeping the training again."""
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + CHECKPOINT_EVERY_S
        return True

    def remove(self) -> None:
        """Forget the training: it has ended."""
        self._path.unlink(missing_ok=True)
