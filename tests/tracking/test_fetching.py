"""Claims about models of the registry, on a real MLflow server."""

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from autofocus.errors import (
    InputDataError,
    MissingInputError,
    SettingError,
    StoreUnavailableError,
)
from autofocus.label import label
from autofocus.model.saved_model import digest_model
from autofocus.predict import PredictResult, predict
from autofocus.predict_settings import PredictSettings
from autofocus.runs.files import digest_file
from autofocus.tables.columns import SPLIT_NAME
from autofocus.tracking.experiment import MODEL_NAME
from autofocus.tracking.fetching import FOLDER_VARIABLE
from autofocus.tracking.local_models import local_model
from autofocus.tracking.registry import registry
from tests.features.pictures import COLOURS
from tests.predicting.models import make_image, make_model
from tests.tracking.serving import register_model, running_server

NAME = "raccoons"
ALIAS = f"models:/{NAME}@champion"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Start MLflow's server with two versions of a model, and yield its folder.

    The second one takes other views of an image for the same; the first one was trained with an
    image of grass.
    """
    folder = tmp_path_factory.mktemp("registry")
    with running_server(folder) as address:
        mlflow.set_tracking_uri(address)
        for number in (1, 2):
            made = make_model(folder / str(number), views=number)
            make_image(folder / "trained.png", COLOURS["grass"])
            row = f"{digest_file(folder / 'trained.png')},training\n" if number == 1 else ""
            (made / SPLIT_NAME).write_text(f"digest,part\n{row}")
            register_model(NAME, made, "champion" if number == 1 else "challenger")
        yield folder
        mlflow.set_tracking_uri(None)  # type: ignore[arg-type]


@pytest.fixture
def cache(server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an empty cache."""
    assert server.is_dir()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache" / "models"


def predictions(result: PredictResult) -> list[dict[str, str]]:
    with result.predictions.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_version_is_fetched_once(server: Path, cache: Path) -> None:
    """Alias and number lead to one folder with the model's files, and its split; nothing else."""
    folder = local_model(ALIAS)
    assert digest_model(folder) == digest_model(server / "1" / "model")
    assert (folder / SPLIT_NAME).read_bytes() == (server / "1" / "model" / SPLIT_NAME).read_bytes()
    before = {path: path.stat().st_ino for path in cache.rglob("*")}
    # As a path, which is how a command line gives it.
    assert local_model(Path(f"models:/{NAME}/1")) == folder
    assert {path: path.stat().st_ino for path in cache.rglob("*")} == before
    assert len(list(cache.iterdir())) == 2


def test_a_damaged_cache_is_repaired(cache: Path) -> None:
    """A file that was changed or is gone is fetched again; the others of the folder stay."""
    folder = local_model(ALIAS)
    (folder / "mine.txt").write_text("notes")
    graph, table = folder / "saved_model.pb", folder / SPLIT_NAME
    content = graph.read_bytes()
    graph.write_bytes(content[:-1])
    table.unlink()
    assert local_model(ALIAS) == folder
    assert graph.read_bytes() == content
    assert table.is_file()
    assert (folder / "mine.txt").is_file()
    (record,) = cache.glob("*.json")
    record.write_text("{")
    assert local_model(ALIAS) == folder


def test_predictions_name_the_version_and_follow_the_alias(cache: Path, tmp_path: Path) -> None:
    """After the alias has moved, all are made anew; what a model was trained with is left out."""
    assert not cache.exists()
    make_image(tmp_path / "raw" / "a.png", COLOURS["sand"])
    make_image(tmp_path / "raw" / "b.png", COLOURS["grass"])
    images, table = tmp_path / "raw", tmp_path / "labels.csv"
    settings = PredictSettings(photographs="preprocessed")
    first = predict(ALIAS, images, table, settings)
    assert [row["filepath"] for row in predictions(first)] == ["raw/a.png"]
    (row,) = predictions(first)
    assert row["model"].endswith(f" ({NAME} version 1)")
    assert f"the model is {NAME} version 1 in MLflow" in str(first)
    again = predict(ALIAS, images, table, settings)
    assert (again.counts.ok, again.counts.reused) == (0, 1)
    client = mlflow.MlflowClient()
    client.set_registered_model_alias(NAME, "champion", "2")
    try:
        moved = predict(ALIAS, images, table, settings)
    finally:
        client.set_registered_model_alias(NAME, "champion", "1")
    assert (moved.counts.ok, moved.counts.reused) == (2, 0)
    assert {row["model"][12:] for row in predictions(moved)} == {f" ({NAME} version 2)"}
    assert "predictions of another model" in str(moved)


def test_label_takes_a_registered_model(cache: Path, tmp_path: Path) -> None:
    """The model says how images are preprocessed, as one of a folder does."""
    make_image(tmp_path / "raw" / "cam" / "a.jpg", COLOURS["sand"])
    result = label(tmp_path / "raw", f"models:/{NAME}/2", tmp_path / "out")
    assert result.predicted.labels == {"sand": 1}
    assert len(list(cache.glob("*.json"))) == 1


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("models:/racoons@champion", "There is no registered model racoons in http://.*raccoons"),
        (
            f"models:/{NAME}@best",
            "has no alias best: it has challenger .version 2., champion",
        ),
        (f"models:/{NAME}/9", "has no version 9: it has 1, 2"),
    ],
)
@pytest.mark.usefixtures("cache")
def test_what_there_is_not(address: str, sentence: str) -> None:
    """A model, an alias or a version that there is not: the message names those that there are."""
    with pytest.raises(MissingInputError, match=sentence):
        local_model(address)


@pytest.mark.parametrize(
    "address",
    [
        *("models:/", "models:/raccoons", "models:/a@", "models:/@b", "models:/a/latest"),
        *("models:/a/0", "models:/a/b@c", "models:/a:b@c", "models:/it's/1", "models:/a/1/2"),
        "models:/a@b c",
    ],
)
def test_addresses_that_name_no_version(address: str) -> None:
    """They are an error of the option, without a server."""
    with pytest.raises(SettingError, match="names no version of the model: write models:/NAME@AL"):
        local_model(Path(address))


def _stored(server: Path, version: str, name: str) -> Path:
    """Return the path of a file of a version in the server's store."""
    found = mlflow.MlflowClient().get_model_version("damaged", version)
    identifier = str(found.source).removeprefix("models:/")
    (folder,) = (server / "artifacts").rglob(identifier)
    return folder / "artifacts" / "artifacts" / "model" / name


def test_damaged_artifacts_are_not_used(server: Path, cache: Path) -> None:
    """A file that is cut short or gone in MLflow's store is one sentence, and nothing is kept."""
    number = register_model("damaged", server / "1" / "model", "champion")
    path = _stored(server, number, "variables/variables.data-00000-of-00001")
    content = path.read_bytes()
    for broken in (content[:-1], None):
        if broken is None:
            path.unlink()
        else:
            path.write_bytes(broken)
        with pytest.raises(InputDataError, match="1 of the registered model damaged in http") as e:
            local_model("models:/damaged@champion")
        assert "variables.data-00000-of-00001 is" in str(e.value)
        assert str(cache) not in str(e.value)
        assert list(cache.iterdir()) == []
    path.write_bytes(content)
    split = next((server / "artifacts").rglob(f"{mlflow_run('damaged', number)}/**/{SPLIT_NAME}"))
    split.write_text("digest,part\n")
    with pytest.raises(InputDataError, match=r"its split\.csv is not that which was registered"):
        local_model("models:/damaged@champion")
    shutil.rmtree(path.parents[3])
    with pytest.raises(InputDataError, match="has no files in http"):
        local_model("models:/damaged@champion")


def mlflow_run(name: str, version: str) -> str:
    return str(mlflow.MlflowClient().get_model_version(name, version).run_id)


def test_models_of_others_are_not_used(cache: Path, tmp_path: Path) -> None:
    """A registered model that is not of this project is one sentence, before it is downloaded."""
    (tmp_path / "model.py").write_text(
        "import mlflow\n"
        "class Other(mlflow.pyfunc.PythonModel):\n"
        "    def predict(self, context, model_input): return model_input\n"
        "mlflow.models.set_model(Other())\n"
    )
    with mlflow.start_run() as run:
        path = str(tmp_path / "model.py")
        mlflow.pyfunc.log_model(name=MODEL_NAME, python_model=path, pip_requirements=["numpy"])
    with registry("other") as models:
        models.name_version(models.add(run.info.run_id), "champion")
    with pytest.raises(InputDataError, match=r"Version 1 of .* other was not made by Autofocus"):
        local_model("models:/other@champion")
    assert list(cache.iterdir()) == []


def test_a_server_that_is_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is one sentence; so is a local store that does not exist, which is not created."""
    monkeypatch.chdir(tmp_path)
    before = mlflow.get_tracking_uri()
    try:
        mlflow.set_tracking_uri("http://127.0.0.1:9")
        with pytest.raises(StoreUnavailableError, match=r"127\.0\.0\.1:9"):
            local_model(ALIAS)
        mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
        with pytest.raises(MissingInputError, match="There is no MLflow store sqlite:///"):
            local_model(ALIAS)
    finally:
        mlflow.set_tracking_uri(before)
    assert list(tmp_path.iterdir()) == []


def test_mlflow_that_is_not_installed(tmp_path: Path) -> None:
    """In an environment of `predict` alone, one sentence says what to install, or to give."""
    script = (
        "import sys; sys.modules['mlflow'] = None; "
        "from autofocus.predict import COMMAND; "
        f"sys.exit(COMMAND.main(['--saved_model_dir', '{ALIAS}', '--indir', '.', "
        "'--outpath', 'labels.csv']))"
    )
    make_image(tmp_path / "a.png", COLOURS["sand"])
    told = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, cwd=tmp_path
    )
    assert told.returncode == 5
    assert told.stderr == (
        "autofocus predict: error: The package mlflow is not installed: install it with: pip "
        "install 'autofocus[train]'; models:/raccoons@champion is fetched with it from MLflow. Or "
        "give the folder of a model.\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_the_record_of_a_version_may_be_damaged(cache: Path, tmp_path: Path) -> None:
    """A copy of a fetched model whose record can't be read is one sentence."""
    assert not cache.exists()
    shutil.copytree(local_model(ALIAS), tmp_path / "copy")
    make_image(tmp_path / "raw" / "a.png", COLOURS["sand"])
    record = tmp_path / "copy" / "registered_model.json"
    assert json.loads(record.read_text())["version"] == "1"
    record.write_text("[]")
    with pytest.raises(InputDataError, match=r"registered_model.json can't be read: delete it"):
        predict(tmp_path / "copy", tmp_path / "raw", tmp_path / "labels.csv")
