"""Summaries for TensorBoard."""

import json
from pathlib import Path

from autofocus.features.runtime import tensorflow


def write_summaries(folder: Path, metrics: Path) -> None:
    """Write the course of training as TensorBoard summaries, one writer a part of the data.

    Args:
        folder: where to write (`summaries_dir`).
        metrics: the `metrics.json` of the training.
    """
    tf = tensorflow()
    history = json.loads(metrics.read_text(encoding="utf-8"))["history"]
    for part in ("training", "validation"):
        writer = tf.summary.create_file_writer(str(folder / part))
        with writer.as_default():
            for row in history:
                for key in ("accuracy", "cross_entropy"):
                    if f"{part}_{key}" in row:
                        tf.summary.scalar(key, row[f"{part}_{key}"], step=int(row["step"]))
        writer.close()
