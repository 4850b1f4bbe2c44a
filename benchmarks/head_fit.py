"""Train a head on vectors in a file, and print what it took.

python -m benchmarks.head_fit FEATURES.npy CLASSES.npy STRENGTH HEAD.npz
"""

import json
import sys
import time

import numpy as np

from autofocus.training.fitting import HeadSettings, fit
from autofocus.training.samples import Samples


def main(features: str, classes: str, strength: str, output: str) -> None:
    """Train, measure, and write the head for raw features."""
    targets = np.eye(np.load(classes).max() + 1, dtype=np.float32)[np.load(classes)]
    samples = Samples(np.load(features), targets, np.ones(len(targets), np.float32))
    wall, cpu = time.perf_counter(), time.process_time()
    head = fit(samples, float(strength), HeadSettings()).head
    took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    np.savez(output, weights=head.weights, bias=head.bias)
    print(json.dumps(took))


if __name__ == "__main__":
    main(*sys.argv[1:])
