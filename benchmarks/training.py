"""`retrain` on images, and once more on cached embeddings, against Keras and scikit-learn."""

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.head_size import FEATURES, make_vectors
from benchmarks.measure import Comparison, Task, measure
from benchmarks.results import Note
from benchmarks.training_images import LOCATIONS, make_images

ROW = "retrain"
# Images of the second run, tiny ones, whose vectors are in the cache; and of the whole training.
CACHED, TINY, WHOLE = 3_000, (64, 48), 600
# Heads that `retrain` trains on its training images at the strength that it chose, and those that
# compare two ways of splitting at most 4,000 of them.
FITS = 1 + 1 + 5 + 2 * 5
FOLDS = 3
MOST_EPOCHS = 40
NOTE = Note(
    "Second run: `retrain` with another `--threshold_value` on "
    f"{CACHED:,} images whose embeddings (synthetic vectors) are cached, from the start of the "
    "command to model, report and MLflow run. scikit-learn fits as many heads to vectors that it "
    "reads from an array in a file, and does nothing else: no split, no check for leaks, no "
    "calibration, no confidence intervals, no report, no SavedModel, no TensorFlow. "
    f"Whole: {WHOLE} images whose locations are split in the same way, the same frozen backbone. "
    "The Keras loop, as in its transfer-learning guide, with prefetching and cached batches, ends "
    "at the epoch that reaches Autofocus's accuracy on the validation images, or after "
    f"{MOST_EPOCHS} epochs; it has no cross-validation, no choice of the regularisation, no "
    "calibration and no report. Both, and scikit-learn, run once: its fits to 8,000 vectors "
    "took more than seven minutes of processor time.",
    "The floor of the second run is importing TensorFlow and MLflow, tracing and writing the "
    "SavedModel and logging it: about half of its CPU seconds, which don't grow with the images. "
    "That of the whole training is one pass of the backbone over the images, and the same start.",
)
PEERS = Path(__file__).parent / "peers"
HERE = Path(__file__).parent.parent


def run(folder: Path, peers: Path) -> list[Comparison]:  # noqa: ARG001 - of our environment
    """Measure both."""
    return [*_second_run(folder / "second"), _whole(folder / "whole")]


def _retrain(folder: Path, links: Path, more: tuple[str, ...] = ()) -> list[str]:
    return [
        *(sys.executable, "-m", "autofocus", "retrain"),
        *("--image_dir", str(links), "--saved_model_dir", str(folder / "model")),
        *("--bottleneck_dir", str(folder / "cache"), *more),
    ]


def _second_run(folder: Path) -> list[Comparison]:
    vectors, classes = make_vectors(CACHED)
    paths = make_images(folder / "links", CACHED, TINY, classes)
    _fill_cache(folder / "cache", paths, vectors)
    locations = np.arange(CACHED) * LOCATIONS // CACHED
    files = [folder / f"{name}.npy" for name in ("vectors", "classes", "locations")]
    np.save(files[0], vectors)
    np.save(files[1], classes)
    np.save(files[2], locations)
    ours = Task(
        "autofocus",
        _retrain(folder, folder / "links", ("--threshold_value", "0.9")),
        lambda: shutil.rmtree(folder / "model", ignore_errors=True),
    )
    measure(ours)
    metrics = json.loads((folder / "model" / "metrics.json").read_text(encoding="utf-8"))
    strengths = ",".join(str(row["strength"]) for row in metrics["head"]["path"])
    script = [sys.executable, str(PEERS / "sklearn_fits.py"), *map(str, files)]
    peer = Task("scikit-learn, as many fits", [*script, strengths, str(FOLDS), str(FITS)])
    what = f"second retrain, {CACHED:,} cached images"
    pair = (measure(ours),), (measure(peer),)
    return [Comparison(what, CACHED, "images", pair[0], peer.name, pair[1], by="cpu", goal=2.0)]


def _fill_cache(folder: Path, paths: list[Path], vectors: NDArray[np.float32]) -> None:
    """Put a vector for each image into the cache.

    The network itself would take minutes, which are not measured.
    """
    from autofocus.features.backbones import load_backbone
    from autofocus.features.choices import DEFAULT_BACKBONE
    from autofocus.features.embedding_cache import EmbeddingCache

    backbone = load_backbone(DEFAULT_BACKBONE)
    keys = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    with EmbeddingCache(folder, backbone.name, backbone.digest, FEATURES) as cache:
        cache.put(keys, vectors)


def _whole(folder: Path) -> Comparison:
    make_images(folder / "links", WHOLE)
    ours = measure(Task("autofocus", _retrain(folder, folder / "links")))
    metrics = json.loads((folder / "model" / "metrics.json").read_text(encoding="utf-8"))
    accuracy = metrics["validation"]["accuracy"]
    script = [sys.executable, str(PEERS / "keras_transfer.py"), str(folder / "links")]
    split = [str(folder / "model" / "split.csv"), str(accuracy), str(MOST_EPOCHS)]
    environment = (("PYTHONPATH", f"{HERE}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"),)
    theirs = measure(Task("keras", [*script, *split], environment=environment))
    what = f"whole retrain, {WHOLE} images"
    name = "Keras's transfer-learning guide"
    return Comparison(what, WHOLE, "images", (ours,), name, (theirs,), goal=5.0)
