"""Tests of a SavedModel's files."""

from pathlib import Path

import numpy as np
import pytest

from autofocus.errors import InputDataError
from autofocus.features.backbones import load_backbone
from autofocus.model.description import Description
from autofocus.model.head import Head
from autofocus.model.saved_model import (
    MODEL_FILES,
    ONNX_NAME,
    POSSIBLE_FILES,
    TrainedClassifier,
    build,
    put_in_place,
)
from tests.features.backbones.onnx_networks import SIDE, expected, save_network
from tests.predicting.models import make_model

IMAGES = np.random.default_rng(4).random((3, SIDE, SIDE, 3)).astype(np.float32)
HEAD = Head(
    np.random.default_rng(5).normal(size=(5, 2)).astype(np.float32), np.zeros(2, np.float32)
)


def make_onnx_model(folder: Path) -> Path:
    """Write a model whose backbone is an ONNX file."""
    backbone = load_backbone(str(save_network(folder / "net.onnx", beside={"range": [-1, 1]})))
    described = Description(
        ("a", "b"), backbone.image_size, backbone.name, backbone.digest, "final", None
    )
    build(backbone, HEAD, described, folder / "scratch").save(folder / "saved")
    put_in_place(folder / "saved", folder / "model")
    return folder / "model"


def test_a_model_consists_of_the_known_files(tmp_path: Path) -> None:
    """What TensorFlow writes is what a stage may overwrite."""
    model = make_model(tmp_path)
    names = {path.relative_to(model).as_posix() for path in model.rglob("*") if path.is_file()}
    assert names == set(MODEL_FILES)


def test_a_model_leaves_other_files(tmp_path: Path) -> None:
    """A model that takes the place of an earlier one leaves only what isn't of that one."""
    for folder, text in (("saved", "new"), ("model", "old")):
        for name in MODEL_FILES:
            (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / name).write_text(text)
    (tmp_path / "model" / "variables" / "mine").write_text("mine")
    (tmp_path / "model" / "assets" / ONNX_NAME).write_text("of the earlier model")
    put_in_place(tmp_path / "saved", tmp_path / "model")
    assert {(tmp_path / "model" / name).read_text() for name in MODEL_FILES} == {"new"}
    assert (tmp_path / "model" / "variables" / "mine").read_text() == "mine"
    assert not (tmp_path / "model" / "assets" / ONNX_NAME).exists()


def test_a_model_may_have_an_onnx_file_as_backbone(tmp_path: Path) -> None:
    """Its folder, moved elsewhere and without the original file, maps images to probabilities."""
    model = make_onnx_model(tmp_path).rename(tmp_path / "moved")
    (tmp_path / "net.onnx").unlink()
    names = {path.relative_to(model).as_posix() for path in model.rglob("*") if path.is_file()}
    assert names == set(POSSIBLE_FILES)
    logits = expected(2 * IMAGES - 1) @ HEAD.weights
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    probabilities = TrainedClassifier(model).probabilities(IMAGES)
    np.testing.assert_allclose(probabilities, shares, atol=1e-4)


@pytest.mark.parametrize("checksums", [True, False])
@pytest.mark.parametrize("content", [None, b"damaged"])
def test_a_damaged_onnx_file_of_a_model_is_noticed(
    tmp_path: Path, content: bytes | None, checksums: bool
) -> None:
    """The file is covered by the checksums; without these, it is missing or can't be run."""
    model = make_onnx_model(tmp_path)
    asset = model / "assets" / ONNX_NAME
    asset.unlink() if content is None else asset.write_bytes(content)
    if not checksums:
        (model / "checksums.json").unlink()
    with pytest.raises(InputDataError, match=r"is missing|is damaged|is no ONNX file"):
        TrainedClassifier(model)


def test_an_onnx_file_that_changed_is_not_exported(tmp_path: Path) -> None:
    """Between loading and exporting, the file must stay the same."""
    path = save_network(tmp_path / "net.onnx")
    backbone = load_backbone(str(path))
    path.write_bytes(path.read_bytes() + b" ")
    described = Description(("a", "b"), (SIDE, SIDE), "net", "0", "final", None)
    with pytest.raises(InputDataError, match="has changed since it was loaded"):
        build(backbone, HEAD, described, tmp_path / "scratch")
