"""Claims about the model as MLflow runs it: in Python, and behind MLflow's own server."""

import base64
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import pandas as pd
import pytest

from autofocus.serving.pyfunc import ImageModel
from autofocus.tracking.experiment import experiment
from tests.predicting.models import make_image, make_model

START_WITHIN_S = 120


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model and an image."""
    folder = tmp_path_factory.mktemp("pyfunc")
    make_model(folder, thresholds={"grass": 0.5, "night": 0.5, "sand": 0.5})
    make_image(folder / "sand.jpg", (200, 170, 110))
    return folder


def load(folder: Path) -> ImageModel:
    model = ImageModel()
    model.load_context(SimpleNamespace(artifacts={"model": str(folder / "model")}))
    return model


def test_an_image_is_bytes_base64_or_a_path(folder: Path) -> None:
    """All are the same image, and a broken one is a row among the others."""
    path = folder / "sand.jpg"
    content = path.read_bytes()
    images = [
        content,
        bytearray(content),
        base64.b64encode(content).decode(),
        base64.encodebytes(content).decode(),
        path,
        str(path),
        b"",
    ]
    table = load(folder).predict(None, pd.DataFrame({"image": images}))
    assert table["label"].tolist() == ["sand"] * 6 + [""]
    assert table["status"].tolist() == ["ok"] * 6 + ["empty_file"]
    assert table["decision"].tolist() == ["accept"] * 6 + [""]
    assert table["score"][:6].nunique() == 1


def test_no_path_is_taken_from_a_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What MLflow's server passes on can't make it read a file."""
    monkeypatch.setenv("_MLFLOW_IS_IN_SERVING_ENVIRONMENT", "true")
    table = load(folder).predict(None, pd.DataFrame({"image": [str(folder / "sand.jpg")]}))
    assert table["status"].tolist() == ["empty_file"]


def test_mlflow_serves_the_logged_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`mlflow models serve` answers a request with an image in base64, by the logged code."""
    monkeypatch.chdir(folder)
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    with experiment(None, "served") as run:
        run.log_model(folder / "model")
    mlflow.set_tracking_uri(None)  # type: ignore[arg-type]
    (logged,) = folder.glob("mlruns/*/models/*/artifacts")
    requirements = (logged / "requirements.txt").read_text("utf-8").splitlines()
    assert {line.partition("==")[0] for line in requirements} == {
        "mlflow", "tensorflow", "numpy", "pandas", "Pillow", "tqdm",
    }  # fmt: skip
    assert all("==" in line for line in requirements)
    image = base64.b64encode((folder / "sand.jpg").read_bytes()).decode()
    answer = ask_server(logged, {"dataframe_records": [{"image": image}, {"image": ""}]})
    good, broken = answer["predictions"]
    assert (good["label"], good["decision"], good["status"]) == ("sand", "accept", "ok")
    assert (broken["label"], broken["score"], broken["status"]) == ("", None, "empty_file")


def ask_server(logged: Path, content: dict[str, Any]) -> Any:
    """Start MLflow's server on a logged model, without this package's path, and ask it once."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["models", "serve", "--env-manager", "local", "-m", str(logged), "-p", str(port)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    with subprocess.Popen(
        [sys.executable, "-m", "mlflow", *words, "-w", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=logged,
        start_new_session=True,
    ) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until(f"{url}/health", process)
            request = urllib.request.Request(  # noqa: S310 - our own address
                f"{url}/invocations",
                json.dumps(content).encode(),
                {"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - likewise
                return json.load(answer)
        finally:
            os.killpg(process.pid, 15)


def wait_until(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own address
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("MLflow's server does not start.")
