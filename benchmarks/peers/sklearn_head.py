"""A peer: logistic regression with scikit-learn, the best of a fine grid of strengths.

python sklearn_head.py DATA.npz ANSWERS.json

The data hold a list of parts, the features and classes of each split: `training_0`,
`training_classes_0`, `validation_0` and so on.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

# Of the regularisation, per image as in autofocus: its C is the inverse of this times the images.
STRENGTHS = 10.0 ** np.arange(1.0, -3.6, -0.5)


def answers(data: Any, split: int) -> dict[str, Any]:
    """Return the answers for the test part by the C that is best on validation."""
    parts = {part: data[f"{part}_{split}"] for part in ("training", "validation", "test")}
    classes = {part: data[f"{part}_classes_{split}"] for part in parts}
    start = time.perf_counter()
    scaler = StandardScaler().fit(parts["training"])
    scaled = {part: scaler.transform(features) for part, features in parts.items()}
    judged = []
    for strength in STRENGTHS:
        model = LogisticRegression(
            C=1 / (strength * len(scaled["training"])), class_weight="balanced", max_iter=4000
        ).fit(scaled["training"], classes["training"])
        known = np.isin(classes["validation"], model.classes_)
        entropy = log_loss(
            classes["validation"][known],
            model.predict_proba(scaled["validation"])[known],
            labels=model.classes_,
        )
        accuracy = model.score(scaled["validation"], classes["validation"])
        judged.append((accuracy, entropy, model.predict(scaled["test"]).tolist()))
    by_accuracy = max(judged, key=lambda row: (row[0], -row[1]))
    by_entropy = min(judged, key=lambda row: row[1])
    return {
        "seconds": time.perf_counter() - start,
        "strengths": len(judged),
        "by_accuracy": by_accuracy[2],
        "by_cross_entropy": by_entropy[2],
        "each": [row[2] for row in judged],
    }


if __name__ == "__main__":
    with np.load(sys.argv[1]) as loaded:
        splits = range(int(loaded["splits"]))
        found = [answers(loaded, split) for split in splits]
    Path(sys.argv[2]).write_text(json.dumps(found), encoding="utf-8")
