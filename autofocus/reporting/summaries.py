"""Summaries for TensorBoard."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from autofocus.features.runtime import tensorflow

# The folders of the summaries.
SUMMARIES = ("training", "validation")


def write_summaries(folder: Path, history: Sequence[Mapping[str, float]]) -> None:
    """Write the history of training as TensorBoard summaries, for training and validation.

    Args:
        folder: where to write (`summaries_dir`).
        history: as in the metrics.
    """
    tf = tensorflow()
    for part in SUMMARIES:
        writer = tf.summary.create_file_writer(str(folder / part))
        with writer.as_default():
            for row in history:
                for key in ("accuracy", "cross_entropy"):
                    if f"{part}_{key}" in row:
                        tf.summary.scalar(key, row[f"{part}_{key}"], step=int(row["step"]))
        writer.close()
