"""The pipeline `label` with a registered model of MLflow, by an alias such as `champion`."""

from typing import Any

from components.fetch_model.component import fetch_model
from pipelines.label import build
from pipelines.settings import MLFLOW_SECRET
from pipelines.tasks import equip, with_mlflow
from pipelines.wiring import Arguments, start

NAME = "autofocus-label-registered"
SUMMARY = (
    "Label the images of a bucket with a registered model, and upload one table of labels to it."
)


def label_registered() -> Any:
    """Return the pipeline, with the images as they are named now."""
    return build(NAME, SUMMARY, (fetch_model,), (MLFLOW_SECRET,), _fetch_model)


def _fetch_model(arguments: Arguments) -> Any:
    fetched = with_mlflow(
        equip(start(fetch_model, arguments), arguments), arguments["mlflow_secret"]
    )
    # The alias may have moved since.
    fetched.set_caching_options(enable_caching=False)
    return fetched.outputs["model"]
