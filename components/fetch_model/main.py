"""The program inside the image: fetch a registered model from MLflow."""

import os
from dataclasses import asdict

from autofocus.containers.task import Task, main, measure
from autofocus.errors import SettingError
from autofocus.model.registered import read_registered
from autofocus.model.saved_model import digest_model
from autofocus.tracking.fetching import FOLDER_VARIABLE, fetch_model
from autofocus.tracking.model_address import ModelAddress

NAME = "fetch_model"


def fetch(task: Task) -> None:
    """Fetch the version, whose number is that which the alias leads to now."""
    address = ModelAddress.parse(task.parameter("registered_model"), "a registered model")
    if not (uri := task.parameter("mlflow_tracking_uri")):
        raise SettingError("mlflow_tracking_uri is empty: give the address of MLflow's server.")
    os.environ["MLFLOW_TRACKING_URI"] = uri
    # A container has no home folder.
    os.environ[FOLDER_VARIABLE] = str(task.folder)
    model = fetch_model(address, task.parameter("patience", 0.0))
    registered = read_registered(model)
    if registered is None:
        raise TypeError("The fetched model has no record of its version.")
    facts = {
        "registered_model": registered.name,
        "version": registered.version,
        "alias": address.alias,
        "digest": digest_model(model),
    }
    task.output("model", model, {**facts, **asdict(measure(model))})
    print(f"{NAME}: {registered} ({address.short}), {facts['digest']}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main(NAME, fetch))
