"""Claims about registering a model that was trained from embeddings, without images."""

from pathlib import Path
from typing import Any

import pytest

from autofocus.retrain import retrain
from autofocus.retrain_settings import RetrainSettings
from autofocus.training.registration import Registration
from tests.embeddings.prepared import make_prepared, split_prepared
from tests.test_retrain_embeddings import embed_shards, links_alone

SMALL: dict[str, Any] = {"how_many_training_steps": 40, "jobs": 2}


def register(images: Path, model: Path, **more: Any) -> Registration:
    """Train and register a model, and return how it was registered."""
    result = retrain(images, model, RetrainSettings(**SMALL, **more))
    assert result.registration
    return result.registration


def test_a_champion_is_compared_by_embeddings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was trained on images is, on other test images; one that sees crops stays."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    prepared = make_prepared(tmp_path / "prepared")
    split_prepared(prepared, 2)
    for name, view in (("same", "full"), ("crops", "motion")):
        first = register(
            prepared / "links", tmp_path / view / "model", register=name, view=view,
            testing_percentage=34,
        )  # fmt: skip
        assert first.role == "champion"
    embeddings = embed_shards(prepared, tmp_path, view="full")
    links = links_alone(prepared, tmp_path)
    given = {"embeddings": embeddings, "testing_percentage": 50}
    same = register(links, tmp_path / "one" / "model", register="same", **given)
    assert "the lower bound of version 1 is " in same.reason
    crops = register(links, tmp_path / "two" / "model", register="crops", **given)
    assert crops.role == "challenger"
    assert crops.reason == (
        "it can't be compared with version 1: it needs the view motion of the test images (1 "
        "each), which the embeddings lack: run embed with these settings. version 1 stays the "
        "champion"
    )
