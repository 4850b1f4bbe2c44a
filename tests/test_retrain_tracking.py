"""Claims about retrain and an MLflow store that can't be used, before and after the training."""

import csv
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Run

from autofocus.retrain_settings import COMMAND
from autofocus.tracking.experiment import EXPERIMENT, check_store
from tests.features.pictures import make_classes


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Images of three colours, in the current folder; MLflow's default store is there, too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    mlflow.set_tracking_uri(None)  # type: ignore[arg-type]
    make_classes(tmp_path / "links", 6)
    yield tmp_path
    mlflow.set_tracking_uri(None)  # type: ignore[arg-type]


def retrain(*options: str) -> int:
    """Run the command, and return its exit status."""
    words = ["--image_dir", "links", "--saved_model_dir", "model", *options]
    return COMMAND.main([*words, "--testing_percentage", "30", "--validation_percentage", "20"])


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("sqlite:///text.db", "file is not a database"),
        ("sqlite:///links", "unable to open database file"),
        ("sqlite:///text.db/mlflow.db", "File exists"),
        ("nonsense://store", "unsupported URI 'nonsense://store'"),
    ],
)
def test_an_unusable_store_is_reported_before_any_work(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    uri: str,
    reason: str,
) -> None:
    """Whatever is wrong with it, the store is one sentence within seconds, and nothing is made."""
    (folder / "text.db").write_text("This is not a database, but it is long enough. " * 9)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    began = time.monotonic()
    assert retrain() != 0
    assert time.monotonic() - began < 60
    sentence = capsys.readouterr().err.strip().splitlines()[-1]
    assert f"The MLflow tracking store {uri} can't be used (" in sentence
    assert reason in sentence
    assert not (folder / "model").exists()
    assert not (folder / "bottlenecks").exists()


def check_description(run: Run) -> None:
    """Name, description and parameters say what was trained; idle settings are left out."""
    assert run.info.run_name == "efficientnet-lite0 · full frame · 3 classes · 18 images"
    note = run.data.tags["mlflow.note.content"]
    assert note.startswith("- Of 100 images similar to its training images, expect about ")
    parameters = run.data.params
    assert parameters["chosen_crop"] == "full frame"
    assert float(parameters["chosen_regularisation"]) > 0
    assert parameters["testing_percentage"] == "30.0"
    assert not parameters.keys() & {"learning_rate", "fine_tune_rate", "distorted_copies"}


def check_datasets(run: Run, folder: Path) -> None:
    """Each subset is a data set of its own, from the run's own split.csv, with its size."""
    with (folder / "model" / "split.csv").open(encoding="utf-8") as file:
        sizes = Counter(row["part"] for row in csv.DictReader(file))
    assert run.inputs
    inputs = {each.tags[0].value: each.dataset for each in run.inputs.dataset_inputs}
    assert inputs.keys() == sizes.keys() == {"training", "validation", "test"}
    assert {one.name for one in inputs.values()} == {"links"}
    assert len({one.digest for one in inputs.values()}) == 3
    for part, dataset in inputs.items():
        assert json.loads(dataset.profile or "")["num_rows"] == sizes[part]
        assert json.loads(dataset.source)["uri"].endswith("/split.csv")


def test_a_model_that_could_not_be_logged_is_logged_by_the_next_run(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failure after the training keeps all files; started again, it logs without training."""
    check_store()
    experiment = mlflow.get_experiment_by_name(EXPERIMENT)
    assert experiment
    in_the_way = Path(experiment.artifact_location.removeprefix("file://"))
    in_the_way.parent.mkdir(exist_ok=True)
    in_the_way.write_text("A file where a folder of artifacts should be.")

    assert retrain() != 0
    sentence = capsys.readouterr().err.strip().splitlines()[-1]
    assert "can't be used" in sentence
    assert "complete in model, but not logged: start the same command again" in sentence
    model = folder / "model"
    names = {path.name for path in model.iterdir()}
    assert names >= {"saved_model.pb", "metrics.json", "report.html", "labels.txt", "split.csv"}
    before = (model / "saved_model.pb").stat().st_mtime_ns

    in_the_way.unlink()
    assert retrain() == 0
    assert (model / "saved_model.pb").stat().st_mtime_ns == before
    (run,) = mlflow.search_runs(experiment_names=[EXPERIMENT], output_format="list")
    assert run.info.status == "FINISHED"
    named = json.loads((model / "mlflow_run.json").read_text(encoding="utf-8"))
    assert named["run_id"] == run.info.run_id
    assert "final_test_accuracy" in run.data.metrics
    files = {item.path for item in mlflow.MlflowClient().list_artifacts(run.info.run_id)}
    assert files >= {"report.html", "metrics.json", "split.csv", "MODEL_CARD.md"}
    assert "final_test_recall/sand" in run.data.metrics
    check_description(run)
    check_datasets(run, folder)
    (logged,) = mlflow.MlflowClient().search_logged_models([run.info.experiment_id])
    assert logged.status == "READY"
    assert "reused: nothing" not in capsys.readouterr().out
    assert retrain() == 0
    assert "reused: nothing" in capsys.readouterr().out
