"""The vote of a sequence: the weighted mean of its frames' probabilities, calibrated.

A frame that shows motion, or something that the detector found, counts more than one that shows
neither: in most frames of a long sequence the animal has gone.

The mean of calibrated probabilities is underconfident: it is right more often than it says
(R. Ranjan and T. Gneiting, "Combining Probability Forecasts", JRSS B 72, 2010). So a temperature
of its own may sharpen it.
"""

import numpy as np
from numpy.typing import NDArray

# The least weight, so that no frame is without a vote.
_LEAST_WEIGHT = 1e-6
_TINY = 1e-12
# A sequence is unknown if frames with this share of its vote are. Means may be off by a rounding.
_HALF = 0.5 - 1e-9


def vote_weights(
    box_scores: NDArray[np.float64] | None, floor: float | None
) -> NDArray[np.float64] | None:
    """Return by how much each frame counts in the vote of its sequence, shape (N,).

    Args:
        box_scores: of each frame's box, 0 to 1, 0 for a whole frame, shape (N,); None if unknown.
        floor: what a frame counts in addition to that score; None if all count the same.

    Returns:
        None if all count the same.
    """
    if box_scores is None or floor is None:
        return None
    scores = np.clip(np.nan_to_num(box_scores.astype(np.float64)), 0.0, 1.0)
    weights: NDArray[np.float64] = np.maximum(floor + scores, _LEAST_WEIGHT)
    return weights


class SequenceMeans:
    """Weighted mean probabilities per sequence, summed up as the frames are read.

    Args:
        sequences: the number of sequences, S.
    """

    def __init__(self, sequences: int) -> None:
        self._sums = np.zeros((sequences, 0))
        # The sum of the weights of each sequence, and that of its first frame; none while all
        # frames count the same.
        self._weights: NDArray[np.float64] | None = None
        self._units = np.zeros(0)
        self._frames = np.zeros(sequences, np.int64)

    @property
    def frames(self) -> NDArray[np.int64]:
        """The number of frames of each sequence, shape (S,)."""
        return self._frames

    def add(
        self,
        probabilities: NDArray[np.float64],
        sequences: NDArray[np.int64],
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        """Add frames.

        Args:
            probabilities: shape (N, C), 0 to 1.
            sequences: the number of each frame's sequence, 0 to S - 1, shape (N,).
            weights: by how much each frame counts, above 0, shape (N,); None if all count the
                same.
        """
        if not self._sums.size:
            self._sums = np.zeros((len(self._sums), probabilities.shape[1]))
        # Adds one frame after the other: the sums don't depend on how many are added at a time.
        if weights is None and self._weights is None:
            np.add.at(self._sums, sequences, probabilities)
        else:
            self._add_weighted(probabilities, sequences, weights)
        np.add.at(self._frames, sequences, 1)

    def _add_weighted(
        self,
        probabilities: NDArray[np.float64],
        sequences: NDArray[np.int64],
        weights: NDArray[np.float64] | None,
    ) -> None:
        if self._weights is None:
            self._weights = self._frames.astype(np.float64)
            self._units = np.where(self._frames > 0, 1.0, np.nan)
        relative = np.ones(len(sequences)) if weights is None else weights
        relative = relative / self._units_of(sequences, relative)
        np.add.at(self._sums, sequences, probabilities * relative[:, np.newaxis])
        np.add.at(self._weights, sequences, relative)

    def _units_of(
        self, sequences: NDArray[np.int64], weights: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the weight of the first frame of each frame's sequence, shape (N,).

        As a multiple of it, equal weights are exactly 1, and give the plain mean.
        """
        numbers, first = np.unique(sequences, return_index=True)
        is_new = np.isnan(self._units[numbers])
        self._units[numbers[is_new]] = weights[first[is_new]]
        units: NDArray[np.float64] = self._units[sequences]
        return units

    def means(self) -> NDArray[np.float64]:
        """Return the mean probabilities of each sequence, shape (S, C); 0 without frames."""
        means: NDArray[np.float64] = self._sums / self._divisors()
        return means

    def take_means(self) -> NDArray[np.float64]:
        """Return `means`, written over the sums: nothing can be added after that."""
        self._sums /= self._divisors()
        return self._sums

    def _divisors(self) -> NDArray[np.float64]:
        """Return the sum of the weights of each sequence, 1 for none, shape (S, 1)."""
        weights = self._frames.astype(np.float64) if self._weights is None else self._weights
        return np.where(weights > 0, weights, 1.0)[:, np.newaxis]


def sequence_means(
    probabilities: NDArray[np.float64],
    sequences: NDArray[np.int64],
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return the weighted mean probabilities of each sequence, shape (S, C).

    Args:
        probabilities: of N frames, shape (N, C), 0 to 1.
        sequences: the number of each frame's sequence, 0 to S - 1, shape (N,).
        weights: of the frames, see `vote_weights`; None if all count the same.
    """
    number = int(sequences.max()) + 1 if len(sequences) else 0
    means = SequenceMeans(number)
    means.add(probabilities, sequences, weights)
    return means.means()


def calibrated_votes(
    means: NDArray[np.float64],
    frames: NDArray[np.int64],
    temperature: float,
    *,
    multilabel: bool,
) -> NDArray[np.float64]:
    """Return the calibrated probabilities of sequences, shape (S, C).

    That of a single frame stays as it is, as the model has calibrated it already.

    Args:
        means: the mean probabilities of each sequence, shape (S, C).
        frames: the number of frames of each, shape (S,).
        temperature: what the logits of the means are divided by; 1 changes nothing.
        multilabel: whether each class has a probability of its own.
    """
    several = frames > 1
    if temperature == 1 or not several.any():
        return means
    votes = means.copy()
    own = np.maximum(means[several], _TINY)
    if multilabel:
        votes[several] = 1 / (1 + (np.maximum(1 - own, _TINY) / own) ** (1 / temperature))
    else:
        # Shares of the highest, as small numbers to a power may be 0.
        powers = (own / own.max(axis=1, keepdims=True)) ** (1 / temperature)
        votes[several] = powers / powers.sum(axis=1, keepdims=True)
    return votes


def vote_logits(means: NDArray[np.float64], *, multilabel: bool) -> NDArray[np.float64]:
    """Return logits whose probabilities are the means, both of shape (S, C)."""
    logits: NDArray[np.float64] = np.log(np.maximum(means, _TINY))
    if multilabel:
        logits -= np.log(np.maximum(1 - means, _TINY))
    return logits


def unknown_votes(shares: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which sequences are unknown, shape (S,).

    Args:
        shares: of each sequence's vote that frames have which lie far from all training images,
            shape (S,).
    """
    unknown: NDArray[np.bool_] = shares >= _HALF
    return unknown
