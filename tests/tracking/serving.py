"""A real MLflow server, and models in its registry."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow

from autofocus.model.saved_model import digest_model
from autofocus.runs import files
from autofocus.tables.columns import SPLIT_NAME
from autofocus.tracking.experiment import experiment
from autofocus.tracking.registry import MODEL_DIGEST, SPLIT_DIGEST, registry
from tests.predicting.models import make_model

START_WITHIN_S = 300


@contextmanager
def running_server(folder: Path) -> Iterator[str]:
    """Start a server that keeps its runs and artifacts in a folder, and yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, stdout=log, stderr=log, cwd=folder) as process,
    ):
        deadline = time.monotonic() + START_WITHIN_S
        while not _is_healthy(f"http://127.0.0.1:{port}/health"):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
        process.terminate()


@contextmanager
def registered_champion(folder: Path) -> Iterator[Path]:
    """Yield a small model, the champion `raccoons` of a server whose address MLflow has."""
    made = make_model(folder)
    (made / SPLIT_NAME).write_text("digest,part\n")
    with running_server(folder) as address:
        mlflow.set_tracking_uri(address)
        register_model("raccoons", made, "champion")
        yield made
        mlflow.set_tracking_uri(None)  # type: ignore[arg-type]


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except OSError:
        return False


def register_model(name: str, folder: Path, *aliases: str) -> str:
    """Register a model as `retrain` does, and return the number of its version.

    Args:
        name: of the registered model.
        folder: of the model, with the table of its split.
        aliases: those to give to the version.
    """
    with experiment(None, name) as run:
        run.log_results({}, [folder / SPLIT_NAME])
        run.log_model(folder)
    with registry(name) as models:
        version = models.add(run.run_id)
        digests = {
            MODEL_DIGEST: digest_model(folder),
            SPLIT_DIGEST: files.digest_file(folder / SPLIT_NAME),
        }
        models.tag(version, digests)
        for alias in aliases:
            models.name_version(version, alias)
    return version.number
