"""Claims about the component that fetches a registered model, on a real MLflow server."""

import json
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from autofocus.model.saved_model import digest_model
from autofocus.tables.columns import SPLIT_NAME
from tests.components.calling import prepare, start
from tests.tracking.serving import registered_champion


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A model that is registered on a server, whose address MLflow has."""
    with registered_champion(tmp_path_factory.mktemp("registered")) as made:
        yield made


def test_the_model_has_its_version_as_metadata(model: Path, tmp_path: Path) -> None:
    """The output is the model that was registered, with what identifies it."""
    given = {
        "registered_model": "raccoons@champion",
        "mlflow_tracking_uri": mlflow.get_tracking_uri(),
        "patience": 10.0,
    }
    made = prepare("fetch_model", tmp_path / "out", given)
    told = start("fetch_model", made, {"HOME": "/nonexistent"})
    assert told.returncode == 0, told.stderr
    assert made.made == ["executor_output.json", "model"]
    metadata = made.metadata["model"]
    digest = digest_model(model)
    assert metadata["registered_model"] == "raccoons"
    assert (metadata["version"], metadata["alias"]) == ("1", "champion")
    assert metadata["digest"] == digest == digest_model(made["model"])
    assert told.stdout == f"fetch_model: raccoons version 1 (raccoons@champion), {digest}\n"
    assert json.loads((made["model"] / "registered_model.json").read_text())["version"] == "1"
    assert (made["model"] / SPLIT_NAME).is_file()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"registered_model": "raccoons@best"}, "has no alias best: it has champion (version 1)"),
        ({"registered_model": "raccoons"}, "raccoons names no version of a registered model"),
        ({"mlflow_tracking_uri": ""}, "mlflow_tracking_uri is empty"),
        ({"mlflow_tracking_uri": "http://127.0.0.1:9"}, "http://127.0.0.1:9"),
    ],
)
@pytest.mark.usefixtures("model")
def test_what_is_missing_is_one_sentence(
    change: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    """The task fails, and leaves no output."""
    uri = mlflow.get_tracking_uri()
    given = {"registered_model": "raccoons@champion", "mlflow_tracking_uri": uri, "patience": 0}
    made = prepare("fetch_model", tmp_path / "out", {**given, **change})
    told = start("fetch_model", made)
    assert told.returncode in (2, 3, 5)
    assert sentence in told.stderr
    assert told.stderr.startswith("autofocus fetch_model: error: ")
    assert len(told.stderr.splitlines()) == 1
    assert made.made == []
