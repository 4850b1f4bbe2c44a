"""Computing the bottleneck values of photographs, in batches, with decoding in parallel."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.features.backbones import Backbone
from autofocus.features.backbones.base import BATCH
from autofocus.features.bottlenecks import Bottlenecks
from autofocus.features.loading import to_batch, to_pixels
from autofocus.images.decoding import RejectedImageError
from autofocus.images.facts import observe
from autofocus.runs import files
from autofocus.runs.items import Items, Pending
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Reason, Row, rejected


@dataclass(frozen=True)
class _Decoded:
    """A photograph whose feature vector is not in the cache."""

    outcome: Outcome
    pixels: NDArray[np.uint8]


@dataclass(frozen=True)
class Extractor:
    """Makes sure that the cache holds the feature vector of each photograph.

    Attributes:
        image_dir: the folder that the names are relative to.
        backbone: makes feature vectors.
        cache: keeps them.
    """

    image_dir: Path
    backbone: Backbone
    cache: Bottlenecks

    def items(self, names: Sequence[str]) -> Items[str]:
        """Return the images, by their paths relative to `image_dir`, and what to do with each.

        The outcomes' extra values are `digest` (of the content) and `facts`.
        """
        return Items(
            names,
            name=lambda name: name,
            work=self._work,
            is_whole=self._is_whole,
            complete=self._complete,
            batch=BATCH,
        )

    def _work(self, name: str) -> Outcome | Pending:
        path = self.image_dir / name
        try:
            extra = _identify(path)
            digest = extra["digest"]
            if digest in self.cache.known and digest in self.cache.notes:
                return Outcome(Row(name), {**extra, "facts": self.cache.notes[digest]})
            image, facts = observe(path)
        except RejectedImageError as error:
            return Outcome(rejected(name, error.reason, error.detail))
        outcome = Outcome(Row(name), {**extra, "facts": facts.to_json()})
        return Pending(_Decoded(outcome, to_pixels(image, self.backbone.image_size)))

    def _is_whole(self, name: str, earlier: Outcome) -> bool:
        unchanged = files.is_unchanged(self.image_dir / name, earlier.extra)
        return unchanged and earlier.extra.get("digest") in self.cache.known

    def _complete(self, batch: Sequence[_Decoded]) -> Sequence[Outcome]:
        features = self.backbone.features(to_batch([image.pixels for image in batch]))
        extras = [image.outcome.extra for image in batch]
        self.cache.put([extra["digest"] for extra in extras], features)
        self.cache.put_notes({extra["digest"]: extra["facts"] for extra in extras})
        return [image.outcome for image in batch]


def _identify(path: Path) -> dict[str, Any]:
    """Return the digest of a file's content, its size and its modification time.

    Raises:
        RejectedImageError: there is no such file (any more), or it can't be read.
    """
    try:
        # Reading a pipe would block.
        if path.exists() and not path.is_file():
            raise RejectedImageError(Reason.UNREADABLE, "no plain file")
        return {"digest": files.digest_file(path), **files.stamp(path)}
    except FileNotFoundError:
        detail = (
            "a link to a file that is not there" if path.is_symlink() else "there is no such file"
        )
        raise RejectedImageError(Reason.IMAGE_MISSING, detail) from None
    except OSError as error:
        raise RejectedImageError(Reason.UNREADABLE, error.strerror or str(error)) from None
