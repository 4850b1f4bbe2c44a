"""A peer: scikit-learn's logistic regression on vectors in a file; prints what it took.

python sklearn_fit.py FEATURES.npy CLASSES.npy STRENGTH HEAD.npz [FOLDS]

In single precision and without copies of the features, as a user would who has many of them. With
folds, it fits as many times as there are folds, each time to the vectors of the others, and each
time for all strengths (separated by commas), the strongest first, from the solution before.
"""

import json
import sys
import time

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler


def main(features: str, classes: str, strengths: str, output: str, folds: str = "0") -> None:
    """Fit, measure, and write the head for raw features."""
    vectors, truth = np.load(features), np.load(classes)
    wall, cpu = time.perf_counter(), time.process_time()
    groups = np.arange(len(truth)) * int(folds) // len(truth)
    for fold in range(max(1, int(folds))):
        kept = groups != fold if int(folds) else slice(None)
        scaler = StandardScaler(copy=bool(int(folds)))
        scaled = scaler.fit_transform(vectors[kept])
        model = LogisticRegression(class_weight="balanced", max_iter=4000, warm_start=True)
        for strength in map(float, strengths.split(",")):
            model.set_params(C=1 / (strength * len(scaled))).fit(scaled, truth[kept])
    took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    weights = model.coef_.T / scaler.scale_[:, None]
    np.savez(output, weights=weights, bias=model.intercept_ - scaler.mean_ @ weights)
    print(json.dumps(took))


if __name__ == "__main__":
    main(*sys.argv[1:])
