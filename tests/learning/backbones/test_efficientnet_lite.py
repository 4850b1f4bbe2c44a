"""Claims about the embedded backbone."""

import numpy as np
import pytest

from autofocus.common.errors import InputDataError
from autofocus.learning.backbones import efficientnet_lite, load_backbone
from tests.learning.backbones import torch_reference


@pytest.fixture(scope="module")
def features() -> np.ndarray:
    return load_backbone("efficientnet-lite0").features(torch_reference.images())


def test_features_are_those_of_torch(features: np.ndarray) -> None:
    """On the same weights, torch's own reading and arithmetic give the same features to 1e-4."""
    pytest.importorskip("torch", reason="torch is the reference, and is not installed")
    expected = torch_reference.features(torch_reference.images())
    np.testing.assert_allclose(features, expected, rtol=0, atol=1e-4)


def test_features_are_those_kept_from_torch(features: np.ndarray) -> None:
    """Features that torch made of the same images once, kept in a file, come out to 1e-4."""
    np.testing.assert_allclose(features, np.load(torch_reference.GOLDEN), rtol=0, atol=1e-4)


def test_the_shape_is_what_the_backbone_says(features: np.ndarray) -> None:
    """Three images give three vectors of the size that the backbone tells."""
    assert features.shape == (3, load_backbone("efficientnet-lite0").feature_size)


def test_an_image_s_features_do_not_depend_on_its_batch(features: np.ndarray) -> None:
    """An image by itself has the features that it has among others."""
    alone = load_backbone("efficientnet-lite0").features(torch_reference.images()[1:2])
    np.testing.assert_allclose(alone[0], features[1], rtol=0, atol=1e-5)


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights that are not the expected ones are said, not used."""
    from dataclasses import replace

    other = replace(efficientnet_lite.LITE0, name="other", weights_digest="0" * 64)
    monkeypatch.setitem(efficientnet_lite.VARIANTS, "other", other)
    with pytest.raises(InputDataError, match="not those that are expected"):
        load_backbone("other")
