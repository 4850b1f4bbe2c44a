"""Accuracy, time and memory of training a head on many images.

python -m benchmarks.head_size 200000 [--multilabel]
"""

import argparse
import json
import resource
import time
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.training.fitting import HeadSettings, fit
from autofocus.training.samples import Samples
from autofocus.training.scores import score
from autofocus.training.selection import TrainingSet, choose

CLASSES, HIDDEN, FEATURES = 15, 40, 1280
# Rows that are made at once, in double precision.
CHUNK = 4000
MIB = 1024
INNER_FOLDS = 3


def make_vectors(number: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Make feature vectors of classes that overlap, the rarest 3 % of the most common one.

    Returns:
        Features, shape (N, 1280), never below 0 and of different sizes, as a backbone's; and the
        class of each, shape (N,).
    """
    random = np.random.default_rng(seed)
    shares = np.geomspace(1, 0.03, CLASSES)
    classes = random.choice(CLASSES, size=number, p=shares / shares.sum())
    centres = random.normal(0, 0.4, (CLASSES, HIDDEN))
    mixing = random.normal(0, 1, (HIDDEN, FEATURES)) / np.sqrt(HIDDEN)
    scale = random.uniform(0.1, 3, FEATURES)
    features = np.empty((number, FEATURES), np.float32)
    for start in range(0, number, CHUNK):
        chunk = classes[start : start + CHUNK]
        hidden = centres[chunk] + random.normal(0, 1, (len(chunk), HIDDEN))
        noisy = hidden @ mixing + random.normal(0, 0.3, (len(chunk), FEATURES))
        features[start : start + CHUNK] = np.maximum(noisy + 0.2, 0) * scale
    return features, classes


def add_labels(targets: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give each fourth image the label of the image before it as well."""
    further = np.roll(targets, 1, axis=0)
    further[np.arange(len(targets)) % 4 > 0] = 0
    return np.maximum(targets, further)


def measure(number: int, *, multilabel: bool) -> dict[str, Any]:
    """Train on 85 % of the vectors, choose on thirds of them, and test on 15 %."""
    features, classes = make_vectors(number)
    targets = np.eye(CLASSES, dtype=np.float32)[classes]
    targets = add_labels(targets) if multilabel else targets
    ends = (0, int(0.85 * number), number)
    training, test = (
        Samples(features[a:b], targets[a:b], np.ones(b - a, np.float32)) for a, b in pairwise(ends)
    )
    wall, processor = time.perf_counter(), time.process_time()
    settings = HeadSettings(multilabel=multilabel)
    folds = np.arange(len(training)) % INNER_FOLDS
    choice = choose(TrainingSet.of_images(training), folds, settings, "image")
    result = fit(training, choice.strength, settings)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    scores = score(result.head, test)
    return {
        "vectors": number,
        "multilabel": multilabel,
        "accuracy": scores and round(scores.accuracy, 4),
        "strength": result.strength,
        "strengths": len(choice.path),
        "wall_s": round(wall, 1),
        "processor_s": round(processor, 1),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // MIB,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("number", type=int)
    parser.add_argument("--multilabel", action="store_true")
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.number, multilabel=arguments.multilabel)))
