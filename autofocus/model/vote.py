"""The vote of a sequence: the mean of its frames' probabilities."""

import numpy as np
from numpy.typing import NDArray


class SequenceMeans:
    """Mean probabilities per sequence, summed up as the frames are read.

    Args:
        sequences: the number of sequences, S.
    """

    def __init__(self, sequences: int) -> None:
        self._sums = np.zeros((sequences, 0))
        self._frames = np.zeros(sequences, np.int64)

    def add(self, probabilities: NDArray[np.float64], sequences: NDArray[np.int64]) -> None:
        """Add frames.

        Args:
            probabilities: shape (N, C), 0 to 1.
            sequences: the number of each frame's sequence, 0 to S - 1, shape (N,).
        """
        if not self._sums.size:
            self._sums = np.zeros((len(self._sums), probabilities.shape[1]))
        # Adds one frame after the other: the sums don't depend on how many are added at a time.
        np.add.at(self._sums, sequences, probabilities)
        np.add.at(self._frames, sequences, 1)

    def means(self) -> NDArray[np.float64]:
        """Return the mean probabilities of each sequence, shape (S, C); 0 without frames."""
        means: NDArray[np.float64] = self._sums / np.maximum(self._frames, 1)[:, None]
        return means


def sequence_means(
    probabilities: NDArray[np.float64], sequences: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the mean probabilities of each sequence, shape (S, C).

    Args:
        probabilities: of N frames, shape (N, C), 0 to 1.
        sequences: the number of each frame's sequence, 0 to S - 1, shape (N,).
    """
    number = int(sequences.max()) + 1 if len(sequences) else 0
    means = SequenceMeans(number)
    means.add(probabilities, sequences)
    return means.means()
