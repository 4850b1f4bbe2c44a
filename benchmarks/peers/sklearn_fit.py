"""A peer: scikit-learn's logistic regression on vectors in a file; prints what it took.

python sklearn_fit.py FEATURES.npy CLASSES.npy STRENGTH HEAD.npz

In single precision and without copies of the features, as a user would who has many of them.
"""

import json
import sys
import time

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler


def main(features: str, classes: str, strength: str, output: str) -> None:
    """Fit, measure, and write the head for raw features."""
    vectors, truth = np.load(features), np.load(classes)
    wall, cpu = time.perf_counter(), time.process_time()
    scaler = StandardScaler(copy=False)
    scaled = scaler.fit_transform(vectors)
    inverse = 1 / (float(strength) * len(scaled))
    model = LogisticRegression(C=inverse, class_weight="balanced", max_iter=4000)
    model.fit(scaled, truth)
    took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    weights = model.coef_.T / scaler.scale_[:, None]
    np.savez(output, weights=weights, bias=model.intercept_ - scaler.mean_ @ weights)
    print(json.dumps(took))


if __name__ == "__main__":
    main(*sys.argv[1:])
