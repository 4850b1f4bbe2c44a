"""The images that a model was trained, validated or tested with, recognised by their content."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from autofocus.errors import InputDataError
from autofocus.images.encoding import encode_image
from autofocus.images.names import IMAGE_FORMATS
from autofocus.images.preparing import Preparation
from autofocus.images.reading import DecodedImage
from autofocus.runs import files
from autofocus.runs.csv_files import CsvReader
from autofocus.tables.columns import SPLIT_NAME

# The names in the table of predictions, by those in the table of the split.
_SPLITS = {"training": "train", "validation": "validation", "test": "test", "": ""}
# If an image has several rows, the first of these counts.
_ORDER = ("train", "validation", "test", "")
_PART, _DIGEST = "part", "digest"


@dataclass(frozen=True)
class TrainingImages:
    """The labelled images of a model.

    Attributes:
        splits: by the SHA-256 of an image's content: `train`, `validation`, `test`, or empty for
            an image that has a label and was used for none of them.
        preparation: how images are preprocessed before they are compared; None for images that
            are used as they are.
    """

    splits: Mapping[bytes, str] = field(default_factory=dict)
    preparation: Preparation | None = None

    def find(self, path: Path, name: str, decoded: DecodedImage) -> str | None:
        """Return the split of an image; None if the model doesn't know it.

        An original image is preprocessed and encoded as `preprocess_images` does it, so that its
        content is that of the file which the model was trained with.

        Args:
            path: the file.
            name: of the image.
            decoded: what was read of it.
        """
        if not self.splits or PurePath(name).suffix.lower() not in IMAGE_FORMATS:
            return None
        if self.preparation is None:
            digest = bytes.fromhex(files.digest_file(path))
        else:
            content = encode_image(decoded.image, decoded.capture, name)
            digest = hashlib.sha256(content).digest()
        return self.splits.get(digest)


def read_training_images(saved_model_dir: Path, preparation: Preparation | None) -> TrainingImages:
    """Return the labelled images of a model; none if it was trained by an earlier version.

    Args:
        saved_model_dir: the model's folder, in which `retrain` left the table of the split.
        preparation: see `TrainingImages`.

    Raises:
        InputDataError: the table is invalid.
    """
    table = saved_model_dir / SPLIT_NAME
    if not table.is_file():
        return TrainingImages()
    splits: dict[bytes, str] = {}
    with CsvReader(table, [_PART]) as reader:
        if _DIGEST not in reader.columns:
            return TrainingImages()
        part, digest = reader.columns.index(_PART), reader.columns.index(_DIGEST)
        for row in reader:
            try:
                key, split = bytes.fromhex(row[digest]), _SPLITS[row[part]]
            except (KeyError, ValueError):
                raise InputDataError(
                    f"{table}, line {reader.line}: no split or no digest as retrain writes it: "
                    "train again, or put the model's own file back."
                ) from None
            splits[key] = min(splits.get(key, ""), split, key=_ORDER.index)
    return TrainingImages(splits, preparation)
