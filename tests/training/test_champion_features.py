"""Claims about a registered model's probabilities from features alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from autofocus.boxes.crop_shape import CropShape
from autofocus.features.backbones import load_backbone
from autofocus.features.embedding_cache import EmbeddingCache
from autofocus.features.extraction import Extractor
from autofocus.images.reading import read_image
from autofocus.model.saved_model import TrainedClassifier
from autofocus.motion.settings import TIGHT, MotionSettings
from autofocus.predicting.network import network_inputs, network_scores
from autofocus.training import champion_features
from autofocus.training.champion_features import difference, probabilities_of
from autofocus.training.dataset_features import DatasetFeatures
from tests.features.small import dataset
from tests.predicting.models import make_backbone, make_model


def test_features_give_the_probabilities_of_the_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the head says of the features of two views is what the model says of the images.

    A model whose backbone, boxes, locations or crop are others is told.
    """
    monkeypatch.setattr(champion_features, "_BLOCK", 7)
    means = make_backbone(tmp_path)
    classifier = TrainedClassifier(make_model(tmp_path, means=means, views=2))
    data, backbone = dataset(tmp_path / "images"), load_backbone(str(means))
    with EmbeddingCache(tmp_path / "cache", "means", backbone.digest, 3) as cache:
        source = DatasetFeatures(data, Extractor(tmp_path / "images", backbone, cache, 2))
        assert difference(classifier.description, source) == ""
        source.prepare("full", copies=False)
        found = probabilities_of(classifier, source, data.used)
    inputs = [
        network_inputs(
            read_image(tmp_path / "images" / row.image.name).image, None, classifier.description
        )
        for row in data.used
    ]
    expected = [
        one.probabilities for one in network_scores(classifier, inputs, len(inputs), measured=True)
    ]
    assert found is not None
    np.testing.assert_allclose(found, expected, atol=2e-6)

    motion = replace(
        classifier.description, view="motion", motion=source.motion, crop=source.shape
    )
    assert difference(motion, source) == ""
    others = {
        "its backbone is": replace(motion, backbone_digest="1"),
        "its boxes are found in another way": replace(motion, motion=MotionSettings()),
        "at locations by another": replace(motion, location_pattern="(x)"),
        "its crop has another shape": replace(motion, crop=CropShape(margin=0.9)),
    }
    assert MotionSettings() != TIGHT
    for sentence, description in others.items():
        assert sentence in difference(description, source)
