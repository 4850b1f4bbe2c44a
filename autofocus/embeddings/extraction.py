"""An `Extractor` that takes everything from embeddings, and reads no image."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from autofocus.embeddings.reading import Embeddings
from autofocus.features.crop import Crop
from autofocus.features.extraction import Extractor, Missing
from autofocus.runs.batches import Pending
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Reason, Row, rejected


@dataclass(frozen=True)
class EmbeddedExtractor(Extractor):
    """Takes facts, boxes, features and thumbnails from embeddings.

    Images are read for one thing alone, pixels to fine-tune the backbone with.

    Attributes:
        embeddings: of all images; also the `cache` and the `store`, unless the backbone was
            replaced by a fine-tuned one.
        places: the name of each image in the embeddings, by its name here.
    """

    embeddings: Embeddings = field(kw_only=True)
    places: Mapping[str, str] = field(kw_only=True)

    def _work(self, name: str) -> Outcome | Pending:
        image = self.embeddings.images[self.places[name]]
        if image.reason:
            return Outcome(rejected(name, Reason(image.reason), image.detail))
        facts = self.embeddings.notes.get(image.digest)
        if facts is None:
            raise self.embeddings.missing(f"the facts about {image.name}")
        return Outcome(Row(name), {"digest": image.digest, "facts": facts})

    def _is_whole(self, name: str, earlier: Outcome) -> bool:
        image = self.embeddings.images[self.places[name]]
        facts = self.embeddings.notes.get(image.digest)
        return (earlier.extra.get("digest"), earlier.extra["facts"]) == (image.digest, facts)

    def extract(self, crops: Mapping[str, tuple[str, Crop]], label: str) -> None:
        """Compute the embeddings of crops that aren't known, which only a new backbone needs.

        Args:
            crops: the image's name and the crop, by the crop's key.
            label: for the progress bar.

        Raises:
            InputDataError: one is not among the embeddings.
        """
        if self.cache is not self.embeddings:
            super().extract(crops, label)
            return
        missing = [name for key, (name, _) in crops.items() if key not in self.cache.known]
        if missing:
            raise self.embeddings.missing(f"the {label} of {self.places[missing[0]]}")

    def thumbnail(self, name: str) -> bytes:
        """Return the thumbnail of an image, as a JPEG file.

        Raises:
            InputDataError: it is not among the embeddings.
        """
        return self.embeddings.thumbnail(self.embeddings.images[self.places[name]].digest)

    def _complete_notes(self, missing: Iterable[Missing]) -> Iterator[tuple[Missing, str]]:
        for one in missing:
            which = one.images[0] if one.images else "an image without a label"
            raise self.embeddings.missing(f"the boxes of {self.places.get(which, which)}")
        return iter(())
