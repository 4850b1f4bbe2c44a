"""What a folder of embeddings holds: `embeddings.json`."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autofocus.boxes.crop_shape import CropShape
from autofocus.detector.settings import DetectorSettings
from autofocus.errors import InputDataError, MissingInputError
from autofocus.features.crop import View
from autofocus.features.embedding_cache import NOTES_NAME, cache_name
from autofocus.features.thumbnail_cache import THUMBNAILS_NAME
from autofocus.images.preparing import Preparation
from autofocus.motion.settings import MotionSettings
from autofocus.runs import files

NAME = "embeddings.json"
# The table of the images, and its columns.
IMAGES_NAME = "images.csv"
IMAGES = ("filepath", "sha256", "moment", "reason", "detail")
_FORMAT = 1
# Raised with every change that makes other embeddings of the same images and settings.
RECIPE = 1


@dataclass(frozen=True)
class Description:
    """What a folder of embeddings holds.

    Attributes:
        recipe: the version of how it was made.
        backbone: the backbone's name.
        backbone_digest: identifies the backbone.
        feature_size: number of features of an image.
        views: what a classifier may see.
        motion: how motion was detected; None if no view needs it.
        detector: how the detector was used; None if no view needs it.
        crop: the shape of the crop around a box.
        settings: of `embed`, those that decide what it makes.
        preparation: how the images were prepared; None if unknown.
        images: number of images.
        rejected: number of images that were rejected, and of which there is nothing.
        bytes: the size of each file, by its name.
    """

    recipe: int
    backbone: str
    backbone_digest: str
    feature_size: int
    views: tuple[View, ...]
    motion: MotionSettings | None
    detector: DetectorSettings | None
    crop: CropShape
    settings: Mapping[str, Any]
    preparation: Preparation | None
    images: int = 0
    rejected: int = 0
    bytes: Mapping[str, int] | None = None

    def write(self, folder: Path, names: Iterable[str], scratch: Path) -> None:
        """Write the file, as the last one of a folder.

        Args:
            folder: of the embeddings.
            names: of the folder's other files, whose sizes are recorded.
            scratch: a folder on the same file system for the unfinished file.
        """
        sizes = {name: (folder / name).stat().st_size for name in sorted(names)}
        files.write_json(folder / NAME, replace(self, bytes=sizes).to_json(), scratch)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "format": _FORMAT,
            **{name: getattr(self, name) for name in self.__dataclass_fields__},
            "views": list(self.views),
            "motion": self.motion.to_json() if self.motion else None,
            "detector": self.detector.to_json() if self.detector else None,
            "crop": self.crop.to_json(),
            "preparation": self.preparation.to_json() if self.preparation else None,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Description":
        """Return what `to_json` described."""
        given = {name: value for name, value in values.items() if name != "format"}
        motion, detector, made = given["motion"], given["detector"], given["preparation"]
        return cls(
            **{
                **given,
                "views": tuple(given["views"]),
                "motion": MotionSettings.from_json(motion) if motion else None,
                "detector": DetectorSettings.from_json(detector) if detector else None,
                "crop": CropShape(**given["crop"]),
                "preparation": Preparation.from_json(made) if made else None,
            }
        )

    @property
    def names(self) -> set[str]:
        """The names of the folder's other files."""
        cache = cache_name(self.backbone, self.backbone_digest)
        return {IMAGES_NAME, cache, NOTES_NAME, THUMBNAILS_NAME}

    def check(self) -> None:
        """Check the values that were read from a file (raises ValueError)."""
        numbers = [self.recipe, self.feature_size, self.images, self.rejected]
        numbers += [self.settings.get(name, 0) for name in ("views", "distorted_copies")]
        numbers += (self.bytes or {}).values()
        texts = [self.backbone, self.backbone_digest, *self.views]
        if not all(type(number) is int and number >= 0 for number in numbers):
            raise ValueError("a number is no number")
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("a name is no text")
        if (self.bytes or {}).keys() != self.names:
            raise ValueError("a file is missing")

    @property
    def comparable(self) -> "Description":
        """What must be the same in several folders that are used together."""
        return replace(self, images=0, rejected=0, bytes=None)


def read_description(folder: Path) -> Description:
    """Read what a folder of embeddings holds, and check that it is complete.

    Raises:
        MissingInputError: there is no such folder, or it holds no embeddings.
        InputDataError: it is of another version, incomplete or damaged.
    """
    path = folder / NAME
    if not path.is_file():
        what = "is incomplete, or holds no embeddings" if folder.is_dir() else "is not there"
        raise MissingInputError(
            f"{folder} {what} (no {NAME}): give a folder that autofocus embed has finished."
        )
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        versions = values["format"], values["recipe"]
        description = Description.from_json(values) if versions == (_FORMAT, RECIPE) else None
        if description:
            description.check()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputDataError(f"{path} can't be read: run autofocus embed again.") from None
    if description is None:
        raise InputDataError(
            f"{folder} was written by another version of autofocus embed (format "
            f"{versions[0]}, recipe {versions[1]}, and not {_FORMAT}, {RECIPE}): run embed again "
            "with this version."
        )
    for name, size in (description.bytes or {}).items():
        file = folder / name
        if not files.is_below(name) or not file.is_file() or file.stat().st_size != size:
            raise InputDataError(
                f"{file} is missing or was changed: run autofocus embed again, or copy the whole "
                "folder again."
            )
    return description


def read_descriptions(folders: Iterable[Path]) -> Description:
    """Read what several folders of embeddings hold together.

    Raises:
        MissingInputError: one isn't there, or holds no embeddings.
        InputDataError: one is incomplete or damaged, or two were made in different ways.
    """
    first, common = None, None
    images = rejected = 0
    for folder in folders:
        one = read_description(folder)
        if common is None or first is None:
            first, common = folder, one.comparable
        elif one.comparable != common:
            raise InputDataError(
                f"{first} and {folder} were made in different ways ({_difference(common, one)}): "
                "run embed with the same settings for all images."
            )
        images, rejected = images + one.images, rejected + one.rejected
    if common is None:
        raise MissingInputError("Give at least one folder of embeddings.")
    return replace(common, images=images, rejected=rejected)


def _difference(one: Description, other: Description) -> str:
    names = [
        name
        for name in one.__dataclass_fields__
        if name not in ("images", "rejected", "bytes", "settings")
        and getattr(one, name) != getattr(other, name)
    ]
    keys = sorted({*one.settings, *other.settings})
    names += [key for key in keys if one.settings.get(key) != other.settings.get(key)]
    return ", ".join(names)
