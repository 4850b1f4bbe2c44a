"""Backbones from ONNX files, such as the image towers of CLIP models."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from autofocus.errors import InputDataError
from autofocus.features.backbones.base import Backbone
from autofocus.features.backbones.input_format import (
    EXAMPLE,
    InputFormat,
    format_beside,
    parse_format,
)
from autofocus.features.backbones.onnx_file import OnnxFile, OnnxNetwork
from autofocus.features.backbones.probing import probe
from autofocus.runs import files

# The key in a file's metadata with the same text as the JSON file beside it.
METADATA = "autofocus"
# Of ONNX's own metadata of images: the range of the input, and the order of its channels.
_RANGES = {
    "NominalRange_0_255": (0.0, 255.0),
    "Normalized_0_1": (0.0, 1.0),
    "Normalized_1_1": (-1.0, 1.0),
}
_CHANNELS = {"Rgb8": "RGB", "Bgr8": "BGR", "SRGB8": "RGB"}
# The version of how images are given to a network: embeddings of another one are not used.
_VERSION = "onnx/1"


def load_onnx(path: Path) -> Backbone:
    """Load an ONNX file as a backbone.

    Its input is described by `<name>.json` beside it, or by its metadata: the key `autofocus` with
    the same text, or the metadata of images that the ONNX standard defines.

    Args:
        path: the file.

    Raises:
        MissingDependencyError: ONNX Runtime isn't installed.
        InputDataError: it can't be run, or doesn't map images to feature vectors.
    """
    network = OnnxNetwork(path)
    given = format_beside(path) or _from_metadata(path, network.metadata)
    if given is None:
        raise InputDataError(
            f"{path} doesn't say how its images are normalised: write {path.stem}.json beside it, "
            f"such as {EXAMPLE}."
        )
    own = network.complete(given)
    size = own.size or (0, 0)
    advice = (
        f"check range, mean, std, channels and layout in {path.stem}.json beside it, or export it "
        "in float32"
    )
    feature_size = probe(lambda images: network.features(images, own), size, str(path), advice)
    digest = files.digest_file(path)
    text = json.dumps([_VERSION, digest, own.to_json()], sort_keys=True)
    return Backbone(
        path.name,
        hashlib.sha256(text.encode()).hexdigest(),
        size,
        feature_size,
        module=None,
        call=lambda images: network.features(images, own),
        onnx=OnnxFile(path, digest, own),
    )


def _from_metadata(path: Path, metadata: Mapping[str, str]) -> InputFormat | None:
    if METADATA in metadata:
        where = f"The metadata {METADATA} of {path}"
        return parse_format(metadata[METADATA].encode(), where)
    value_range = _RANGES.get(metadata.get("Image.NominalPixelRange", ""))
    channels = _CHANNELS.get(metadata.get("Image.BitmapPixelFormat", ""), "RGB")
    if value_range is None:
        return None
    return InputFormat.from_json({"range": list(value_range), "channels": channels})
