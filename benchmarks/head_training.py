"""Training a head at one strength of regularisation, against scikit-learn, to the same loss."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.head_size import CHUNK, FEATURES, make_vectors
from benchmarks.measure import BenchmarkError, Comparison, Measurement, Task, compare
from benchmarks.results import Note

ROW = "head"
NOTE = Note(
    "Both fit a multinomial logistic regression on standardised features in single precision, "
    "with balanced class weights and the same penalty; reading the features is not counted. "
    "scikit-learn has its default tolerance and no copy of the features that can be avoided. "
    "After each pair of runs the losses are computed in double precision, and must be the same to "
    "1e-4 of them. The peak memory includes the interpreter and its libraries."
)
VECTORS, STRENGTH, RUNS = 100_000, 0.1, 2
# How much the losses may differ, as a share.
SAME = 1e-4
# Peak memory, as a multiple of that of the features.
MEMORY = 1.3
PEER = Path(__file__).parent / "peers" / "sklearn_fit.py"


def run(folder: Path, peers: Path) -> list[Comparison]:  # noqa: ARG001 - of our environment
    """Measure time and memory."""
    features, classes = _make(VECTORS)
    files = [folder / "features.npy", folder / "classes.npy"]
    np.save(files[0], features)
    np.save(files[1], classes)
    heads = [folder / "ours.npz", folder / "peer.npz"]
    given = [*map(str, files), str(STRENGTH)]
    ours = [sys.executable, "-m", "benchmarks.head_fit", *given, str(heads[0])]
    peer = [sys.executable, str(PEER), *given, str(heads[1])]
    comparisons = compare(
        f"head on {VECTORS:,} x {FEATURES:,}",
        VECTORS,
        "vectors",
        Task("autofocus", ours, reports=True),
        [
            Task(
                "scikit-learn's LogisticRegression",
                peer,
                check=_same_loss(features, classes, heads),
                reports=True,
            )
        ],
        runs=RUNS,
        goal=2.0,
    )
    mine = comparisons[0].ours
    alone = Measurement(0.0, 0.0, float(features.nbytes))
    memory = Comparison(
        f"peak memory, head on {VECTORS:,} x {FEATURES:,}",
        VECTORS,
        "vectors",
        mine,
        "the features alone",
        (alone,) * len(mine),
        "peak",
        goal=1 / MEMORY,
    )
    return [*comparisons, memory]


def _make(number: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Make vectors, of features whose deviations don't differ so much that any is bounded."""
    features, classes = make_vectors(number)
    features /= features[:CHUNK].std(axis=0)
    features *= np.random.default_rng(0).uniform(0.5, 2, FEATURES).astype(np.float32)
    return features, classes


def _same_loss(
    features: NDArray[np.float32], classes: NDArray[np.int64], heads: list[Path]
) -> Callable[[], None]:
    """Return a check that two heads have the same loss."""
    variances = np.zeros(FEATURES)
    mean = features.mean(axis=0, dtype=np.float64)
    for start in range(0, len(features), CHUNK):
        variances += np.square(features[start : start + CHUNK] - mean).sum(axis=0)
    variances /= len(features)
    sizes = np.bincount(classes)
    weights = len(classes) / (len(sizes) * sizes)[classes]

    def loss(path: Path) -> float:
        with np.load(path) as head:
            table, bias = head["weights"].astype(np.float64), head["bias"].astype(np.float64)
        total = 0.0
        for start in range(0, len(features), CHUNK):
            rows = slice(start, start + CHUNK)
            logits = features[rows] @ table + bias
            logits -= logits.max(axis=1, keepdims=True)
            true = logits[np.arange(len(logits)), classes[rows]]
            total += float(weights[rows] @ (np.log(np.exp(logits).sum(axis=1)) - true))
        penalty = STRENGTH / 2 * float((np.square(table) * variances[:, None]).sum())
        return total / len(features) + penalty

    def check() -> None:
        ours, theirs = map(loss, heads)
        if abs(ours - theirs) > SAME * theirs:
            raise BenchmarkError(f"The losses are {ours:.6f} and {theirs:.6f}: not the same.")

    return check
