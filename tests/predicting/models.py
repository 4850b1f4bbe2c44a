"""A model that is made and run in no time: it classifies images by their mean colour."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from autofocus.features.backbones import load_backbone
from autofocus.features.runtime import tensorflow
from autofocus.images.capture import Capture, to_exif
from autofocus.images.preparing import Preparation
from autofocus.model.description import Description
from autofocus.model.head import Head
from autofocus.model.saved_model import build, put_in_place
from tests.features.pictures import COLOURS

LABELS = tuple(sorted(COLOURS))
SIZE = 32
PREPARATION = Preparation(trim_top=0, trim_bottom=8, min_side=32)
_SHARPNESS = 40.0


def make_backbone(folder: Path, counts: float = 0.0) -> Path:
    """Write a backbone as a SavedModel that maps images to their mean colours.

    Args:
        folder: where to write.
        counts: what each further image of a batch adds to the features of all.

    Returns:
        The SavedModel's folder.
    """
    tf = tensorflow()

    class Means(tf.Module):  # type: ignore[misc, name-defined] # it ships no types
        @tf.function(input_signature=[tf.TensorSpec([None, SIZE, SIZE, 3], tf.float32)])  # type: ignore[untyped-decorator]
        def __call__(self, images: Any) -> Any:
            number = tf.cast(tf.shape(images)[0], tf.float32)
            return tf.reduce_mean(images, axis=[1, 2]) + counts * number * [1.0, 0.0, 0.0]

    module = Means()
    tf.saved_model.save(module, str(folder / "means"), signatures=module.__call__)
    return folder / "means"


def make_model(
    folder: Path,
    counts: float = 0.0,
    sharpness: float = _SHARPNESS,
    means: Path | None = None,
    preparation: Preparation = PREPARATION,
    **more: Any,
) -> Path:
    """Write a model whose features are the mean colours of what it sees.

    Args:
        folder: where to write.
        counts: see `make_backbone`.
        sharpness: how sharply colours are distinguished: halfway between two of them an image is
            of either.
        means: a backbone of `make_backbone`; None to make one.
        preparation: of its images.
        more: values of the description, such as `thresholds`.

    Returns:
        The model's folder.
    """
    backbone = load_backbone(str(means or make_backbone(folder, counts)))
    described = Description(
        LABELS, (SIZE, SIZE), backbone.name, backbone.digest, "final", preparation, **more
    )
    build(backbone, _head(described, sharpness), described, folder / "scratch").save(
        folder / "saved"
    )
    put_in_place(folder / "saved", folder / "model")
    return folder / "model"


def _head(described: Description, sharpness: float) -> Head:
    """Return a layer in which the nearest colour wins; of two views, the last one's counts.

    Of several labels, the first is there where an image is red, the second where it is green,
    the third where it is blue.
    """
    centres = np.array([COLOURS[label] for label in LABELS], np.float32) / 255
    weights, bias = sharpness * centres.T, -sharpness / 2 * (centres**2).sum(axis=1)
    if described.multilabel:
        weights, bias = sharpness * np.eye(3), np.full(3, -sharpness / 2)
    if described.view == "both":
        weights = np.concatenate([np.zeros_like(weights), weights])
    return Head(
        weights.astype(np.float32), bias.astype(np.float32), multilabel=described.multilabel
    )


def make_image(
    path: Path,
    colour: tuple[int, int, int],
    moment: str = "",
    size: tuple[int, int] = (64, 56),
    camera: str = "",
) -> None:
    """Write an image of one colour.

    Args:
        path: the file.
        colour: red, green and blue, 0 to 255.
        moment: when it was taken, such as ``2016-07-05T11:30:00``; empty for no EXIF data.
        size: width and height in pixels.
        camera: its make, if it has EXIF data.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    date, _, time = moment.partition("T")
    exif = to_exif(Capture(date, time, camera_make=camera)) if moment else Image.Exif()
    Image.new("RGB", size, colour).save(path, quality=95, exif=exif)
