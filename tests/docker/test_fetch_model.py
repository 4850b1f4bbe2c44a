"""Tests of fetching a registered model in its image, from a real MLflow server on this machine."""

from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow
import pytest

from autofocus.model.saved_model import digest_model
from tests.components.calling import prepare
from tests.docker.running import run
from tests.tracking.serving import registered_champion

PROGRAM = ("python", "/component/fetch_model.py", "--executor_input")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A model that is registered on a server, whose address MLflow has."""
    with registered_champion(tmp_path_factory.mktemp("registered")) as made:
        yield made


def test_a_registered_model_is_fetched(
    images: Callable[[str], str], model: Path, tmp_path: Path
) -> None:
    """A random user on a read-only disk gets the model; an alias that there is not, a sentence."""
    given = {"mlflow_tracking_uri": mlflow.get_tracking_uri(), "patience": 10}
    made = prepare(
        "fetch_model", tmp_path / "out", {**given, "registered_model": "raccoons@champion"}
    )
    where = {"folders": [tmp_path], "network": "host"}
    told = run(images("retrain"), *PROGRAM, made.executor_input, **where)
    assert told.returncode == 0, told.stderr
    assert digest_model(made["model"]) == digest_model(model)
    assert made.metadata["model"]["version"] == "1"
    other = prepare(
        "fetch_model", tmp_path / "none", {**given, "registered_model": "raccoons@best"}
    )
    told = run(images("retrain"), *PROGRAM, other.executor_input, **where)
    assert told.returncode == 3
    assert "has no alias best: it has champion (version 1)" in told.stderr
    assert "Traceback" not in told.stderr
    assert other.made == []
