"""Claims about SavedModels with equal bytes."""

from pathlib import Path

from autofocus.features.runtime import tensorflow
from autofocus.model.saved_model import MODEL_FILES, TrainedClassifier
from tests.predicting.models import make_backbone, make_model


def test_equal_models_have_equal_bytes(tmp_path: Path) -> None:
    """However much a process has computed before, equal models are saved as equal files."""
    means = make_backbone(tmp_path)
    first = make_model(tmp_path / "first", means=means)
    tf = tensorflow()
    for number in range(12):
        tf.function(lambda value, number=number: value + number)(tf.constant(1.0))
    second = make_model(tmp_path / "second", means=means)
    for name in MODEL_FILES:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    assert TrainedClassifier(second).description.labels
