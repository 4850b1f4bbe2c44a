"""A peer: as many logistic regressions by scikit-learn as a training has, on the same vectors.

python sklearn_fits.py FEATURES.npy CLASSES.npy LOCATIONS.npy STRENGTHS FOLDS FITS

The strengths, separated by commas, are tried on folds of locations, each from the solution before
it; then so many heads are fitted at the best of them, each without a fifth of the locations.
"""

import sys

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

FIFTHS = 5


def main(
    features: str, classes: str, locations: str, strengths: str, folds: str, fits: str
) -> None:
    """Choose the strength, and fit."""
    vectors, truth, places = (np.load(path) for path in (features, classes, locations))
    tried = [float(word) for word in strengths.split(",")]
    losses = np.zeros(len(tried))
    for fold in range(int(folds)):
        held_out = places % int(folds) == fold
        scaler, scaled = _scale(vectors[~held_out])
        model = LogisticRegression(class_weight="balanced", max_iter=4000, warm_start=True)
        for number, strength in enumerate(tried):
            model.set_params(C=1 / (strength * len(scaled))).fit(scaled, truth[~held_out])
            scores = model.predict_proba(scaler.transform(vectors[held_out]))
            losses[number] += log_loss(truth[held_out], scores, labels=model.classes_)
    best = tried[int(np.argmin(losses))]
    for number in range(int(fits)):
        kept = places % FIFTHS != number % FIFTHS
        _, scaled = _scale(vectors[kept])
        inverse = 1 / (best * len(scaled))
        model = LogisticRegression(C=inverse, class_weight="balanced", max_iter=4000)
        model.fit(scaled, truth[kept])


def _scale(vectors: NDArray[np.float32]) -> tuple[StandardScaler, NDArray[np.float32]]:
    scaler = StandardScaler()
    return scaler, scaler.fit_transform(vectors)


if __name__ == "__main__":
    main(*sys.argv[1:])
