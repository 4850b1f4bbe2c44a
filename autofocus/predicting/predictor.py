"""Labelling photographs, a batch at a time."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autofocus.features.loading import to_batch
from autofocus.features.seeing import Views, see, views_of
from autofocus.images.decoding import RejectedImageError
from autofocus.images.finding import check_name
from autofocus.images.preparing import Preparation
from autofocus.model.classifier import TrainedClassifier
from autofocus.predicting.surroundings import Surroundings
from autofocus.runs import files
from autofocus.runs.items import Items, Pending
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Reason, Row, rejected

# More than a table shows: a mean, or what meets a threshold, must not be rounded twice.
_DIGITS = 6


@dataclass(frozen=True)
class _Seen:
    """A photograph that is ready for the network."""

    outcome: Outcome
    views: Views


@dataclass(frozen=True)
class Predictor:
    """Finds the probabilities of each label on photographs.

    Attributes:
        indir: the folder below which they lie.
        classifier: the trained model.
        preparation: how to prepare them; None where they are to be taken as they are.
        surroundings: for a model that looks at what moved; None for others.
        rejected: by name, what was rejected when the folder was made, and isn't there therefore.
        batch: how many the network looks at at once.
    """

    indir: Path
    classifier: TrainedClassifier
    preparation: Preparation | None
    surroundings: Surroundings | None
    rejected: Mapping[str, Row]
    batch: int

    def items(self, names: Sequence[str]) -> Items[str]:
        """Return the photographs, and what to do with each.

        The outcomes' extra values are `probabilities` (0 to 1), `moment` (in ISO form, or empty),
        and, from a model that looks at what moved, `box` and `around`, the mark of its neighbours.

        Args:
            names: relative to the folder, in rising order; one that isn't there becomes a
                rejection.
        """
        return Items(
            names,
            name=str,
            work=self._work,
            is_whole=self._is_whole,
            complete=self._complete,
            batch=self.batch,
        )

    def _work(self, name: str) -> Outcome | Pending:
        path, description = self.indir / name, self.classifier.description
        if not os.path.lexists(path):
            if name in self.rejected:
                return Outcome(self.rejected[name])
            return Outcome(rejected(name, Reason.IMAGE_MISSING, "there is no such file"))
        try:
            check_name(name)
            image, moment = see(path, self.preparation)
            extra = {**files.stamp(path), "moment": moment}
        except RejectedImageError as error:
            return Outcome(rejected(name, error.reason, error.detail))
        except FileNotFoundError:
            return Outcome(rejected(name, Reason.IMAGE_MISSING, "there is no such file"))
        box = None
        if self.surroundings is not None:
            box = self.surroundings.box(name)
            extra |= {"box": box.to_json(), "around": self.surroundings.mark(name)}
        views = views_of(image, box, description.view, description.image_size)
        return Pending(_Seen(Outcome(Row(name), extra), views))

    def _is_whole(self, name: str, earlier: Outcome) -> bool:
        path = self.indir / name
        if not path.is_file() or not files.is_unchanged(path, earlier.extra):
            return False
        return self.surroundings is None or (
            earlier.extra.get("around") == self.surroundings.mark(name)
        )

    def _complete(self, batch: Sequence[_Seen]) -> list[Outcome]:
        views = [
            self._fill(pixels) for pixels in zip(*(seen.views for seen in batch), strict=True)
        ]
        shares = self.classifier.probabilities(*views)[: len(batch)]
        return [
            Outcome(
                seen.outcome.row,
                {**seen.outcome.extra, "probabilities": [round(float(p), _DIGITS) for p in row]},
            )
            for seen, row in zip(batch, shares, strict=True)
        ]

    def _fill(self, pixels: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Make a whole batch of what there is, so that answers don't depend on its size.

        A network reckons otherwise for one image than for many (measured: by 2e-6), and a run that
        was stopped, or a shard, has other batches than one that goes through.
        """
        return to_batch([*pixels, *[pixels[-1]] * (self.batch - len(pixels))])
