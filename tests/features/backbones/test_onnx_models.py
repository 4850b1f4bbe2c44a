"""Claims about backbones in ONNX files."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from autofocus.errors import InputDataError, MissingInputError
from autofocus.features.backbones import load_backbone
from tests.features.backbones.onnx_networks import SIDE, expected, save_network

IMAGES = np.random.default_rng(4).random((2, SIDE, SIDE, 3)).astype(np.float32)
FLOAT16 = onnx.TensorProto.FLOAT16


def vectors(path: Path) -> Any:
    return load_backbone(str(path)).features(IMAGES)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_layout_and_size_are_read_from_the_file(tmp_path: Path, layout: str) -> None:
    """A network of either layout gives what NumPy computes, without being told its layout."""
    path = save_network(tmp_path / "net.onnx", layout=layout)
    backbone = load_backbone(str(path))
    assert (backbone.image_size, backbone.feature_size) == ((SIDE, SIDE), 5)
    np.testing.assert_allclose(backbone.features(IMAGES), expected(IMAGES), atol=1e-5)


def test_the_json_beside_it_says_how_images_are_normalised(tmp_path: Path) -> None:
    """Range, mean, standard deviation and the order of channels are applied, in this order."""
    given = {"range": [0, 255], "mean": [10, 20, 30], "std": [50, 60, 70], "channels": "BGR"}
    path = save_network(tmp_path / "net.onnx", beside=given)
    images = (IMAGES[..., ::-1] * 255 - [10, 20, 30]) / [50, 60, 70]
    np.testing.assert_allclose(vectors(path), expected(images), rtol=1e-4)


@pytest.mark.parametrize(
    ("metadata", "low", "high"),
    [
        ({"autofocus": '{"range": [-1, 1]}'}, -1, 1),
        ({"Image.NominalPixelRange": "NominalRange_0_255"}, 0, 255),
        ({"Image.NominalPixelRange": "Normalized_1_1", "Image.BitmapPixelFormat": "Rgb8"}, -1, 1),
    ],
)
def test_the_metadata_serve_where_there_is_no_json(
    tmp_path: Path, metadata: dict[str, str], low: int, high: int
) -> None:
    """The file's own metadata, ours or those of the ONNX standard, say the range."""
    path = save_network(tmp_path / "net.onnx", metadata=metadata, beside=None)
    np.testing.assert_allclose(
        vectors(path), expected(low + (high - low) * IMAGES), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(
    ("output", "pooling"), [("map", "mean"), ("tokens", "mean"), ("tokens", "first")]
)
def test_maps_and_tokens_are_pooled(tmp_path: Path, output: str, pooling: str) -> None:
    """The mean of a map or of tokens is the vector; `first` takes the first token."""
    plain = save_network(tmp_path / "plain.onnx")
    path = save_network(
        tmp_path / "net.onnx", output=output, beside={"range": [0, 1], "pooling": pooling}
    )
    assert vectors(path).shape == (2, 5)
    if pooling == "mean":
        np.testing.assert_allclose(vectors(path), vectors(plain), atol=1e-5)


def test_a_float16_network_gives_float32_vectors(tmp_path: Path) -> None:
    """Images are given in half precision, and the vectors agree within it."""
    path = save_network(tmp_path / "net.onnx", dtype=FLOAT16)
    assert vectors(path).dtype == np.float32
    np.testing.assert_allclose(vectors(path), expected(IMAGES), atol=1e-2)


def test_a_network_for_batches_of_a_fixed_size_works(tmp_path: Path) -> None:
    """Exported for three images at a time, it gives the vectors of two."""
    path = save_network(tmp_path / "net.onnx", shape=[3, 3, SIDE, SIDE])
    np.testing.assert_allclose(vectors(path), expected(IMAGES), atol=1e-5)


def test_an_open_size_is_taken_from_the_json(tmp_path: Path) -> None:
    """A network for any size is given images of the size that the JSON says."""
    shape: list[int | str] = ["N", 3, "h", "w"]
    beside = {"size": [24, 32], "range": [0, 1]}
    path = save_network(tmp_path / "net.onnx", shape=shape, beside=beside)
    assert load_backbone(str(path)).image_size == (24, 32)


def test_the_digest_covers_the_format(tmp_path: Path) -> None:
    """Another range has another digest, as cached vectors would be wrong; another name hasn't."""
    path = save_network(tmp_path / "net.onnx")
    first = load_backbone(str(path)).digest
    other = save_network(tmp_path / "other.onnx")
    assert load_backbone(str(other)).digest == first
    save_network(path, beside={"range": [0, 255]})
    assert load_backbone(str(path)).digest != first


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ({"beside": None}, r"doesn't say how its images are normalised: write net\.json"),
        ({"shape": ["N", 3, "h", "w"]}, r"leaves the size of its input open: .*\"size\": 224"),
        ({"shape": ["N", 1, SIDE, SIDE]}, "does not tell where the channels are"),
        ({"shape": [3, SIDE, SIDE]}, "is no ONNX file that can be run|4 axes are required"),
        ({"outputs": ["map"]}, r"several outputs \(pooled, map\)"),
        ({"beside": {"output": "x"}}, "has no output 'x': its outputs are pooled"),
        ({"beside": {"size": 32}}, "takes images of 16 by 16 pixels, and not of 32 by 32"),
        ({"output": "map"}, r"returns values of shape \(3, 5, 16, 16\)"),
        ({"beside": {"rang": [0, 1]}}, "unknown key 'rang'; known keys are size"),
        ({"beside": {"range": [1, 0]}}, r"range must be \[low, high\]"),
        ({"beside": {"std": [1, 0, 1]}}, "std must be above 0"),
        ({"beside": {"mean": [1, 2]}}, "mean must be a list of 3 numbers"),
        ({"beside": {"mean": 10**400}}, "mean must be a list of 3 numbers"),
        ({"beside": {"std": float("nan")}}, "std must be a list of 3 numbers"),
        ({"beside": {"layout": "CHW"}}, "layout must be one of NHWC, NCHW"),
        ({"beside": {"size": "big"}}, "size must be a number of pixels"),
        ({"beside": [1]}, "must hold keys and values"),
        ({"beside": {"layout": "NHWC"}}, "is not NHWC with 3 channels"),
        ({"output": "constant"}, r"the same features .*: check range, mean, std"),
        ({"bias": -1e3}, "returns the same features for images with different content"),
        ({"scale": 1e38, "beside": {"range": [0, 255]}}, "not finite"),
    ],
)  # fmt: skip
def test_what_can_not_be_used_is_said_in_one_sentence(
    tmp_path: Path, network: dict[str, Any], message: str
) -> None:
    """The message names what is wrong with the file, and what to change."""
    path = save_network(tmp_path / "net.onnx", **network)
    with pytest.raises(InputDataError, match=message) as caught:
        load_backbone(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [0, 100, 300])
def test_a_damaged_file_is_rejected(tmp_path: Path, size: int) -> None:
    """A file that is empty or truncated is said to be no ONNX file."""
    path = save_network(tmp_path / "net.onnx")
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(InputDataError, match="is no ONNX file that can be run"):
        load_backbone(str(path))


def test_a_file_that_is_too_large_is_rejected_unread(tmp_path: Path) -> None:
    """A file of more than 2 GiB, here a sparse one, is not read into memory."""
    path = tmp_path / "net.onnx"
    with path.open("wb") as file:
        file.truncate(2**31)
    with pytest.raises(InputDataError, match="more than one ONNX file can have"):
        load_backbone(str(path))


def test_weights_in_a_second_file_are_rejected(tmp_path: Path) -> None:
    """A file with external data says how to make one file of both."""
    path = save_network(tmp_path / "net.onnx")
    model = onnx.load(path)
    onnx.save(model, str(path), save_as_external_data=True, location="net.data", size_threshold=0)
    with pytest.raises(InputDataError, match="keeps its weights in a second file"):
        load_backbone(str(path))


def test_a_missing_file_is_said_so(tmp_path: Path) -> None:
    """A path that ends like an ONNX file but isn't there is an error of its own."""
    with pytest.raises(MissingInputError, match="There is no file"):
        load_backbone(str(tmp_path / "net.onnx"))
