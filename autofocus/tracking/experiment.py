"""One training as a run in MLflow.

Where the runs are kept is MLflow's own affair: `MLFLOW_TRACKING_URI` if it is set, else MLflow's
default local store in the current folder.
"""

import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from autofocus.errors import need
from autofocus.features.runtime import tensorflow
from autofocus.model.classifier import Exportable
from autofocus.tracking.server import TrackingServer, is_transient

EXPERIMENT = "autofocus"
MODEL_NAME = "model"
# MLflow takes at most so many metrics in one call.
_BATCH = 1000


class Experiment:
    """A run in MLflow that is under way.

    All that is logged is retried while MLflow's server is unavailable.

    Attributes:
        run_id: its identity.
        tracking_uri: where it is kept.
    """

    def __init__(self, run_id: str, server: TrackingServer) -> None:
        self.run_id = run_id
        self.tracking_uri = server.uri
        self._server = server
        self._mlflow = need("mlflow", "train")

    def log_parameters(self, parameters: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        """Keep the settings, and what tells the data and the backbone apart."""
        self._server.call(lambda: self._mlflow.log_params(parameters))
        self._server.call(lambda: self._mlflow.set_tags(tags))

    def log_history(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Keep what was measured while training, by step."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics = [
            Metric(key, value, timestamp=now, step=int(row["step"]))
            for row in rows
            for key, value in row.items()
            if key != "step"
        ]
        client = self._mlflow.MlflowClient()
        for start in range(0, len(metrics), _BATCH):
            batch = metrics[start : start + _BATCH]
            self._server.call(partial(client.log_batch, self.run_id, metrics=batch))

    def log_results(self, metrics: Mapping[str, float], files: Sequence[Path]) -> None:
        """Keep final figures and files."""
        # With its time, so that what is logged again after a lost answer is the same.
        now = int(time.time() * 1000)
        self._server.call(lambda: self._mlflow.log_metrics(metrics, timestamp=now))
        for path in files:
            self._server.call(partial(self._mlflow.log_artifact, str(path)))

    def log_model(self, model: Exportable, classes: int) -> None:
        """Keep the model with its signature and an input example (a grey ramp)."""
        tf = tensorflow()
        from mlflow.models import ModelSignature
        from mlflow.types import Schema, TensorSpec

        ramp = np.linspace(0, 1, model.shape[-2], dtype=np.float32).round(3)
        example = np.broadcast_to(ramp[:, None], (1, *model.shape)).copy()
        signature = ModelSignature(
            inputs=Schema([TensorSpec(np.dtype(np.float32), (-1, *model.shape))]),
            outputs=Schema([TensorSpec(np.dtype(np.float32), (-1, classes))]),
        )
        attempts = count()

        def log() -> None:
            if next(attempts):
                self._delete_models()
            self._mlflow.tensorflow.log_model(
                model.module,
                name=MODEL_NAME,
                signature=signature,
                input_example=example,
                saved_model_kwargs={"signatures": model.signatures},
                # Given, as finding them out would load the model in a process of its own.
                pip_requirements=[f"tensorflow=={tf.__version__}", f"numpy=={np.__version__}"],
            )

        self._server.call(log)

    def _delete_models(self) -> None:
        """Delete what a failed attempt may have left, so that the run has one model."""
        client = self._mlflow.MlflowClient()
        run = client.get_run(self.run_id)
        for model in client.search_logged_models(
            [run.info.experiment_id], filter_string=f"source_run_id = '{self.run_id}'"
        ):
            client.delete_logged_model(model.model_id)


@contextmanager
def experiment(run_id: str | None, run_name: str, patience: float = 0.0) -> Iterator[Experiment]:
    """Begin a run in MLflow, or go on with one that was interrupted.

    Args:
        run_id: the interrupted run, if there is one.
        run_name: what people see.
        patience: how long to keep retrying while MLflow's server is unavailable, in seconds; a
            store on this machine is never retried.

    Yields:
        The run; it is marked as failed if the body raises, as finished otherwise.

    Raises:
        StoreUnavailableError: the tracking server was unavailable for too long.
        StoreError: it can't be used.
    """
    mlflow = need("mlflow", "train")
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    server = TrackingServer(mlflow.get_tracking_uri(), patience)
    # Where we retry, MLflow need not.
    with _mlflow_retries(0 if patience else 1):
        known = server.call(lambda: _start(mlflow, run_id, run_name))
        try:
            yield Experiment(known, server)
        except BaseException:
            # That counts, also where MLflow can't be told any more.
            with suppress(Exception):
                mlflow.end_run("FAILED")
            raise
        server.call(lambda: _finish(mlflow, known))


def _start(mlflow: Any, run_id: str | None, run_name: str) -> str:
    mlflow.set_experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT))
    run = mlflow.start_run(run_id=_known(mlflow, run_id), run_name=run_name)
    return str(run.info.run_id)


def _finish(mlflow: Any, run_id: str) -> None:
    if mlflow.active_run():
        mlflow.end_run()
    else:
        # A failed attempt has ended it here, but not on the server.
        mlflow.MlflowClient().set_terminated(run_id)


def _known(mlflow: Any, run_id: str | None) -> str | None:
    """Return the run's identity if the store knows it and it has not been deleted."""
    if run_id is None:
        return None
    try:
        run = mlflow.get_run(run_id)
    except mlflow.exceptions.MlflowException as error:
        if is_transient(error):
            raise
        return None
    return run_id if run.info.lifecycle_stage == "active" else None


@contextmanager
def _mlflow_retries(number: int) -> Iterator[None]:
    """Let MLflow report a server that is unavailable within seconds, not minutes."""
    name = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
    if name in os.environ:
        yield
        return
    os.environ[name] = str(number)
    try:
        yield
    finally:
        del os.environ[name]
