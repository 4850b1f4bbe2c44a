"""One training as a run in MLflow.

Where the runs are kept is MLflow's own affair: `MLFLOW_TRACKING_URI` if it is set, else MLflow's
default local store in the current folder.
"""

import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from autofocus.common.errors import StoreError, need
from autofocus.learning.classifier import Exportable
from autofocus.learning.runtime import tensorflow

EXPERIMENT = "autofocus"
MODEL_NAME = "model"
# MLflow takes at most so many metrics in one call.
_BATCH = 1000


class Experiment:
    """A run in MLflow that is under way.

    Attributes:
        run_id: its identity.
        tracking_uri: where it is kept.
    """

    def __init__(self, run_id: str, tracking_uri: str) -> None:
        self.run_id = run_id
        self.tracking_uri = tracking_uri
        self._mlflow = need("mlflow", "train")

    def log_parameters(self, parameters: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        """Keep the settings, and what tells the data and the backbone apart."""
        self._mlflow.log_params(parameters)
        self._mlflow.set_tags(tags)

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
            client.log_batch(self.run_id, metrics=metrics[start : start + _BATCH])

    def log_results(self, metrics: Mapping[str, float], files: Sequence[Path]) -> None:
        """Keep final figures and files."""
        self._mlflow.log_metrics(metrics)
        for path in files:
            self._mlflow.log_artifact(str(path))

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
        self._mlflow.tensorflow.log_model(
            model.module,
            name=MODEL_NAME,
            signature=signature,
            input_example=example,
            saved_model_kwargs={"signatures": model.signatures},
            # Given, as finding them out would load the model in a process of its own.
            pip_requirements=[f"tensorflow=={tf.__version__}", f"numpy=={np.__version__}"],
        )


@contextmanager
def experiment(run_id: str | None, run_name: str) -> Iterator[Experiment]:
    """Begin a run in MLflow, or go on with one that was interrupted.

    Args:
        run_id: the interrupted run, if there is one.
        run_name: what people see.

    Yields:
        The run; it is marked as failed if the body raises, as finished otherwise.

    Raises:
        StoreError: the tracking server can't be used.
    """
    mlflow = need("mlflow", "train")
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    uri = mlflow.get_tracking_uri()
    try:
        with _few_retries():
            mlflow.set_experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT))
            run = mlflow.start_run(run_id=_known(mlflow, run_id), run_name=run_name)
    except mlflow.exceptions.MlflowException as error:
        first_line = (str(error).splitlines() or [""])[0][:200]
        raise StoreError(
            f"The MLflow tracking store {uri} can't be used ({first_line}): "
            "check MLFLOW_TRACKING_URI and that the server is up."
        ) from None
    with run:
        yield Experiment(run.info.run_id, uri)


def _known(mlflow: Any, run_id: str | None) -> str | None:
    """Return the run's identity if the store knows it and it has not been deleted."""
    if run_id is None:
        return None
    try:
        run = mlflow.get_run(run_id)
    except mlflow.exceptions.MlflowException:
        return None
    return run_id if run.info.lifecycle_stage == "active" else None


@contextmanager
def _few_retries() -> Iterator[None]:
    """Let a server out of reach be told within seconds, not minutes."""
    name = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
    if name in os.environ:
        yield
        return
    os.environ[name] = "1"
    try:
        yield
    finally:
        del os.environ[name]
